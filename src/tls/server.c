/* server.c: the server's side, for `serve` and for tests. */
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "tls/connection.h"

struct TlsServer {
    SSL_CTX *context;
};

static bool fail(GError **error, PosternErrorCode code, const char *what, const char *file)
{
    const char *why = ERR_reason_error_string(ERR_peek_last_error());
    error_fail(error, code, "%s '%s': %s", what, file, why ? why : "it cannot be used");
    ERR_clear_error();
    return false;
}

static bool use_certificate(SSL_CTX *context, const TlsServerPlan *plan, GError **error)
{
    const char *key = plan->key_file ? plan->key_file : plan->cert_file;
    if (SSL_CTX_use_certificate_chain_file(context, plan->cert_file) != 1) {
        return fail(error, POSTERN_ERROR_NO_INPUT, "the server's certificate", plan->cert_file);
    }
    if (SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1) {
        return fail(error, POSTERN_ERROR_NO_INPUT, "the server's key", key);
    }
    return true;
}

/* Clients are asked for a certificate; without one they are served all the same, with a wrong one
 * they are not. */
static bool ask_for_client_certificates(SSL_CTX *context, const char *file, GError **error)
{
    if (SSL_CTX_load_verify_locations(context, file, NULL) != 1) {
        return fail(error, POSTERN_ERROR_NO_INPUT, "the authority for client certificates", file);
    }
    SSL_CTX_set_client_CA_list(context, SSL_load_client_CA_file(file));
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    return true;
}

static bool set_versions(SSL_CTX *context, const TlsServerPlan *plan, GError **error)
{
    TlsVersion min = plan->min == TLS_VERSION_ANY ? TLS_1_2 : plan->min;
    if (min < TLS_1_2 || (plan->max != TLS_VERSION_ANY && plan->max < TLS_1_2)) {
        SSL_CTX_set_security_level(context, 0); /* OpenSSL 3: TLS 1.0 and 1.1 exist only there */
    }
    if (!SSL_CTX_set_min_proto_version(context, (int)min) ||
        !SSL_CTX_set_max_proto_version(context, (int)plan->max) ||
        (plan->max != TLS_VERSION_ANY && plan->max < min)) {
        return error_fail(error, POSTERN_ERROR_USAGE, "no TLS version is left for the server");
    }
    return true;
}

static SSL_CTX *make_context(void)
{
    static const unsigned char id[] = "postern";
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    /* Sessions live in tickets, at the clients: ten thousand of them must not grow the server. */
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_session_id_context(context, id, sizeof id - 1);
    return context;
}

TlsServer *tls_server_new(const TlsServerPlan *plan, GError **error)
{
    SSL_CTX *context = make_context();
    ERR_clear_error();
    bool fine = set_versions(context, plan, error) && use_certificate(context, plan, error) &&
                (!plan->client_ca_file ||
                 ask_for_client_certificates(context, plan->client_ca_file, error));
    if (!fine) {
        SSL_CTX_free(context);
        return NULL;
    }
    TlsServer *server = g_new0(TlsServer, 1);
    server->context = context;
    return server;
}

void tls_server_free(TlsServer *server)
{
    if (server) {
        SSL_CTX_free(server->context);
        g_free(server);
    }
}

Stream *tls_server_accept(TlsServer *server, Stream *lower, Deadline deadline, GError **error)
{
    SSL *ssl = SSL_new(server->context);
    if (!ssl) {
        stream_free(lower);
        ERR_clear_error();
        error_fail(error, POSTERN_ERROR_BUG, "OpenSSL cannot begin a session");
        return NULL;
    }
    TlsConnection *c = tls_connection_new(ssl, lower, "the client");
    SSL_set_accept_state(c->ssl);
    if (!tls_handshake(c, deadline, error)) {
        stream_free(&c->stream);
        return NULL;
    }
    g_clear_pointer(&c->handshake, g_free);
    return &c->stream;
}
