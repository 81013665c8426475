/* server.c: the server's side, for `serve` and for tests. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "tls/connection.h"
#include "tls/failure.h"

struct TlsServer {
    SSL_CTX *context;
    GBytes *ocsp;
    GByteArray *alpn; /* in the order of preference, each with its length before it */
};

static bool fail(GError **error, PosternErrorCode code, const char *what, const char *file)
{
    const char *why = tls_reason(ERR_peek_last_error());
    error_fail(error, code, "%s '%s': %s", what, file, why ? why : "it cannot be used");
    ERR_clear_error();
    return false;
}

/* OpenSSL only says that the system is to blame. */
static bool can_read(const char *what, const char *file, GError **error)
{
    return g_access(file, R_OK) == 0 ||
           error_fail(error, POSTERN_ERROR_NO_INPUT, "%s: cannot read %s: %s", what, file,
                      g_strerror(errno));
}

static bool use_files(SSL_CTX *context, const TlsServerPlan *plan, GError **error)
{
    const char *key = plan->key_file ? plan->key_file : plan->cert_file;
    if (!can_read("the server's certificate", plan->cert_file, error) ||
        !can_read("the server's key", key, error)) {
        return false;
    }
    if (SSL_CTX_use_certificate_chain_file(context, plan->cert_file) != 1) {
        return fail(error, POSTERN_ERROR_NO_INPUT, "the server's certificate", plan->cert_file);
    }
    if (SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1) {
        return fail(error, POSTERN_ERROR_NO_INPUT, "the server's key", key);
    }
    return true;
}

/* The first is the server's own, the others lead to the root. */
static bool use_chain(SSL_CTX *context, const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    bool ok = bio != NULL;
    unsigned seen = 0;
    for (X509 *x; ok && (x = PEM_read_bio_X509(bio, NULL, NULL, NULL)); seen++) {
        ok = seen == 0 ? SSL_CTX_use_certificate(context, x) == 1
                       : SSL_CTX_add1_chain_cert(context, x) == 1;
        X509_free(x);
    }
    BIO_free(bio);
    return ok && seen > 0;
}

static bool use_key(SSL_CTX *context, const Secret *key)
{
    Bytes pem = secret_reveal(key);
    BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.len);
    EVP_PKEY *read = bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL) : NULL;
    bool ok = read && SSL_CTX_use_PrivateKey(context, read) == 1;
    EVP_PKEY_free(read);
    BIO_free(bio);
    return ok;
}

static bool use_certificate(SSL_CTX *context, const TlsServerPlan *plan, GError **error)
{
    if (!plan->chain) {
        return use_files(context, plan, error);
    }
    return (use_chain(context, plan->chain) && use_key(context, plan->key)) ||
           fail(error, POSTERN_ERROR_DATA, "the server's certificate", "PEM text");
}

/* Makes `pem` what client certificates are verified against, and what clients are told of. */
/* In a store of its own: from the usual one OpenSSL would complete the server's own chain. */
static bool trust_text(SSL_CTX *context, const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509_STORE *store = X509_STORE_new();
    X509 *x;
    unsigned n = 0;
    bool ok = bio && store;
    while (ok && (x = PEM_read_bio_X509(bio, NULL, NULL, NULL))) {
        ok = X509_STORE_add_cert(store, x) == 1 && SSL_CTX_add_client_CA(context, x) == 1;
        X509_free(x);
        n++;
    }
    ERR_clear_error(); /* the end of the text is one */
    if (!ok || SSL_CTX_set0_verify_cert_store(context, store) != 1) {
        X509_STORE_free(store);
        ok = false;
    }
    BIO_free(bio);
    return ok && n > 0;
}

/* Clients are asked for a certificate; without one they are served all the same, with a wrong one
 * they are not. */
static bool ask_for_client_certificates(SSL_CTX *context, const TlsServerPlan *plan, GError **error)
{
    const char *file = plan->client_ca_file;
    if (!file && !plan->client_ca) {
        return true;
    }
    if (file ? SSL_CTX_load_verify_locations(context, file, NULL) != 1
             : !trust_text(context, plan->client_ca)) {
        return fail(error, POSTERN_ERROR_NO_INPUT, "the authority for client certificates",
                    file ? file : "PEM text");
    }
    if (file) {
        SSL_CTX_set_client_CA_list(context, SSL_load_client_CA_file(file));
    }
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    return true;
}

static bool set_versions(SSL_CTX *context, const TlsServerPlan *plan, GError **error)
{
    TlsVersion min = plan->min == TLS_VERSION_ANY ? TLS_1_2 : plan->min;
    if (min < TLS_1_2 || (plan->max != TLS_VERSION_ANY && plan->max < TLS_1_2) || plan->weak) {
        SSL_CTX_set_security_level(context, 0); /* OpenSSL 3: TLS 1.0 and 1.1 exist only there */
    }
    if (!SSL_CTX_set_min_proto_version(context, (int)min) ||
        !SSL_CTX_set_max_proto_version(context, (int)plan->max) ||
        (plan->max != TLS_VERSION_ANY && plan->max < min)) {
        return error_fail(error, POSTERN_ERROR_USAGE, "no TLS version is left for the server");
    }
    return true;
}

