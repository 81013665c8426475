/* engine.c: the client: from a plan to a verified stream. */
#include "tls/engine.h"

#include <string.h>

#include <openssl/err.h>

#include "tls/context.h"
#include "tls/facts.h"
#include "tls/failure.h"
#include "tls/keylog.h"
#include "tls/late_file.h"
#include "tls/ocsp.h"
#include "tls/parameters.h"
#include "tls/session.h"
#include "tls/store.h"
#include "tls/trace.h"

void tls_prepare(void)
{
    tls_client_context();
}

/* "mail.example.org." is the same host (RFC 1034 section 3.1), and no certificate bears the dot.
 * "fe80::1%eth0" loses its zone, which only this machine knows. */
static char *reference_name(const char *host)
{
    size_t len = strlen(host);
    if (len > 1 && host[len - 1] == '.') {
        len--;
    }
    const char *zone = strchr(host, '%');
    return g_strndup(host, zone ? (size_t)(zone - host) : len);
}

/* Called when the server asks for a certificate: by then it has shown its own. One that could not
 * be verified does not learn who we are. */
static int give_identity(SSL *ssl, void *unused)
{
    (void)unused;
    TlsConnection *c = tls_connection_of(ssl);
    c->identity_asked = true;
    bool trusted =
        !tls_trust_is_fatal(c->plan) || c->trusted || tls_trust_holds(&c->trust, c->plan);
    if (c->identity && trusted) {
        c->identity_sent = tls_identity_apply(c->identity, ssl);
        ERR_clear_error();
        return c->identity_sent;
    }
    return 1;
}

static bool apply_identity(TlsConnection *c, GError **error)
{
    GError *why = NULL;
    c->identity = tls_identity_load(c->plan, &why);
    if (why) {
        g_propagate_error(error, why);
        return false;
    }
    SSL_set_cert_cb(c->ssl, give_identity, NULL);
    SSL_set_post_handshake_auth(c->ssl, c->identity != NULL);
    return true;
}

/* With DANE the server is asked for by its TLSA base domain (RFC 7671 section 7). */
static void apply_sni(TlsConnection *c)
{
    const TlsPlan *plan = c->plan;
    const char *name = plan->dane && plan->tlsa_base ? plan->tlsa_base : c->host;
    if (plan->sni) {
        name = plan->sni;
    }
    bool is_address = g_hostname_is_ip_address(name); /* not allowed in SNI: RFC 6066 section 3 */
    if (name[0] && !is_address) {
        SSL_set_tlsext_host_name(c->ssl, name);
    }
}

static bool apply_plan(TlsConnection *c, GError **error)
{
    if (!tls_apply_parameters(c->ssl, c->plan, error) || !tls_keylog_check(c->plan, error)) {
        return false;
    }
    apply_sni(c);
    if (!tls_trust_apply(c->ssl, &c->trust, c->plan, c->host, error) || !apply_identity(c, error)) {
        return false;
    }
    tls_ocsp_ask(c->ssl);
    if (c->plan->scts) { /* to be counted; what they are worth only a list of logs could tell */
        SSL_enable_ct(c->ssl, SSL_CT_VALIDATION_PERMISSIVE);
    }
    tls_session_offer(c);
    SSL_set_msg_callback(c->ssl, tls_trace_message);
    SSL_set_msg_callback_arg(c->ssl, c);
    SSL_set_connect_state(c->ssl);
    return true;
}

static bool wait_for(const TlsConnection *c, StreamStatus status, Deadline deadline, GError **error)
{
    IoWait wait = {
        .fd = c->stream.lower->fd,
        .want_read = status == STREAM_WANT_READ,
        .want_write = status == STREAM_WANT_WRITE,
    };
    return io_wait_any(&wait, 1, deadline, error);
}

bool tls_handshake(TlsConnection *c, Deadline deadline, GError **error)
{
    while (true) {
        ERR_clear_error();
        int result = SSL_do_handshake(c->ssl);
        if (result == 1) {
            return true;
        }
        StreamStatus status = tls_settle(c, result, error);
        if (status == STREAM_FAILED) {
            return false;
        }
        if (status == STREAM_EOF) {
            return error_fail(error, POSTERN_ERROR_EOF, "%s closed the connection", c->host);
        }
        if (!wait_for(c, status, deadline, error)) {
            return error_prefix(error, "TLS handshake with %s", c->host);
        }
    }
}

static void finish(TlsConnection *c)
{
    g_clear_pointer(&c->handshake, g_free);
    tls_trust_clear(&c->trust);
    tls_stream_opened(c);
}

/* The end of a session that must not begin: nothing of ours was sent in it. A handshake that failed
 * may well have done so because of this: a server that did not get our certificate, say. Only a
 * wait that failed tells more. */
static bool refuse(TlsConnection *c, const TlsPeer *peer, bool done, GError **error)
{
    if (!done && error &&
        (g_error_matches(*error, POSTERN_ERROR, POSTERN_ERROR_TIMEOUT) ||
         g_error_matches(*error, POSTERN_ERROR, POSTERN_ERROR_CANCELLED))) {
        return false;
    }
    if (done) {
        ERR_clear_error();
        SSL_shutdown(c->ssl);
        ERR_clear_error();
    }
    g_clear_error(error);
    if (!tls_store_was_read(c->plan, error)) {
        return false;
    }
    return error_fail(error, POSTERN_ERROR_INSECURE, "the certificate of %s cannot be trusted: %s",
                      c->host, peer->why_not);
}

static bool run_handshake(TlsConnection *c, Deadline deadline, TlsPeer **ret_peer, GError **error)
{
    c->handshake->started_us = g_get_monotonic_time();
    io_meanwhile(tls_late_files_read);
    bool done = tls_handshake(c, deadline, error);
    if (done && SSL_session_reused(c->ssl)) {
        tls_trust_verify_resumed(c->ssl);
    }
    if (!done && !SSL_get0_peer_certificate(c->ssl)) {
        return false;
    }
    *ret_peer = tls_facts_gather(c);
    c->trusted = tls_trust_holds(&c->trust, c->plan);
    if (!c->trusted && tls_trust_is_fatal(c->plan)) {
        return refuse(c, *ret_peer, done, error);
    }
    return done;
}

Stream *tls_client(Stream *lower, const TlsPlan *plan, const char *host, TlsPeer **ret_peer,
                   Deadline deadline, GError **error)
{
    g_autofree char *name = reference_name(host);
    SSL *ssl = SSL_new(tls_client_context());
    if (!ssl) {
        stream_free(lower);
        ERR_clear_error();
        error_fail(error, POSTERN_ERROR_BUG, "OpenSSL cannot begin a session");
        return NULL;
    }
    TlsConnection *c = tls_connection_new(ssl, lower, name);
    c->plan = plan;
    *ret_peer = NULL;
    if (!apply_plan(c, error) || !run_handshake(c, deadline, ret_peer, error)) {
        stream_free(&c->stream);
        return NULL;
    }
    finish(c);
    return &c->stream;
}
