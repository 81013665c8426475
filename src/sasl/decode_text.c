/* decode_text.c: recognisers for the mechanisms whose messages are text. */
#include "sasl/decode_rows.h"

#include "base/escape.h"
#include "sasl/digest_parse.h"
#include "sasl/oauth_error.h"
#include "sasl/scram_parse.h"

#include <string.h>

/* --- the GS2 header: "n,a=joe," (RFC 5801 section 4) --- */

typedef struct {
    Bytes binding; /* "n", "y", "p=tls-exporter" */
    Bytes authzid; /* still with =2C */
} Gs2;

static bool take_to_comma(Bytes *rest, Bytes *ret)
{
    gssize comma = bytes_index(*rest, ',');
    if (comma < 0) {
        return false;
    }
    *ret = bytes_sub(*rest, 0, (size_t)comma);
    *rest = bytes_sub(*rest, (size_t)comma + 1, SIZE_MAX);
    return true;
}

static bool take_gs2(Bytes *rest, Gs2 *ret)
{
    Bytes authzid;
    if (!take_to_comma(rest, &ret->binding) || !take_to_comma(rest, &authzid)) {
        return false;
    }
    bool known = bytes_equal(ret->binding, BYTES_LITERAL("n")) ||
                 bytes_equal(ret->binding, BYTES_LITERAL("y")) || bytes_starts(ret->binding, "p=");
    ret->authzid = bytes_starts(authzid, "a=") ? bytes_sub(authzid, 2, SIZE_MAX) : BYTES_NONE;
    return known && (authzid.len == 0 || bytes_starts(authzid, "a="));
}

/* =2C and =3D back to what they stand for. The caller frees it. */
static GString *unescaped_name(Bytes name)
{
    GString *out = g_string_new_len(name.data ? name.data : "", (gssize)name.len);
    g_string_replace(out, "=2C", ",", 0);
    g_string_replace(out, "=3D", "=", 0);
    return out;
}

static void name_field(Decoding *d, const char *label, Bytes name)
{
    g_autoptr(GString) plain = unescaped_name(name);
    decode_field(d, label, bytes_of_string(plain), false);
}

static void gs2_fields(Decoding *d, const Gs2 *gs2)
{
    if (bytes_starts(gs2->binding, "p=")) {
        decode_field(d, "channel binding", bytes_sub(gs2->binding, 2, SIZE_MAX), false);
    } else if (bytes_equal(gs2->binding, BYTES_LITERAL("y"))) {
        decode_fieldf(d, "channel binding", "y (could, but saw no -PLUS offered)");
    } else {
        decode_fieldf(d, "channel binding", "none");
    }
    if (gs2->authzid.len > 0) {
        name_field(d, "act as", gs2->authzid);
    }
}

/* --- SCRAM (RFC 5802 section 7) --- */

bool decode_scram_client_first(Decoding *d)
{
    Bytes rest = d->raw, user, nonce;
    Gs2 gs2;
    char name;
    if (!take_gs2(&rest, &gs2) || !scram_attribute(&rest, &name, &user) || name != 'n' ||
        !scram_attribute(&rest, &name, &nonce) || name != 'r') {
        return false;
    }
    gs2_fields(d, &gs2);
    name_field(d, "user", user);
    decode_field(d, "nonce", nonce, false);
    return decode_step(d, "client first message");
}

bool decode_scram_server_first(Decoding *d)
{
    ScramServerFirst first;
    if (!scram_parse_server_first(d->raw, &first, NULL)) {
        return false;
    }
    decode_field(d, "nonce", first.nonce, false);
    decode_field(d, "salt", first.salt, false);
    decode_fieldf(d, "iterations", "%u%s", first.iterations,
                  first.iterations < 4096 ? " (fewer than the 4096 that RFC 7677 wants)" : "");
    return decode_step(d, "server first message");
}

bool decode_scram_client_final(Decoding *d)
{
    Bytes rest = d->raw, bound, nonce, proof;
    char name;
    if (!scram_attribute(&rest, &name, &bound) || name != 'c' ||
        !scram_attribute(&rest, &name, &nonce) || name != 'r' ||
        !scram_attribute(&rest, &name, &proof) || name != 'p') {
        return false;
    }
    g_autoptr(GByteArray) header = bytes_base64_decode(bound);
    Bytes left = header ? bytes_of_array(header) : BYTES_NONE;
    Gs2 gs2;
    if (take_gs2(&left, &gs2)) {
        gs2_fields(d, &gs2);
    }
    if (left.len > 0) {
        g_autofree char *hex = bytes_hex(left);
        decode_field(d, "bound to", bytes_of(hex), false);
    }
    decode_field(d, "nonce", nonce, false);
    decode_field(d, "proof", proof, true);
    return decode_step(d, "client final message");
}

