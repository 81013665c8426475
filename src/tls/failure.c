/* failure.c: failures of TLS in plain words. */
#include "tls/failure.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/sslerr.h>

#include "base/escape.h"
#include "base/openssl_words.h"
#include "tls/parameters.h"

/* Alerts come as reasons of their own (SSL_AD_REASON_OFFSET + number); `hint` says what to try. */
typedef struct {
    int reason;
    PosternErrorCode code;
    const char *words, *hint;
} Row;

#define ALERT(number) (SSL_AD_REASON_OFFSET + (number))

static const Row rows[] = {
    {ALERT(SSL_AD_HANDSHAKE_FAILURE), POSTERN_ERROR_PROTOCOL,
     "found no cipher, group or signature that both sides allow, or wants something we did not "
     "send",
     "if it wants a client certificate: --client-cert"},
    {ALERT(SSL_AD_PROTOCOL_VERSION), POSTERN_ERROR_INSECURE,
     "speaks none of the TLS versions we offered", NULL},
    {ALERT(SSL_AD_INSUFFICIENT_SECURITY), POSTERN_ERROR_PROTOCOL,
     "demands stronger ciphers than we offered", "leave out --ciphers and --tls-max"},
    {ALERT(SSL_AD_UNRECOGNIZED_NAME), POSTERN_ERROR_PROTOCOL, "does not know the name we asked for",
     "another name: --sni=NAME, or none: --sni="},
    {ALERT(SSL_AD_NO_APPLICATION_PROTOCOL), POSTERN_ERROR_PROTOCOL,
     "speaks none of the ALPN protocols we offered", "leave out --alpn"},
    {SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED, POSTERN_ERROR_PROTOCOL,
     "demands a client certificate", "--client-cert=FILE --client-key=FILE"},
    {ALERT(SSL_AD_UNKNOWN_CA), POSTERN_ERROR_PROTOCOL,
     "does not know the authority that signed our certificate",
     "is the whole chain in --client-cert?"},
    {ALERT(SSL_AD_BAD_CERTIFICATE), POSTERN_ERROR_PROTOCOL, "does not accept our certificate",
     "another --client-cert"},
    {ALERT(SSL_AD_UNSUPPORTED_CERTIFICATE), POSTERN_ERROR_PROTOCOL,
     "cannot use our certificate's kind", "another --client-cert"},
    {ALERT(SSL_AD_CERTIFICATE_EXPIRED), POSTERN_ERROR_PROTOCOL,
     "says that our certificate has expired", "another --client-cert"},
    {ALERT(SSL_AD_CERTIFICATE_REVOKED), POSTERN_ERROR_PROTOCOL,
     "says that our certificate was revoked", "another --client-cert"},
    {ALERT(SSL_AD_ACCESS_DENIED), POSTERN_ERROR_PROTOCOL, "denies access to our certificate",
     "another --client-cert"},
    {ALERT(SSL_AD_INTERNAL_ERROR), POSTERN_ERROR_PROTOCOL,
     "has a fault of its own: its configuration may be broken", "try again; ask its operator"},
    {SSL_R_UNSUPPORTED_PROTOCOL, POSTERN_ERROR_INSECURE, NULL, NULL},
    {SSL_R_WRONG_SSL_VERSION, POSTERN_ERROR_PROTOCOL, NULL, NULL},
    {SSL_R_DH_KEY_TOO_SMALL, POSTERN_ERROR_INSECURE,
     "the server's Diffie-Hellman key is too short to be safe",
     "--ciphers='DEFAULT:!DHE' avoids it, --ciphers=DEFAULT@SECLEVEL=0 accepts it"},
    {SSL_R_EE_KEY_TOO_SMALL, POSTERN_ERROR_INSECURE,
     "the certificate's key is too short to be safe", "--ciphers=DEFAULT@SECLEVEL=0 accepts it"},
    {SSL_R_WRONG_SIGNATURE_TYPE, POSTERN_ERROR_INSECURE,
     "the server signs with an algorithm we did not offer", "if the server is old: --tls-min=1.0"},
    {SSL_R_WRONG_CURVE, POSTERN_ERROR_PROTOCOL, "the server uses a group that --groups leaves out",
     "in TLS 1.2 the list must also have the certificate's curve: add P-256"},
    {SSL_R_BAD_ECPOINT, POSTERN_ERROR_PROTOCOL, "the server's key share is malformed", NULL},
    {SSL_R_UNSAFE_LEGACY_RENEGOTIATION_DISABLED, POSTERN_ERROR_INSECURE,
     "the server lacks secure renegotiation (RFC 5746) and could be made to mix two sessions",
     "--tls-min=1.0 accepts such old servers"},
    {SSL_R_NO_PROTOCOLS_AVAILABLE, POSTERN_ERROR_USAGE, "no TLS version is left to offer",
     "--tls-min and --tls-max leave nothing with these ciphers"},
    {SSL_R_NO_CIPHERS_AVAILABLE, POSTERN_ERROR_USAGE, "no cipher is left to offer",
     "check --ciphers and --tls-min"},
    {SSL_R_EXCESSIVE_MESSAGE_SIZE, POSTERN_ERROR_LIMIT,
     "the server sent a handshake message larger than the cap", NULL},
    {SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC, POSTERN_ERROR_PROTOCOL,
     "a record was damaged on its way, or somebody changed it", NULL},
};

