/* decode.c: finds the recogniser for a message; the recognisers are in decode_text.c and
 * decode_tokens.c. */
#include "sasl/decode_rows.h"

#include "base/escape.h"
#include "sasl/sasl.h"

#include <stdarg.h>
#include <string.h>

#define VALUE_MAX_CHARS 200
#define FIELDS_MAX 64

static void field_free(void *data)
{
    SaslField *field = data;
    if (field->secret && field->value) {
        secret_wipe(field->value, strlen(field->value));
    }
    g_free(field->name);
    g_free(field->value);
    g_free(field);
}

void sasl_decoded_free(SaslDecoded *decoded)
{
    if (!decoded) {
        return;
    }
    g_ptr_array_unref(decoded->fields);
    g_free(decoded->step);
    g_free(decoded->error_words);
    g_free(decoded);
}

void decode_field(Decoding *d, const char *name, Bytes value, bool secret)
{
    if (d->out->fields->len >= FIELDS_MAX) {
        return;
    }
    SaslField *field = g_new0(SaslField, 1);
    field->name = escape_line_max(bytes_of(name), VALUE_MAX_CHARS);
    field->value = secret && !d->show ? g_strdup("*****") : escape_line_max(value, VALUE_MAX_CHARS);
    field->secret = secret;
    g_ptr_array_add(d->out->fields, field);
}

void decode_fieldf(Decoding *d, const char *name, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    decode_field(d, name, bytes_of(text), false);
}

bool decode_step(Decoding *d, const char *step)
{
    g_free(d->out->step);
    d->out->step = g_strdup(step);
    return true;
}

/* --- what is recognised only because the mechanism is known --- */

static bool login_user(Decoding *d)
{
    decode_field(d, "user", d->raw, false);
    return decode_step(d, "client's user name");
}

static bool login_password(Decoding *d)
{
    decode_field(d, "password", d->raw, true);
    return decode_step(d, "client's password");
}

static bool login_either(Decoding *d)
{
    decode_field(d, "user name or password", d->raw, true);
    return decode_step(d, "client response");
}

static bool external(Decoding *d)
{
    decode_field(d, "act as", d->raw, false);
    return decode_step(d, "client response");
}

static bool anonymous(Decoding *d)
{
    decode_field(d, "trace", d->raw, false);
    return decode_step(d, "client response");
}

typedef enum { BY_SERVER, BY_CLIENT } Side;

/* In the order of being tried: what is unmistakable first. `guess`: can be told without a hint. */
static const struct {
    const char *mechanism; /* a hint that begins with it allows this row */
    Side side;
    bool guess;
    bool (*recognise)(Decoding *d);
} rows[] = {
    {"NTLM", BY_CLIENT, true, decode_ntlm},
    {"NTLM", BY_SERVER, true, decode_ntlm},
    {"GSSAPI", BY_CLIENT, true, decode_gss},
    {"GSSAPI", BY_SERVER, true, decode_gss},
    {"GSS-SPNEGO", BY_CLIENT, false, decode_gss},
    {"GSS-SPNEGO", BY_SERVER, false, decode_gss},
    {"XOAUTH2", BY_CLIENT, true, decode_xoauth2},
    {"OAUTHBEARER", BY_CLIENT, true, decode_oauthbearer},
    {"OAUTHBEARER", BY_SERVER, true, decode_oauth_error},
    {"XOAUTH2", BY_SERVER, false, decode_oauth_error},
    {"SCRAM", BY_CLIENT, true, decode_scram_client_first},
    {"SCRAM", BY_CLIENT, true, decode_scram_client_final},
    {"SCRAM", BY_SERVER, true, decode_scram_server_first},
    {"SCRAM", BY_SERVER, true, decode_scram_server_final},
    {"DIGEST-MD5", BY_CLIENT, true, decode_digest_response},
    {"DIGEST-MD5", BY_SERVER, true, decode_digest_rspauth},
    {"DIGEST-MD5", BY_SERVER, true, decode_digest_challenge},
    {"CRAM-MD5", BY_SERVER, true, decode_cram_challenge},
    {"LOGIN", BY_SERVER, true, decode_login_prompt},
    {"PLAIN", BY_CLIENT, true, decode_plain},
    {"CRAM-MD5", BY_CLIENT, true, decode_cram_response},
    {"LOGIN user", BY_CLIENT, false, login_user},
    {"LOGIN password", BY_CLIENT, false, login_password},
    {"LOGIN", BY_CLIENT, false, login_either},
    {"EXTERNAL", BY_CLIENT, false, external},
    {"ANONYMOUS", BY_CLIENT, false, anonymous},
};