static bool is_proof(Bytes base64)
{
    g_autoptr(GByteArray) raw = bytes_base64_decode(base64);
    return raw && (raw->len == 20 || raw->len == 32 || raw->len == 64);
}

bool decode_scram_server_final(Decoding *d)
{
    ScramServerFinal final;
    if (!scram_parse_server_final(d->raw, &final, NULL)) {
        return false;
    }
    const ScramErrorWords *words = scram_error_words(final.error);
    if (final.error.len > 0 && (d->hint || words->name)) {
        decode_field(d, "error", final.error, false);
        d->out->error_words = g_strdup(words->words);
        return decode_step(d, "server's refusal");
    }
    if (final.verifier.len > 0 && (d->hint || is_proof(final.verifier))) {
        decode_field(d, "server's proof", final.verifier, false);
        return decode_step(d, "server final message");
    }
    return false;
}

/* --- DIGEST-MD5 (RFC 2831) --- */

static bool has_directive(Bytes list, const char *wanted)
{
    g_autoptr(GString) value = g_string_new(NULL);
    Bytes name;
    bool malformed;
    while (digest_directive(&list, &name, value, &malformed)) {
        if (bytes_equal_ci(name, wanted)) {
            return true;
        }
    }
    return false;
}

static bool directive_fields(Decoding *d, const char *step)
{
    g_autoptr(GString) value = g_string_new(NULL);
    Bytes rest = d->raw, name;
    bool malformed;
    while (digest_directive(&rest, &name, value, &malformed)) {
        g_autofree char *label = bytes_dup(name);
        decode_field(d, label, bytes_of_string(value), bytes_equal_ci(name, "response"));
    }
    return decode_step(d, step);
}

bool decode_digest_challenge(Decoding *d)
{
    bool likely = has_directive(d->raw, "nonce") && !has_directive(d->raw, "response") &&
                  (has_directive(d->raw, "qop") || has_directive(d->raw, "algorithm") ||
                   has_directive(d->raw, "realm"));
    return likely && directive_fields(d, "server challenge");
}

bool decode_digest_response(Decoding *d)
{
    bool likely = has_directive(d->raw, "username") && has_directive(d->raw, "response");
    return likely && directive_fields(d, "client response");
}

bool decode_digest_rspauth(Decoding *d)
{
    return bytes_starts_ci(bytes_trim(d->raw), "rspauth=") && directive_fields(d, "server's proof");
}

/* --- OAuth --- */

bool decode_oauth_error(Decoding *d)
{
    if (!oauth_error_is(d->raw)) {
        return false;
    }
    static const char *const members[] = {"status", "schemes", "scope", "openid-configuration",
                                          "error_description"};
    for (size_t i = 0; i < G_N_ELEMENTS(members); i++) {
        g_autofree char *value = oauth_error_member(d->raw, members[i]);
        if (value) {
            decode_field(d, members[i], bytes_of(value), false);
        }
    }
    d->out->error_words = oauth_error_words(d->raw);
    return decode_step(d, "server's refusal");
}

/* "name=value" up to ^A; false at the end. */
static bool take_pair(Bytes *rest, Bytes *ret_name, Bytes *ret_value)
{
    gssize end = bytes_index(*rest, '\001');
    Bytes pair = end < 0 ? *rest : bytes_sub(*rest, 0, (size_t)end);
    gssize equals = bytes_index(pair, '=');
    if (equals <= 0) {
        return false;
    }
    *ret_name = bytes_sub(pair, 0, (size_t)equals);
    *ret_value = bytes_sub(pair, (size_t)equals + 1, SIZE_MAX);
    *rest = bytes_sub(*rest, pair.len + 1, SIZE_MAX);
    return true;
}

static void pair_fields(Decoding *d, Bytes rest)
{
    Bytes name, value;
    while (take_pair(&rest, &name, &value)) {
        bool is_token = bytes_equal_ci(name, "auth");
        if (is_token && bytes_starts_ci(value, "Bearer ")) {
            decode_field(d, "token", bytes_sub(value, strlen("Bearer "), SIZE_MAX), true);
            continue;
        }
        g_autofree char *label = bytes_dup(name);
        decode_field(d, label, value, is_token);
    }
}