const char *tls_reason(unsigned long code)
{
    openssl_load_words();
    return code ? ERR_reason_error_string(code) : NULL;
}

static const Row *find_row(int reason)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (rows[i].reason == reason) {
            return &rows[i];
        }
    }
    return NULL;
}

/* Empties the queue. The reason of libssl that has a row counts most, else the first entry: what
 * came later are consequences. */
static unsigned long drain_queue(void)
{
    unsigned long code, chosen = 0;
    bool has_row = false;
    while ((code = ERR_get_error()) != 0) {
        bool known = ERR_GET_LIB(code) == ERR_LIB_SSL && find_row(ERR_GET_REASON(code));
        if (!chosen || (known && !has_row)) {
            chosen = code;
            has_row = known;
        }
    }
    return chosen;
}

static bool is_alert(unsigned long code)
{
    return ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) >= SSL_AD_REASON_OFFSET;
}

/* Every TLS record starts with a content type of 20 to 24. */
static bool answered_in_plaintext(const TlsConnection *c)
{
    return c->handshake && c->handshake->first_len > 0 &&
           (c->handshake->first[0] < 20 || c->handshake->first[0] > 24);
}

static bool fail_plaintext(TlsConnection *c, GError **error)
{
    TlsHandshake *h = c->handshake;
    Stream *lower = c->stream.lower;
    size_t moved = 0;
    /* OpenSSL read five bytes; the rest of the line is what a person recognises. */
    if (!c->lower_eof &&
        lower->kind->try_read(lower, h->first + h->first_len, TLS_FIRST_BYTES - h->first_len,
                              &moved, NULL) == STREAM_OK) {
        h->first_len += moved;
    }
    Bytes said = {(const char *)h->first, h->first_len};
    gssize end = bytes_index(said, '\n');
    said = bytes_trim(bytes_sub(said, 0, end < 0 ? said.len : (size_t)end));
    g_autofree char *shown = escape_line_max(said, 120);
    if (SSL_is_server(c->ssl)) {
        return error_fail(error, POSTERN_ERROR_PROTOCOL,
                          "%s does not speak TLS here: it said \"%s\"", c->host, shown);
    }
    return error_fail(error, POSTERN_ERROR_PROTOCOL,
                      "%s does not speak TLS here: it said \"%s\"; try the scheme with STARTTLS, "
                      "or another port",
                      c->host, shown);
}

/* The version in a ServerHello, from the bytes as they came; 0 when that is not what came. */
static TlsVersion server_hello_version(const TlsHandshake *h)
{
    enum { RECORD = 5, VERSION = 9 };
    if (!h || h->first_len < VERSION + 2 || h->first[0] != 22 || h->first[RECORD] != 2) {
        return TLS_VERSION_ANY;
    }
    return (TlsVersion)(h->first[VERSION] << 8 | h->first[VERSION + 1]);
}

static bool fail_version(TlsConnection *c, GError **error)
{
    if (SSL_is_server(c->ssl)) {
        return error_fail(error, POSTERN_ERROR_INSECURE,
                          "%s offers no version of TLS that is spoken here", c->host);
    }
    TlsVersion theirs = server_hello_version(c->handshake);
    TlsVersion min = c->plan ? tls_plan_min(c->plan) : TLS_1_2;
    if (theirs == TLS_VERSION_ANY || theirs >= min) {
        return error_fail(error, POSTERN_ERROR_PROTOCOL,
                          "%s chose a TLS version that we did not offer", c->host);
    }
    const char *option = theirs == TLS_1_1 ? "--tls-min=1.1" : "--tls-min=1.0";
    return error_fail(
        error, POSTERN_ERROR_INSECURE, "%s speaks at most %s, and the least we accept is %s; %s%s",
        c->host, theirs < TLS_1_0 ? "SSL 3.0" : tls_version_name(theirs), tls_version_name(min),
        theirs < TLS_1_0 ? "this program does not speak SSL" : "to allow it: ",
        theirs < TLS_1_0 ? "" : option);
}

static void add_hint(GString *hints, const char *hint)
{
    g_string_append_printf(hints, "%s%s", hints->len > 0 ? "; " : "", hint);
}

/* What in the plan may be the cause of "nothing in common". */
static void hint_at_plan(const TlsPlan *plan, GString *hints)
{
    if (plan->ciphers) {
        add_hint(hints, "leave out --ciphers");
    }
    if (plan->groups) {
        add_hint(hints, "leave out --groups (in TLS 1.2 the list must also have the curve of the "
                        "certificate: P-256)");
    }
    if (plan->max != TLS_VERSION_ANY) {
        add_hint(hints, "leave out --tls-max");
    }
    if (tls_plan_min(plan) > TLS_1_0) {
        add_hint(hints, "if the server is old: --tls-min=1.0");
    }
}

