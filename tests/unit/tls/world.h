/* world.h: what most tests of TLS need: an authority, a certificate for mail.test under it, files
 * of both. */
#pragma once

#include "peers.h"

typedef struct {
    char *folder;
    TestCert root, intermediate, leaf; /* the leaf is signed by the root */
    char *ca_file;                     /* the root */
    char *leaf_file;                   /* certificate and key of the leaf */
} World;

static inline World world_new(void)
{
    World w = {.folder = test_folder()};
    w.root = test_cert((TestCertSpec){.cn = "Test Root", .ca = true});
    w.intermediate =
        test_cert((TestCertSpec){.cn = "Test Intermediate", .ca = true, .issuer = &w.root});
    w.leaf = test_cert((TestCertSpec){
        .cn = "mail.test", .san = "DNS:mail.test,DNS:*.wild.test,IP:127.0.0.1", .issuer = &w.root});
    w.ca_file = test_pem_cert(w.folder, "root.pem", &w.root);
    w.leaf_file =
        test_pem(w.folder, "leaf.pem", (X509 *const[]){w.leaf.x509, NULL}, w.leaf.key, NULL);
    return w;
}

static inline void world_clear(World *w)
{
    test_cert_clear(&w->root);
    test_cert_clear(&w->intermediate);
    test_cert_clear(&w->leaf);
    g_free(w->ca_file);
    g_free(w->leaf_file);
    test_folder_remove(w->folder);
}

static inline TlsPlan world_plan(const World *w)
{
    return (TlsPlan){.ca_file = w->ca_file};
}

/* Connects to a server with this certificate and chain, and expects success. */
static inline TlsPeer *world_accepts(const TestCert *leaf, X509 *const *extra, const TlsPlan *plan,
                                     const char *host)
{
    TestServer server = {.context = test_server_context(leaf, extra)};
    GError *error = NULL;
    TlsPeer *peer = NULL;
    Stream *s = test_connect(&server, plan, host, &peer, &error);
    g_assert_no_error(error);
    g_assert_nonnull(s);
    g_assert_nonnull(peer);
    test_say_and_hear(s, "hello\r\n");
    test_hang_up(s);
    test_server_join(&server);
    SSL_CTX_free(server.context);
    return peer;
}

/* Remembers what the server got after its handshake. */
static inline void world_listen(SSL *ssl, int result, void *user)
{
    char byte;
    *(int *)user = result == 1 ? SSL_read(ssl, &byte, 1) : -1;
}

/* Connects and expects INSECURE, with the facts told and not a byte of ours sent. */
static inline TlsPeer *world_refuses(const TestCert *leaf, X509 *const *extra, const TlsPlan *plan,
                                     const char *host)
{
    int heard = -2;
    TestServer server = {
        .context = test_server_context(leaf, extra), .serve = world_listen, .user = &heard};
    g_autoptr(GError) error = NULL;
    TlsPeer *peer = NULL;
    Stream *s = test_connect(&server, plan, host, &peer, &error);
    g_assert_null(s);
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_INSECURE);
    g_assert_nonnull(peer);
    g_assert_false(peer->verified);
    g_assert_cmpint(peer->trust, ==, TLS_TRUST_NONE);
    g_assert_nonnull(peer->why_not);
    g_assert_nonnull(strstr(error->message, peer->why_not));
    g_assert_cmpuint(peer->chain->len, >, 0);
    test_server_join(&server);
    g_assert_cmpint(heard, <=, 0);
    SSL_CTX_free(server.context);
    return peer;
}

static inline void world_says(const TlsPeer *peer, const char *words)
{
    if (!strstr(peer->why_not, words)) {
        g_error("\"%s\" is missing in:\n%s", words, peer->why_not);
    }
}
