/* decode_tokens.c: recognisers for binary tokens: NTLM (MS-NLMP), Kerberos and SPNEGO in GSSAPI
 * (RFC 2743, 4121, 4752). */
#include "sasl/decode_rows.h"

#include "sasl/ntlm_parse.h"

#include <string.h>

/* --- NTLM --- */

static const struct {
    uint32_t flag;
    const char *name;
} ntlm_flags[] = {
    {NTLM_UNICODE, "unicode"},
    {NTLM_OEM, "8-bit"},
    {NTLM_REQUEST_TARGET, "asks for the target"},
    {0x00000010, "sign"},
    {0x00000020, "seal"},
    {NTLM_NTLM, "ntlm"},
    {0x00000800, "anonymous"},
    {NTLM_ALWAYS_SIGN, "always sign"},
    {0x00010000, "target is a domain"},
    {0x00020000, "target is a server"},
    {NTLM_EXTENDED_SECURITY, "extended session security"},
    {NTLM_TARGET_INFO, "target info"},
    {0x02000000, "version"},
    {0x20000000, "128 bits"},
    {0x40000000, "key exchange"},
    {0x80000000, "56 bits"},
};

static void flags_field(Decoding *d, uint32_t flags)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_string_append_printf(text, "0x%08x", flags);
    for (size_t i = 0; i < G_N_ELEMENTS(ntlm_flags); i++) {
        if (flags & ntlm_flags[i].flag) {
            g_string_append_printf(text, "%s%s", text->len > 10 ? ", " : " (", ntlm_flags[i].name);
        }
    }
    g_string_append(text, text->len > 10 ? ")" : "");
    decode_field(d, "flags", bytes_of_string(text), false);
}

static void text_field(Decoding *d, const char *name, Bytes value, bool unicode)
{
    if (value.len > 0) {
        g_autofree char *text = ntlm_text(value, unicode);
        decode_field(d, name, bytes_of(text), false);
    }
}

static void hex_field(Decoding *d, const char *name, Bytes value, bool secret)
{
    if (value.len > 0) {
        g_autofree char *hex = bytes_hex(value);
        decode_field(d, name, bytes_of(hex), secret);
    }
}

static bool ntlm_type_1(Decoding *d)
{
    flags_field(d, ntlm_u32(d->raw, 12));
    text_field(d, "domain", ntlm_field(d->raw, 16), false);
    text_field(d, "workstation", ntlm_field(d->raw, 24), false);
    return decode_step(d, "type 1 (client: negotiate)");
}

static const char *const av_names[] = {
    [NTLM_AV_COMPUTER] = "computer",         [NTLM_AV_DOMAIN] = "domain",
    [NTLM_AV_DNS_COMPUTER] = "DNS computer", [NTLM_AV_DNS_DOMAIN] = "DNS domain",
    [NTLM_AV_DNS_TREE] = "DNS forest",
};

static bool ntlm_type_2(Decoding *d)
{
    NtlmChallenge challenge;
    if (!ntlm_parse_challenge(d->raw, &challenge, NULL)) {
        return false;
    }
    text_field(d, "target", challenge.target, challenge.flags & NTLM_UNICODE);
    hex_field(d, "challenge",
              (Bytes){(const char *)challenge.challenge, sizeof(challenge.challenge)}, false);
    Bytes rest = challenge.target_info, value;
    uint16_t id;
    while (ntlm_av_pair(&rest, &id, &value)) {
        if (id < G_N_ELEMENTS(av_names) && av_names[id]) {
            text_field(d, av_names[id], value, true);
        }
    }
    flags_field(d, challenge.flags);
    return decode_step(d, "type 2 (server: challenge)");
}

static bool ntlm_type_3(Decoding *d)
{
    uint32_t flags = ntlm_u32(d->raw, 60);
    bool unicode = flags & NTLM_UNICODE;
    Bytes nt = ntlm_field(d->raw, 20);
    text_field(d, "domain", ntlm_field(d->raw, 28), unicode);
    text_field(d, "user", ntlm_field(d->raw, 36), unicode);
    text_field(d, "workstation", ntlm_field(d->raw, 44), unicode);
    decode_fieldf(d, "version", "%s", nt.len == 24 ? "1 (weak)" : nt.len > 24 ? "2" : "unknown");
    hex_field(d, "LM response", ntlm_field(d->raw, 12), true);
    hex_field(d, "NT response", nt, true);
    flags_field(d, flags);
    return decode_step(d, "type 3 (client: authenticate)");
}

bool decode_ntlm(Decoding *d)
{
    switch (ntlm_type(d->raw)) {
    case 1:
        return ntlm_type_1(d);
    case 2:
        return ntlm_type_2(d);
    case 3:
        return ntlm_type_3(d);
    default:
        return false;
    }
}

/* --- GSSAPI --- */

#define OID_KERBEROS "\x2a\x86\x48\x86\xf7\x12\x01\x02\x02"
#define OID_SPNEGO "\x2b\x06\x01\x05\x05\x02"

