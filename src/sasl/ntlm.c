/* ntlm.c: NTLM version 2 (MS-NLMP), the client's side; authentication only, neither signing nor
 * sealing. libgsasl's NTLM is version 1, DES with a key of the bare password hash, which servers of
 * today refuse.
 *
 *     C: type 1: what we can
 *     S: type 2: 8 bytes of challenge, the domain, facts about the server (AV pairs)
 *     C: type 3: user, domain, HMAC-MD5 over challenge, time, our 8 bytes and those facts, keyed by
 * the password's hash
 */
#include "sasl/md4.h"
#include "sasl/mech.h"
#include "sasl/ntlm_parse.h"

#include "base/digest.h"

#include <string.h>

#define MD5_SIZE 16
/* Lengths are told in 16 bits, and a letter takes two octets. */
#define NAME_MAX_OCTETS 8000
/* Between the epochs of Windows (1601) and of Unix, in seconds. */
#define WINDOWS_EPOCH 11644473600

static void append_u16(GByteArray *out, size_t value)
{
    uint16_t le = GUINT16_TO_LE((uint16_t)value);
    g_byte_array_append(out, (const guint8 *)&le, sizeof(le));
}

static void append_u32(GByteArray *out, size_t value)
{
    uint32_t le = GUINT32_TO_LE((uint32_t)value);
    g_byte_array_append(out, (const guint8 *)&le, sizeof(le));
}

static void append_header(GByteArray *out, unsigned type)
{
    g_byte_array_append(out, (const guint8 *)NTLM_SIGNATURE, sizeof(NTLM_SIGNATURE));
    append_u32(out, type);
}

/* Length, room, offset. */
static void append_field(GByteArray *out, size_t len, size_t *offset)
{
    append_u16(out, len);
    append_u16(out, len);
    append_u32(out, *offset);
    *offset += len;
}

static Secret *type_1(void)
{
    g_autoptr(GByteArray) out = g_byte_array_new();
    size_t end = 32;
    append_header(out, 1);
    append_u32(out, NTLM_UNICODE | NTLM_OEM | NTLM_REQUEST_TARGET | NTLM_NTLM | NTLM_ALWAYS_SIGN |
                        NTLM_EXTENDED_SECURITY);
    append_field(out, 0,
                 &end); /* domain and workstation: nobody's business before the server's turn */
    append_field(out, 0, &end);
    return secret_new(out->data, out->len);
}

/* UTF-16LE. What is not UTF-8 is taken for ISO 8859-1. Room for all is made at once: this may be a
 * password. */
static GByteArray *utf16(Bytes text, bool upper)
{
    GByteArray *out = g_byte_array_sized_new((guint)(2 * text.len + 2));
    bool utf8 = text.len > 0 && g_utf8_validate(text.data, (gssize)text.len, NULL);
    for (size_t i = 0; i < text.len;) {
        const char *c = text.data + i;
        gunichar u = utf8 ? g_utf8_get_char(c) : (unsigned char)*c;
        i += utf8 ? (size_t)(g_utf8_next_char(c) - c) : 1;
        if (upper) {
            u = g_unichar_toupper(u);
        }
        if (u > 0xffff) {
            append_u16(out, 0xd800 + ((u - 0x10000) >> 10));
            u = 0xdc00 + ((u - 0x10000) & 0x3ff);
        }
        append_u16(out, u);
    }
    return out;
}

static void append_array(GByteArray *out, const GByteArray *more)
{
    g_byte_array_append(out, more->data, more->len);
}

/* NTOWFv2: HMAC-MD5(MD4(password), USER + domain), all in UTF-16LE. */
static void password_hash(const Secret *password, const char *user, const char *domain,
                          uint8_t out[DIGEST_MAX])
{
    g_autoptr(GByteArray) text = utf16(secret_reveal(password), false);
    uint8_t md4[MD4_SIZE];
    md4_compute(bytes_of_array(text), md4);
    secret_wipe(text->data, text->len);

    g_autoptr(GByteArray) who = utf16(bytes_of(user), true);
    g_autoptr(GByteArray) where = utf16(bytes_of(domain), false);
    append_array(who, where);
    digest_hmac(DIGEST_MD5, (Bytes){(const char *)md4, sizeof(md4)}, bytes_of_array(who), out);
    secret_wipe(md4, sizeof(md4));
}

typedef struct {
    uint8_t challenge[8]; /* ours */
    uint64_t time;        /* 100 ns since 1601 */
    bool servers_time;    /* it came from the server: then the old LM response is left empty
                             (3.1.5.1.2) */
} NtlmTerms;

static void choose_terms(const SaslClient *client, const NtlmChallenge *c, NtlmTerms *t)
{
    Bytes rest = c->target_info, value;
    uint16_t id;
    *t = (NtlmTerms){.time = (uint64_t)(g_get_real_time() + WINDOWS_EPOCH * G_USEC_PER_SEC) * 10};
    while (ntlm_av_pair(&rest, &id, &value)) {
        if (id == NTLM_AV_TIMESTAMP && value.len == 8) {
            t->time = ntlm_u32(value, 0) | (uint64_t)ntlm_u32(value, 4) << 32;
            t->servers_time = true;
        }
    }
    digest_random(t->challenge, sizeof(t->challenge));
    const char *fixed = client->params.fixed_nonce;
    if (fixed && strlen(fixed) == sizeof(t->challenge)) {
        memcpy(t->challenge, fixed,
               sizeof(t->challenge)); /* the specification's examples: and the time is 0 */
        t->time = t->servers_time ? t->time : 0;
    }
}

