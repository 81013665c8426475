/* trace.c: handshake messages as lines. */
#include "tls/trace.h"

#include <string.h>

#include "base/escape.h"
#include "tls/connection.h"

static const struct {
    int number;
    const char *name;
} messages[] = {
    {SSL3_MT_HELLO_REQUEST, "HelloRequest"},
    {SSL3_MT_CLIENT_HELLO, "ClientHello"},
    {SSL3_MT_SERVER_HELLO, "ServerHello"},
    {SSL3_MT_NEWSESSION_TICKET, "NewSessionTicket"},
    {SSL3_MT_END_OF_EARLY_DATA, "EndOfEarlyData"},
    {SSL3_MT_ENCRYPTED_EXTENSIONS, "EncryptedExtensions"},
    {SSL3_MT_CERTIFICATE, "Certificate"},
    {SSL3_MT_SERVER_KEY_EXCHANGE, "ServerKeyExchange"},
    {SSL3_MT_CERTIFICATE_REQUEST, "CertificateRequest"},
    {SSL3_MT_SERVER_DONE, "ServerHelloDone"},
    {SSL3_MT_CERTIFICATE_VERIFY, "CertificateVerify"},
    {SSL3_MT_CLIENT_KEY_EXCHANGE, "ClientKeyExchange"},
    {SSL3_MT_FINISHED, "Finished"},
    {SSL3_MT_CERTIFICATE_STATUS, "CertificateStatus"},
    {SSL3_MT_KEY_UPDATE, "KeyUpdate"},
};

/* A ServerHello with this random is a HelloRetryRequest (RFC 8446 section 4.1.3). */
static const uint8_t retry_random[32] = {
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
    0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
};

static bool is_retry(const uint8_t *message, size_t len)
{
    enum { RANDOM = 6 }; /* after type, length and version */
    return message[0] == SSL3_MT_SERVER_HELLO && len >= RANDOM + sizeof retry_random &&
           memcmp(message + RANDOM, retry_random, sizeof retry_random) == 0;
}

static const char *message_name(const uint8_t *message, size_t len)
{
    if (is_retry(message, len)) {
        return "HelloRetryRequest";
    }
    for (size_t i = 0; i < G_N_ELEMENTS(messages); i++) {
        if (messages[i].number == message[0]) {
            return messages[i].name;
        }
    }
    return "an unknown handshake message";
}

/* The cipher suite of a ServerHello, behind random and session id. */
static const char *chosen_cipher(SSL *ssl, const uint8_t *message, size_t len)
{
    enum { SESSION_LENGTH = 38 };
    size_t at = len > SESSION_LENGTH ? SESSION_LENGTH + 1 + (size_t)message[SESSION_LENGTH] : len;
    const SSL_CIPHER *cipher = at + 2 <= len ? SSL_CIPHER_find(ssl, message + at) : NULL;
    return cipher ? SSL_CIPHER_standard_name(cipher) : NULL;
}

static char *handshake_line(SSL *ssl, const char *arrow, const uint8_t *message, size_t len)
{
    const char *name = message_name(message, len);
    GString *line = g_string_new(NULL);
    g_string_append_printf(line, "%s %s, %zu bytes", arrow, name, len);
    const char *server = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    if (message[0] == SSL3_MT_CLIENT_HELLO && server) {
        g_string_append_printf(line, ", for %s", server);
    }
    const char *cipher =
        message[0] == SSL3_MT_SERVER_HELLO ? chosen_cipher(ssl, message, len) : NULL;
    if (cipher) {
        g_string_append_printf(line, ", %s", cipher);
    }
    return g_string_free(line, FALSE);
}

static char *alert_line(const char *arrow, const uint8_t *alert)
{
    return g_strdup_printf("%s Alert, %s: %s (%u)", arrow,
                           alert[0] == SSL3_AL_FATAL ? "fatal" : "warning",
                           SSL_alert_desc_string_long(alert[1]), alert[1]);
}

static char *describe(SSL *ssl, const char *arrow, int type, Bytes content)
{
    const uint8_t *bytes = (const uint8_t *)content.data;
    if (type == SSL3_RT_HANDSHAKE && content.len >= 4) {
        return handshake_line(ssl, arrow, bytes, content.len);
    }
    if (type == SSL3_RT_ALERT && content.len == 2) {
        return alert_line(arrow, bytes);
    }
    if (type == SSL3_RT_CHANGE_CIPHER_SPEC) {
        return g_strdup_printf("%s ChangeCipherSpec", arrow);
    }
    return NULL; /* record headers, inner content types */
}

void tls_trace_message(int sent, int version, int type, const void *data, size_t len, SSL *ssl,
                       void *argument)
{
    (void)version;
    TlsConnection *c = argument;
    const uint8_t *bytes = data;
    if (!sent && type == SSL3_RT_HANDSHAKE && len > 0 && bytes[0] == SSL3_MT_KEY_UPDATE) {
        c->key_updates++;
    }
    if (!c->plan || !c->plan->trace || !c->plan->trace_line) {
        return;
    }
    g_autofree char *line = describe(ssl, sent ? "->" : "<-", type, (Bytes){data, len});
    if (line) {
        c->plan->trace_line(c->plan->trace_user, line);
    }
}
