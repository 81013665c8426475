/* session.c: sessions to resume, and the renewal of keys within one. */
#include "tls/session.h"

#include <openssl/err.h>

#include "tls/failure.h"

struct TlsSession {
    SSL_SESSION *session;
    char *host; /* another host's session is never offered */
};

int tls_session_arrived(SSL *ssl, SSL_SESSION *session)
{
    TlsConnection *c = tls_connection_of(ssl);
    if (!c) {
        return 0;
    }
    SSL_SESSION_free(c->session);
    c->session = session;
    return 1;
}

void tls_session_offer(TlsConnection *c)
{
    const TlsSession *resume = c->plan->resume;
    if (resume && g_ascii_strcasecmp(resume->host, c->host) == 0) {
        SSL_set_session(c->ssl, resume->session);
    }
}

/* Tickets of TLS 1.3 come after the handshake, before the server's first bytes; looking at what is
 * there takes them in and leaves the bytes. */
static void take_in_tickets(TlsConnection *c)
{
    char byte;
    size_t seen;
    if (c->broken || c->closed != TLS_CLOSE_OPEN) {
        return;
    }
    ERR_clear_error();
    int result = SSL_peek_ex(c->ssl, &byte, 1, &seen);
    if (result != 1) {
        tls_settle(c, result, NULL);
    }
}

TlsSession *tls_session_take(Stream *s)
{
    if (!tls_is(s)) {
        return NULL;
    }
    TlsConnection *c = (TlsConnection *)s;
    if (!c->session) {
        take_in_tickets(c);
    }
    if (!c->session || !SSL_SESSION_is_resumable(c->session)) {
        return NULL;
    }
    /* A copy: OpenSSL marks the connection's own as not resumable if that ends without
     * close_notify, which RFC 5246 section 7.2.1 no longer asks for. */
    SSL_SESSION *copy = SSL_SESSION_dup(c->session);
    if (!copy) {
        ERR_clear_error();
        return NULL;
    }
    TlsSession *taken = g_new0(TlsSession, 1);
    taken->session = copy;
    taken->host = g_strdup(c->host);
    return taken;
}

TlsSessionFacts tls_session_facts(const TlsSession *session)
{
    SSL_SESSION *ssl = session->session;
    bool ticket = SSL_SESSION_has_ticket(ssl) == 1;
    unsigned long hint = SSL_SESSION_get_ticket_lifetime_hint(ssl);
    return (TlsSessionFacts){
        .version = (TlsVersion)SSL_SESSION_get_protocol_version(ssl),
        .ticket = ticket,
        /* 0 in TLS 1.2 leaves it open (RFC 5077 3.3); in 1.3 it means at once (RFC 8446 4.6.1). */
        .lifetime = ticket && hint > 0 ? (int64_t)hint : -1,
        .max_early_data = SSL_SESSION_get_max_early_data(ssl),
    };
}

Bytes tls_session_ticket(const TlsSession *session)
{
    const unsigned char *ticket = NULL;
    size_t len = 0;
    SSL_SESSION_get0_ticket(session->session, &ticket, &len);
    return (Bytes){(const char *)ticket, len};
}

uint16_t tls_session_suite(const TlsSession *session)
{
    const SSL_CIPHER *cipher = SSL_SESSION_get0_cipher(session->session);
    return cipher ? SSL_CIPHER_get_protocol_id(cipher) : 0;
}

void tls_session_free(TlsSession *session)
{
    if (!session) {
        return;
    }
    SSL_SESSION_free(session->session);
    g_free(session->host);
    g_free(session);
}

bool tls_rekey(Stream *s, Deadline deadline, GError **error)
{
    if (!tls_is(s)) {
        return error_fail(error, POSTERN_ERROR_USAGE,
                          "there are no keys to renew: the connection is not encrypted");
    }
    TlsConnection *c = (TlsConnection *)s;
    if (SSL_version(c->ssl) != TLS1_3_VERSION) {
        return error_fail(error, POSTERN_ERROR_USAGE,
                          "keys can be renewed from TLS 1.3 on; this is %s",
                          tls_version_name((TlsVersion)SSL_version(c->ssl)));
    }
    if (c->broken) {
        g_propagate_error(error, g_error_copy(c->broken));
        return false;
    }
    ERR_clear_error();
    if (!SSL_key_update(c->ssl, SSL_KEY_UPDATE_REQUESTED)) {
        ERR_clear_error();
        return error_fail(error, POSTERN_ERROR_USAGE,
                          "the keys cannot be renewed while something is being sent");
    }
    return tls_handshake(c, deadline, error);
}

bool tls_renegotiate(Stream *s, Deadline deadline, GError **error)
{
    TlsConnection *c = tls_is(s) ? (TlsConnection *)s : NULL;
    if (!c || SSL_version(c->ssl) == TLS1_3_VERSION) {
        return error_fail(error, POSTERN_ERROR_USAGE, "there is no renegotiation in %s",
                          c ? "TLS 1.3" : "a connection that is not encrypted");
    }
    if (c->broken) {
        g_propagate_error(error, g_error_copy(c->broken));
        return false;
    }
    ERR_clear_error();
    SSL_clear_options(c->ssl, SSL_OP_NO_RENEGOTIATION);
    SSL_set_verify(c->ssl, SSL_VERIFY_NONE, NULL);
    if (!SSL_renegotiate(c->ssl)) {
        ERR_clear_error();
        return error_fail(error, POSTERN_ERROR_USAGE,
                          "a new handshake cannot be begun while something is being sent");
    }
    return tls_handshake(c, deadline, error);
}