static bool about_plan(int alert)
{
    return alert == SSL_AD_PROTOCOL_VERSION || alert == SSL_AD_HANDSHAKE_FAILURE;
}

/* Those that OpenSSL's own list is too old for (RFC 7301, 7507, 8446). */
static const char *alert_name(int number)
{
    static const struct {
        int number;
        const char *name;
    } newer[] = {
        {SSL_AD_INAPPROPRIATE_FALLBACK, "inappropriate fallback"},
        {SSL_AD_MISSING_EXTENSION, "missing extension"},
        {SSL_AD_CERTIFICATE_REQUIRED, "certificate required"},
        {SSL_AD_NO_APPLICATION_PROTOCOL, "no application protocol"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(newer); i++) {
        if (newer[i].number == number) {
            return newer[i].name;
        }
    }
    return SSL_alert_desc_string_long(number);
}

static bool fail_alert(TlsConnection *c, int reason, GError **error)
{
    const Row *row = find_row(reason);
    int number = reason - SSL_AD_REASON_OFFSET;
    g_autoptr(GString) hints = g_string_new(NULL);
    if (c->plan && about_plan(number)) {
        hint_at_plan(c->plan, hints);
    }
    if (row && row->hint && !SSL_is_server(c->ssl)) {
        add_hint(hints, row->hint);
    }
    g_autofree char *meaning = row ? g_strdup_printf(": it %s", row->words) : g_strdup("");
    return error_fail(error, row ? row->code : POSTERN_ERROR_PROTOCOL,
                      "%s ended TLS with the alert \"%s\" (%d)%s%s%s", c->host, alert_name(number),
                      number, meaning, hints->len > 0 ? "; " : "", hints->str);
}

static bool fail_reason(TlsConnection *c, unsigned long code, GError **error)
{
    const Row *row = ERR_GET_LIB(code) == ERR_LIB_SSL ? find_row(ERR_GET_REASON(code)) : NULL;
    if (row && row->words) {
        return error_fail(error, row->code, "TLS with %s failed: %s%s%s", c->host, row->words,
                          row->hint ? "; " : "", row->hint ? row->hint : "");
    }
    const char *words = tls_reason(code);
    return error_fail(error, POSTERN_ERROR_PROTOCOL, "TLS with %s failed: %s", c->host,
                      words ? words : "OpenSSL does not say why");
}

static bool fail_eof(TlsConnection *c, GError **error)
{
    if (SSL_is_server(c->ssl)) {
        return error_fail(error, POSTERN_ERROR_EOF, "%s left before the TLS handshake was done",
                          c->host);
    }
    if (c->handshake && c->handshake->first_len == 0) {
        return error_fail(error, POSTERN_ERROR_EOF,
                          "%s closed the connection instead of answering our TLS handshake; it may "
                          "not speak TLS on this port, or too old a version of it",
                          c->host);
    }
    return error_fail(error, POSTERN_ERROR_EOF,
                      "%s closed the connection in the middle of the TLS handshake", c->host);
}

static bool fail(TlsConnection *c, unsigned long code, GError **error)
{
    if (c->lower_error && !c->lower_eof) {
        g_propagate_error(error, g_steal_pointer(&c->lower_error));
        return false;
    }
    if (answered_in_plaintext(c)) {
        return fail_plaintext(c, error);
    }
    if (is_alert(code)) {
        c->closed = TLS_CLOSE_ALERT;
        return fail_alert(c, ERR_GET_REASON(code), error);
    }
    if (c->lower_eof) {
        return fail_eof(c, error);
    }
    if (ERR_GET_LIB(code) == ERR_LIB_SSL && (ERR_GET_REASON(code) == SSL_R_UNSUPPORTED_PROTOCOL ||
                                             ERR_GET_REASON(code) == SSL_R_WRONG_SSL_VERSION)) {
        return fail_version(c, error);
    }
    return fail_reason(c, code, error);
}

StreamStatus tls_settle(TlsConnection *c, int result, GError **error)
{
    int kind = SSL_get_error(c->ssl, result);
    unsigned long code = drain_queue();
    c->stream.fd = c->stream.lower->fd;
    switch (kind) {
    case SSL_ERROR_WANT_READ:
        return STREAM_WANT_READ;
    case SSL_ERROR_WANT_WRITE:
        return STREAM_WANT_WRITE;
    case SSL_ERROR_ZERO_RETURN:
        c->closed = TLS_CLOSE_NOTIFY;
        return STREAM_EOF;
    default:
        break;
    }
    /* At an end without close_notify OpenSSL still tries to send an alert: that this fails says
     * nothing. */
    if (c->lower_eof && !c->handshake && !is_alert(code)) {
        g_clear_error(&c->lower_error);
        c->closed = TLS_CLOSE_TRUNCATED;
        return STREAM_EOF;
    }
    fail(c, code, &c->broken);
    if (error) {
        *error = g_error_copy(c->broken);
    }
    return STREAM_FAILED;
}