bool decode_oauthbearer(Decoding *d)
{
    Bytes rest = d->raw;
    Gs2 gs2;
    if (bytes_equal(d->raw, BYTES_LITERAL("\001"))) {
        return decode_step(d, "client's word that it has read the refusal");
    }
    if (!take_gs2(&rest, &gs2) || !bytes_starts(rest, "\001")) {
        return false;
    }
    if (gs2.authzid.len > 0) {
        name_field(d, "user", gs2.authzid);
    }
    pair_fields(d, bytes_sub(rest, 1, SIZE_MAX));
    return decode_step(d, "initial response");
}

bool decode_xoauth2(Decoding *d)
{
    if (!bytes_starts(d->raw, "user=") || bytes_index(d->raw, '\001') < 0) {
        return false;
    }
    pair_fields(d, d->raw);
    return decode_step(d, "initial response");
}

/* --- CRAM-MD5, PLAIN, LOGIN --- */

bool decode_cram_challenge(Decoding *d)
{
    Bytes text = bytes_trim(d->raw);
    bool likely = bytes_starts(text, "<") && text.len > 2 && text.data[text.len - 1] == '>' &&
                  bytes_index(text, '@') > 0;
    if (!likely && !d->hint) {
        return false;
    }
    decode_field(d, "challenge", d->raw, false);
    return decode_step(d, "server challenge");
}

static bool is_hex(Bytes b)
{
    for (size_t i = 0; i < b.len; i++) {
        if (!g_ascii_isxdigit(b.data[i])) {
            return false;
        }
    }
    return true;
}

bool decode_cram_response(Decoding *d)
{
    const size_t digits = 32;
    if (d->raw.len < digits + 2 || d->raw.data[d->raw.len - digits - 1] != ' ') {
        return false;
    }
    Bytes digest = bytes_sub(d->raw, d->raw.len - digits, digits);
    if (!is_hex(digest)) {
        return false;
    }
    decode_field(d, "user", bytes_sub(d->raw, 0, d->raw.len - digits - 1), false);
    decode_field(d, "digest", digest, true);
    return decode_step(d, "client response");
}

bool decode_plain(Decoding *d)
{
    gssize first = bytes_index(d->raw, '\0');
    if (first < 0) {
        return false;
    }
    Bytes rest = bytes_sub(d->raw, (size_t)first + 1, SIZE_MAX);
    gssize second = bytes_index(rest, '\0');
    Bytes password = second < 0 ? BYTES_NONE : bytes_sub(rest, (size_t)second + 1, SIZE_MAX);
    if (second < 0 || (!d->hint && (second == 0 || bytes_index(password, '\0') >= 0))) {
        return false;
    }
    if (first > 0) {
        decode_field(d, "act as", bytes_sub(d->raw, 0, (size_t)first), false);
    }
    decode_field(d, "user", bytes_sub(rest, 0, (size_t)second), false);
    decode_field(d, "password", password, true);
    return decode_step(d, "initial response");
}

bool decode_login_prompt(Decoding *d)
{
    static const char *const user_prompts[] = {"username", "user name", "user:",     "user",
                                               "login",    "login:",    "username:", "user name:"};
    static const char *const password_prompts[] = {"password", "password:", "pass:", "pass",
                                                   "passcode:"};
    Bytes prompt = bytes_trim(d->raw);
    for (size_t i = 0; prompt.len > 0 && prompt.data[prompt.len - 1] == '\0' && i < 1; i++) {
        prompt =
            bytes_sub(prompt, 0, prompt.len - 1); /* some send the NUL of their C string along */
    }
    for (size_t i = 0; i < G_N_ELEMENTS(user_prompts); i++) {
        if (bytes_equal_ci(prompt, user_prompts[i])) {
            decode_field(d, "prompt", d->raw, false);
            return decode_step(d, "server asks for the user name");
        }
    }
    for (size_t i = 0; i < G_N_ELEMENTS(password_prompts); i++) {
        if (bytes_equal_ci(prompt, password_prompts[i])) {
            decode_field(d, "prompt", d->raw, false);
            return decode_step(d, "server asks for the password");
        }
    }
    return false;
}
