/* context.c: the one SSL_CTX of all clients. */
#include "tls/context.h"

#include "tls/engine.h"
#include "tls/keylog.h"
#include "tls/session.h"
#include "tls/trust.h"

void tls_begin(void)
{
    OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS | OPENSSL_INIT_NO_ATEXIT, NULL);
}

static SSL_CTX *make_context(void)
{
    OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_SSL_STRINGS, NULL); /* as tls_begin() */
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    if (!context) {
        g_error("OpenSSL cannot make a TLS context: is its configuration broken?");
    }
    /* Buffers of idle sessions are given back (thousands of them live at once); a write may be
     * taken in part, and be tried again from another address. */
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_dane_enable(context);
    SSL_CTX_set_cert_verify_callback(context, tls_trust_verify, NULL);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context, tls_session_arrived);
    SSL_CTX_set_keylog_callback(context, tls_keylog_write);
    return context;
}

SSL_CTX *tls_client_context(void)
{
    static SSL_CTX *context;
    static gsize made;
    if (g_once_init_enter(&made)) {
        context = make_context();
        g_once_init_leave(&made, 1);
    }
    return context;
}