static bool set_suites(SSL_CTX *context, const TlsServerPlan *plan, GError **error)
{
    if (plan->ciphers && !(g_str_has_prefix(plan->ciphers, "TLS_")
                               ? SSL_CTX_set_ciphersuites(context, plan->ciphers)
                               : SSL_CTX_set_cipher_list(context, plan->ciphers))) {
        return fail(error, POSTERN_ERROR_USAGE, "the cipher list", plan->ciphers);
    }
    return !plan->groups || SSL_CTX_set1_groups_list(context, plan->groups) ||
           fail(error, POSTERN_ERROR_USAGE, "the list of groups", plan->groups);
}

static int staple(SSL *ssl, void *user)
{
    const TlsServer *server = user;
    gsize len;
    gconstpointer data = g_bytes_get_data(server->ocsp, &len);
    /* OpenSSL frees it. */
    unsigned char *copy = OPENSSL_memdup(data, len);
    return copy && SSL_set_tlsext_status_ocsp_resp(ssl, copy, (long)len) ? SSL_TLSEXT_ERR_OK
                                                                         : SSL_TLSEXT_ERR_NOACK;
}

static int choose_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                       const unsigned char *in, unsigned in_len, void *user)
{
    const TlsServer *server = user;
    (void)ssl;
    return SSL_select_next_proto((unsigned char **)out, out_len, server->alpn->data,
                                 server->alpn->len, in, in_len) == OPENSSL_NPN_NEGOTIATED
               ? SSL_TLSEXT_ERR_OK
               : SSL_TLSEXT_ERR_NOACK;
}

static void set_answers(TlsServer *server, const TlsServerPlan *plan)
{
    if (plan->ocsp) {
        server->ocsp = g_bytes_ref(plan->ocsp);
        SSL_CTX_set_tlsext_status_cb(server->context, staple);
        SSL_CTX_set_tlsext_status_arg(server->context, server);
    }
    if (plan->alpn) {
        server->alpn = g_byte_array_new();
        for (size_t i = 0; plan->alpn[i]; i++) {
            guint8 len = (guint8)strlen(plan->alpn[i]);
            g_byte_array_append(server->alpn, &len, 1);
            g_byte_array_append(server->alpn, (const guint8 *)plan->alpn[i], len);
        }
        SSL_CTX_set_alpn_select_cb(server->context, choose_alpn, server);
    }
}

static SSL_CTX *make_context(void)
{
    static const unsigned char id[] = "postern";
    OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_SSL_STRINGS, NULL); /* as tls_begin() */
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
    g_autoptr(TlsServer) server = g_new0(TlsServer, 1);
    server->context = make_context();
    ERR_clear_error();
    bool fine = set_versions(server->context, plan, error) &&
                set_suites(server->context, plan, error) &&
                use_certificate(server->context, plan, error) &&
                ask_for_client_certificates(server->context, plan, error);
    if (!fine) {
        return NULL;
    }
    set_answers(server, plan);
    return g_steal_pointer(&server);
}

void tls_server_free(TlsServer *server)
{
    if (server) {
        SSL_CTX_free(server->context);
        g_clear_pointer(&server->ocsp, g_bytes_unref);
        g_clear_pointer(&server->alpn, g_byte_array_unref);
        g_free(server);
    }
}

/* The first address in the subject's alternative names, or NULL. */
static char *first_address(X509 *x)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
    char *found = NULL;
    for (int i = 0; !found && i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        if (name->type == GEN_EMAIL) {
            const ASN1_STRING *text = name->d.rfc822Name;
            found = g_strndup((const char *)ASN1_STRING_get0_data(text),
                              (gsize)ASN1_STRING_length(text));
        }
    }
    GENERAL_NAMES_free(names);
    return found;
}

char *tls_server_client_name(Stream *s)
{
    SSL *ssl = tls_is(s) ? ((TlsConnection *)s)->ssl : NULL;
    X509 *x = ssl ? SSL_get0_peer_certificate(ssl) : NULL;
    if (!x || SSL_get_verify_result(ssl) != X509_V_OK) {
        return NULL;
    }
    char name[256];
    int len =
        X509_NAME_get_text_by_NID(X509_get_subject_name(x), NID_commonName, name, sizeof name);
    char *found = len > 0 && strlen(name) == (size_t)len ? g_strdup(name) : first_address(x);
    ERR_clear_error();
    return found;
}

char *tls_session_words(const Stream *s)
{
    if (!tls_is(s)) {
        return NULL;
    }
    const SSL *ssl = ((const TlsConnection *)s)->ssl;
    return g_strdup_printf("%s %s", SSL_get_version(ssl), SSL_get_cipher_name(ssl));
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