static bool allows(const char *hint, size_t row)
{
    return hint ? g_ascii_strncasecmp(hint, rows[row].mechanism, strlen(rows[row].mechanism)) == 0
                : rows[row].guess;
}

static bool recognise(Decoding *d, bool from_server)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        /* Without a hint, "not from the server" may also mean that nobody knows. */
        bool side_fits =
            from_server ? rows[i].side == BY_SERVER : rows[i].side == BY_CLIENT || !d->hint;
        if (side_fits && allows(d->hint, i) && rows[i].recognise(d)) {
            d->out->mechanism = d->out->mechanism ? d->out->mechanism : rows[i].mechanism;
            return true;
        }
    }
    return false;
}

static bool is_text(Bytes b)
{
    return b.len == 0 || (g_utf8_validate(b.data, (gssize)b.len, NULL) && bytes_index(b, '\0') < 0);
}

/* Nothing fits: told as it is. What a client says may be a password whatever it looks like. */
static void tell_unknown(Decoding *d, bool from_server)
{
    const char *side = from_server ? "server challenge" : d->hint ? "client response" : "message";
    if (d->raw.len == 0) {
        g_autofree char *step = g_strdup_printf("empty %s", side);
        decode_step(d, step);
        return;
    }
    g_autofree char *step = g_strdup_printf("%s of %zu octets%s", side, d->raw.len,
                                            d->hint ? "" : " that no mechanism is known by");
    decode_step(d, step);
    if (is_text(d->raw)) {
        decode_field(d, "text", d->raw, !from_server);
    } else {
        g_autofree char *hex = bytes_hex(bytes_sub(d->raw, 0, VALUE_MAX_CHARS));
        decode_field(d, "hex", bytes_of(hex), !from_server);
    }
}

/* The table's own spelling, which lives as long as the program. "LOGIN user" is LOGIN. */
static const char *name_of_hint(const char *hint)
{
    Bytes rest = bytes_of(hint);
    const SaslMechanism *m = sasl_mechanism_find(rest);
    m = m ? m : sasl_mechanism_find(bytes_word(&rest));
    return m ? m->name : NULL;
}

SaslDecoded *sasl_decode(Bytes raw, const char *hint, bool from_server, bool show_secrets)
{
    SaslDecoded *out = g_new0(SaslDecoded, 1);
    out->fields = g_ptr_array_new_with_free_func(field_free);
    out->mechanism = hint ? name_of_hint(hint) : NULL;
    Decoding d = {raw, hint, show_secrets, out};
    if (raw.len == 0 || !recognise(&d, from_server)) {
        tell_unknown(&d, from_server);
    }
    return out;
}

char *sasl_decoded_line(const SaslDecoded *decoded)
{
    g_autoptr(GString) line = g_string_new(decoded->mechanism);
    g_string_append_printf(line, "%s%s", line->len > 0 ? " " : "", decoded->step);
    for (guint i = 0; i < decoded->fields->len; i++) {
        const SaslField *field = decoded->fields->pdata[i];
        g_string_append_printf(line, "%s%s=%s", i == 0 ? ": " : ", ", field->name, field->value);
    }
    if (decoded->error_words) {
        g_string_append_printf(line, " (%s)", decoded->error_words);
    }
    return g_string_free(g_steal_pointer(&line), FALSE);
}