static GByteArray *nt_response(const uint8_t *key, const NtlmChallenge *c, const NtlmTerms *t)
{
    g_autoptr(GByteArray) blob = g_byte_array_new();
    static const guint8 start[8] = {1, 1}, nothing[4] = {0};
    g_byte_array_append(blob, start, sizeof(start));
    append_u32(blob, t->time & 0xffffffff);
    append_u32(blob, t->time >> 32);
    g_byte_array_append(blob, t->challenge, sizeof(t->challenge));
    g_byte_array_append(blob, nothing, sizeof(nothing));
    if (c->target_info.len > 0) {
        g_byte_array_append(blob, (const guint8 *)c->target_info.data, (guint)c->target_info.len);
    } else {
        g_byte_array_append(blob, nothing, sizeof(nothing)); /* the end mark of an empty list */
    }
    g_byte_array_append(blob, nothing, sizeof(nothing));

    g_autoptr(GByteArray) hashed = g_byte_array_new();
    g_byte_array_append(hashed, c->challenge, sizeof(c->challenge));
    append_array(hashed, blob);
    uint8_t proof[DIGEST_MAX];
    digest_hmac(DIGEST_MD5, (Bytes){(const char *)key, MD5_SIZE}, bytes_of_array(hashed), proof);
    GByteArray *response = g_byte_array_new();
    g_byte_array_append(response, proof, MD5_SIZE);
    append_array(response, blob);
    return response;
}

static GByteArray *lm_response(const uint8_t *key, const NtlmChallenge *c, const NtlmTerms *t)
{
    GByteArray *response = g_byte_array_new();
    uint8_t both[16], proof[DIGEST_MAX] = {0};
    memcpy(both, c->challenge, 8);
    memcpy(both + 8, t->challenge, 8);
    if (!t->servers_time) {
        digest_hmac(DIGEST_MD5, (Bytes){(const char *)key, MD5_SIZE},
                    (Bytes){(const char *)both, sizeof(both)}, proof);
    }
    g_byte_array_append(response, proof, MD5_SIZE);
    g_byte_array_append(response, t->servers_time ? proof : t->challenge, 8);
    return response;
}

/* "DOMAIN\user" says both; a user principal name ("user@example.org") needs no domain; else
 * --realm, else what the server calls itself. The caller frees both. */
static void split_user(const SaslClient *client, const NtlmChallenge *c, char **ret_user,
                       char **ret_domain)
{
    const char *user = sasl_user(client);
    const char *backslash = strchr(user, '\\');
    *ret_user = g_strdup(backslash ? backslash + 1 : user);
    if (client->params.realm) {
        *ret_domain = g_strdup(client->params.realm);
    } else if (backslash) {
        *ret_domain = g_strndup(user, (gsize)(backslash - user));
    } else if (strchr(user, '@')) {
        *ret_domain = g_strdup("");
    } else {
        *ret_domain = ntlm_text(c->target, c->flags & NTLM_UNICODE);
    }
}

static GByteArray *wire_text(const char *text, bool unicode)
{
    if (unicode) {
        return utf16(bytes_of(text), false);
    }
    GByteArray *out = g_byte_array_new();
    g_byte_array_append(out, (const guint8 *)text, (guint)strlen(text));
    return out;
}

static Secret *type_3(const SaslClient *client, const NtlmChallenge *c)
{
    g_autofree char *user = NULL, *domain = NULL;
    bool unicode = c->flags & NTLM_UNICODE;
    split_user(client, c, &user, &domain);
    NtlmTerms terms;
    choose_terms(client, c, &terms);
    uint8_t key[DIGEST_MAX];
    password_hash(client->params.password, user, domain, key);
    g_autoptr(GByteArray) lm = lm_response(key, c, &terms);
    g_autoptr(GByteArray) nt = nt_response(key, c, &terms);
    secret_wipe(key, sizeof(key));
    g_autoptr(GByteArray) user_text = wire_text(user, unicode);
    g_autoptr(GByteArray) domain_text = wire_text(domain, unicode);

    g_autoptr(GByteArray) out = g_byte_array_new();
    const size_t fixed_part = 64;
    size_t end = fixed_part + domain_text->len + user_text->len;
    append_header(out, 3);
    append_field(out, lm->len, &end);
    append_field(out, nt->len, &end);
    size_t texts = fixed_part;
    append_field(out, domain_text->len, &texts);
    append_field(out, user_text->len, &texts);
    append_field(out, 0, &texts); /* workstation */
    append_field(out, 0, &end);   /* session key */
    append_u32(out, (unicode ? NTLM_UNICODE : NTLM_OEM) | NTLM_NTLM | NTLM_ALWAYS_SIGN |
                        (c->flags & NTLM_EXTENDED_SECURITY) | (c->flags & NTLM_TARGET_INFO));
    append_array(out, domain_text);
    append_array(out, user_text);
    append_array(out, lm);
    append_array(out, nt);
    return secret_new(out->data, out->len);
}

static bool ntlm_start(SaslClient *client, GError **error)
{
    const SaslParams *p = &client->params;
    if (strlen(sasl_user(client)) > NAME_MAX_OCTETS ||
        (p->realm && strlen(p->realm) > NAME_MAX_OCTETS)) {
        return error_fail(error, POSTERN_ERROR_AUTH,
                          "the user or domain name is too long for NTLM");
    }
    return true;
}

static Secret *ntlm_step(SaslClient *client, const SaslInput *in, GError **error)
{
    if (client->steps == 0) {
        return type_1(); /* some servers ask for it with words ("NTLM supported") instead of an
                            empty challenge */
    }
    if (client->steps > 1) {
        return sasl_nothing_more(client, error);
    }
    NtlmChallenge challenge;
    return ntlm_parse_challenge(in->challenge, &challenge, error) ? type_3(client, &challenge)
                                                                  : NULL;
}

const SaslRunner sasl_run_ntlm = {.start = ntlm_start, .step = ntlm_step};