/* A DER length; false when it is longer than what is there. */
static bool take_der_length(Bytes *rest, size_t *ret)
{
    if (rest->len == 0) {
        return false;
    }
    uint8_t first = (uint8_t)rest->data[0];
    size_t octets = first & 0x80 ? first & 0x7f : 0;
    if (octets > 4 || rest->len < 1 + octets) {
        return false;
    }
    *ret = first & 0x80 ? 0 : first;
    for (size_t i = 0; i < octets; i++) {
        *ret = *ret << 8 | (uint8_t)rest->data[1 + i];
    }
    *rest = bytes_sub(*rest, 1 + octets, SIZE_MAX);
    return *ret <= rest->len;
}

/* [APPLICATION 0] { OID, token } (RFC 2743 section 3.1). */
static bool take_frame(Bytes raw, Bytes *ret_oid, Bytes *ret_token)
{
    size_t len;
    if (raw.len < 2 || raw.data[0] != 0x60) {
        return false;
    }
    raw = bytes_sub(raw, 1, SIZE_MAX);
    if (!take_der_length(&raw, &len) || raw.len < 2 || raw.data[0] != 0x06) {
        return false;
    }
    raw = bytes_sub(raw, 1, SIZE_MAX);
    if (!take_der_length(&raw, &len)) {
        return false;
    }
    *ret_oid = bytes_sub(raw, 0, len);
    *ret_token = bytes_sub(raw, len, SIZE_MAX);
    return true;
}

static const struct {
    uint8_t id[2];
    const char *step;
} kerberos_tokens[] = {
    {{1, 0}, "client's ticket (AP-REQ)"},
    {{2, 0}, "server's proof (AP-REP)"},
    {{3, 0}, "Kerberos error (KRB-ERROR)"},
    {{2, 1}, "wrapped message (RFC 1964)"},
};

static bool framed_token(Decoding *d)
{
    Bytes oid, token;
    if (!take_frame(d->raw, &oid, &token)) {
        return false;
    }
    if (bytes_equal(oid, BYTES_LITERAL(OID_SPNEGO))) {
        decode_fieldf(d, "octets", "%zu", token.len);
        d->out->mechanism = "GSS-SPNEGO";
        return decode_step(d, "SPNEGO's first token (a list of mechanisms)");
    }
    if (!bytes_equal(oid, BYTES_LITERAL(OID_KERBEROS)) || token.len < 2) {
        return false;
    }
    const char *step = "Kerberos token of an unknown kind";
    for (size_t i = 0; i < G_N_ELEMENTS(kerberos_tokens); i++) {
        step = memcmp(token.data, kerberos_tokens[i].id, 2) == 0 ? kerberos_tokens[i].step : step;
    }
    decode_fieldf(d, "octets", "%zu", token.len - 2);
    return decode_step(d, step);
}

/* What a wrap token carries when it is not sealed: the checksum behind it, and the whole turned
 * right by RRC octets (RFC 4121 section 4.2.5). The caller frees it. */
static GByteArray *wrapped_text(Bytes raw, size_t checksum_len, size_t turned)
{
    Bytes body = bytes_sub(raw, 16, SIZE_MAX);
    GByteArray *out = g_byte_array_new();
    if (body.len == 0 || checksum_len > body.len) {
        return out;
    }
    turned %= body.len;
    g_byte_array_append(out, (const guint8 *)body.data + turned, (guint)(body.len - turned));
    g_byte_array_append(out, (const guint8 *)body.data, (guint)turned);
    g_byte_array_set_size(out, (guint)(body.len - checksum_len));
    return out;
}

/* Layers, most octets of a message, and, from the client, who to act as (RFC 4752 section 3.1). */
static void layer_fields(Decoding *d, Bytes text)
{
    if (text.len < 4) {
        return;
    }
    uint8_t layers = (uint8_t)text.data[0];
    decode_fieldf(d, "layers", "%s%s%s", layers & 1 ? "none " : "", layers & 2 ? "integrity " : "",
                  layers & 4 ? "confidentiality" : "");
    decode_fieldf(d, "message size", "%u",
                  (unsigned)((uint8_t)text.data[1] << 16 | (uint8_t)text.data[2] << 8 |
                             (uint8_t)text.data[3]));
    if (text.len > 4) {
        decode_field(d, "act as", bytes_sub(text, 4, SIZE_MAX), false);
    }
}

/* RFC 4121 section 4.2.6.2. */
static bool wrap_token(Decoding *d)
{
    if (d->raw.len < 16 || d->raw.data[0] != 0x05 || d->raw.data[1] != 0x04 ||
        (uint8_t)d->raw.data[3] != 0xff) {
        return false;
    }
    const uint8_t *b = (const uint8_t *)d->raw.data;
    bool by_server = b[2] & 1, sealed = b[2] & 2;
    if (sealed) {
        decode_fieldf(d, "sealed", "yes");
    } else {
        g_autoptr(GByteArray) text =
            wrapped_text(d->raw, (size_t)b[4] << 8 | b[5], (size_t)b[6] << 8 | b[7]);
        layer_fields(d, bytes_of_array(text));
    }
    return decode_step(d, by_server ? "server's security layers"
                                    : "client's choice of security layer");
}

bool decode_gss(Decoding *d)
{
    return framed_token(d) || wrap_token(d);
}
