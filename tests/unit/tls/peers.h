/* peers.h: a TLS server for tests, on a thread of its own, straight on OpenSSL: so that the engine
 * is tried against something that is not itself. */
#pragma once

#include <signal.h>
#include <sys/socket.h>

#include <openssl/ssl.h>

#include "certs.h"
#include "tls/engine.h"

/* What the server does after its handshake. `result` of SSL_accept is 1 when it succeeded. */
typedef void (*TestServe)(SSL *ssl, int result, void *user);

typedef struct {
    SSL_CTX *context;
    TestServe serve; /* NULL: test_echo */
    void *user;
    const char *plain; /* says these bytes instead of speaking TLS */
    int fd;
    GThread *thread;
} TestServer;

/* Sends everything back until the client closes, then says close_notify. */
static inline void test_echo(SSL *ssl, int result, void *user)
{
    (void)user;
    char buffer[16384];
    int got;
    while (result == 1 && (got = SSL_read(ssl, buffer, sizeof buffer)) > 0) {
        if (SSL_write(ssl, buffer, got) <= 0) {
            return;
        }
    }
    if (result == 1) {
        SSL_shutdown(ssl);
    }
}

static inline SSL_CTX *test_server_context(const TestCert *leaf, X509 *const *extra)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_set_security_level(context, 0); /* weak certificates are among the tests */
    SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
    g_assert_true(SSL_CTX_use_certificate(context, leaf->x509));
    g_assert_true(SSL_CTX_use_PrivateKey(context, leaf->key));
    for (size_t i = 0; extra && extra[i]; i++) {
        g_assert_true(SSL_CTX_add1_chain_cert(context, extra[i]));
    }
    SSL_CTX_set_session_id_context(context, (const unsigned char *)"test", 4);
    return context;
}

/* OpenSSL's own socket BIO writes without MSG_NOSIGNAL. Only this thread is spared: the client must
 * do without. */
static inline void test_block_sigpipe(void)
{
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, NULL);
}

static inline void *test_server_thread(void *data)
{
    TestServer *server = data;
    test_block_sigpipe();
    if (server->plain) {
        g_assert_cmpint(send(server->fd, server->plain, strlen(server->plain), MSG_NOSIGNAL), >, 0);
        char buffer[4096];
        while (recv(server->fd, buffer, sizeof buffer, 0) > 0) {
        }
        close(server->fd);
        return NULL;
    }
    SSL *ssl = SSL_new(server->context);
    SSL_set_fd(ssl, server->fd);
    ERR_clear_error();
    int result = SSL_accept(ssl);
    (server->serve ? server->serve : test_echo)(ssl, result, server->user);
    ERR_clear_error();
    SSL_free(ssl);
    close(server->fd);
    return NULL;
}

/* Starts the server; gives the client's end. */
static inline Stream *test_server_start(TestServer *server)
{
    int fds[2];
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
    server->fd = fds[1];
    server->thread = g_thread_new("server", test_server_thread, server);
    GError *error = NULL;
    Stream *lower = stream_from_fd(fds[0], &error);
    g_assert_no_error(error);
    return lower;
}

static inline void test_server_join(TestServer *server)
{
    g_thread_join(server->thread);
    server->thread = NULL;
}

/* One session against the server, up to the end of the handshake. */
static inline Stream *test_connect(TestServer *server, const TlsPlan *plan, const char *host,
                                   TlsPeer **peer, GError **error)
{
    Stream *lower = test_server_start(server);
    return tls_client(lower, plan, host, peer, deadline_in(20), error);
}

/* A line there and back. */
static inline void test_say_and_hear(Stream *s, const char *text)
{
    GError *error = NULL;
    char buffer[256];
    size_t have = 0, len = strlen(text);
    g_assert_true(stream_write(s, bytes_of(text), deadline_in(20), &error));
    g_assert_no_error(error);
    while (have < len) {
        size_t got = 0;
        g_assert_true(
            stream_read(s, buffer + have, sizeof buffer - have, &got, deadline_in(20), &error));
        g_assert_no_error(error);
        g_assert_cmpuint(got, >, 0);
        have += got;
    }
    g_assert_cmpmem(buffer, have, text, len);
}

/* Says goodbye, hears the server's, frees. */
static inline void test_hang_up(Stream *s)
{
    char byte;
    size_t got = 0;
    stream_shutdown(s, deadline_in(20), NULL);
    stream_read(s, &byte, 1, &got, deadline_in(20), NULL);
    stream_free(s);
}
