/* Channel bindings: the same at both ends, absent where they would be worth nothing. */
#include "world.h"

static World w;

enum { EXPORTER, UNIQUE, END_POINT, KINDS };

typedef struct {
    uint8_t data[KINDS][64];
    size_t len[KINDS];
} Bindings;

/* The server's own computation, straight on OpenSSL. */
static void compute_at_server(SSL *ssl, int result, void *user)
{
    Bindings *b = user;
    g_assert_cmpint(result, ==, 1);
    b->len[EXPORTER] = 32;
    g_assert_true(SSL_export_keying_material(ssl, b->data[EXPORTER], 32, "EXPORTER-Channel-Binding",
                                             24, (const uint8_t *)"", 0, 1));
    b->len[UNIQUE] = SSL_session_reused(ssl) ? SSL_get_finished(ssl, b->data[UNIQUE], 64)
                                             : SSL_get_peer_finished(ssl, b->data[UNIQUE], 64);
    unsigned len;
    X509_digest(SSL_get_certificate(ssl), EVP_sha256(), b->data[END_POINT], &len);
    b->len[END_POINT] = len;
    test_echo(ssl, result, NULL);
}

typedef struct {
    SSL_CTX *context;
    TlsPlan plan;
    TlsSession *session;
    GByteArray *mine[KINDS];
    Bindings theirs;
    bool resumed;
} Run;

static void run(Run *r)
{
    static const char *const types[] = {"tls-exporter", "tls-unique", "tls-server-end-point"};
    TestServer server = {.context = r->context, .serve = compute_at_server, .user = &r->theirs};
    TlsPeer *peer = NULL;
    GError *error = NULL;
    Stream *s = test_connect(&server, &r->plan, "mail.test", &peer, &error);
    g_assert_no_error(error);
    r->resumed = peer->resumed;
    for (size_t i = 0; i < KINDS; i++) {
        r->mine[i] = tls_channel_binding(s, types[i]);
    }
    g_assert_null(tls_channel_binding(s, "tls-nonsense"));
    test_say_and_hear(s, "hello");
    r->session = tls_session_take(s);
    test_hang_up(s);
    test_server_join(&server);
    tls_peer_free(peer);
}

static void expect(const Run *r, size_t kind, bool present)
{
    if (!present) {
        g_assert_null(r->mine[kind]);
        return;
    }
    g_assert_nonnull(r->mine[kind]);
    g_assert_cmpmem(r->mine[kind]->data, r->mine[kind]->len, r->theirs.data[kind],
                    r->theirs.len[kind]);
}

static void run_clear(Run *r)
{
    for (size_t i = 0; i < KINDS; i++) {
        g_clear_pointer(&r->mine[i], g_byte_array_unref);
    }
    g_clear_pointer(&r->session, tls_session_free);
}

static void test_both_ends_have_the_same(void)
{
    static const struct {
        TlsVersion max;
        bool no_ems, exporter, unique;
    } cases[] = {
        {TLS_1_3, false, true, false},
        {TLS_1_2, false, true, true},
        {TLS_1_2, true, false, true}, /* a full handshake: tls-unique still holds */
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        Run r = {.context = test_server_context(&w.leaf, NULL), .plan = world_plan(&w)};
        if (cases[i].no_ems) {
            SSL_CTX_set_options(r.context, SSL_OP_NO_EXTENDED_MASTER_SECRET);
        }
        r.plan.max = cases[i].max;
        run(&r);
        expect(&r, EXPORTER, cases[i].exporter);
        expect(&r, UNIQUE, cases[i].unique);
        expect(&r, END_POINT, true);
        run_clear(&r);
        SSL_CTX_free(r.context);
    }
}

static void test_resumption_without_extended_master_secret_has_no_tls_unique(void)
{
    for (int no_ems = 0; no_ems <= 1; no_ems++) {
        Run first = {.context = test_server_context(&w.leaf, NULL), .plan = world_plan(&w)};
        if (no_ems) {
            SSL_CTX_set_options(first.context, SSL_OP_NO_EXTENDED_MASTER_SECRET);
        }
        first.plan.max = TLS_1_2;
        run(&first);
        Run second = {.context = first.context, .plan = first.plan};
        second.plan.resume = first.session;
        run(&second);
        g_assert_true(second.resumed);
        expect(&second, UNIQUE, !no_ems);
        expect(&second, END_POINT, true);
        run_clear(&first);
        run_clear(&second);
        SSL_CTX_free(first.context);
    }
}

static GByteArray *end_point(const TestCert *cert)
{
    TestServer server = {.context = test_server_context(cert, NULL)};
    TlsPlan plan = {.no_verify = true};
    TlsPeer *peer = NULL;
    Stream *s = test_connect(&server, &plan, "mail.test", &peer, NULL);
    g_assert_nonnull(s);
    GByteArray *binding = tls_channel_binding(s, "tls-server-end-point");
    test_hang_up(s);
    test_server_join(&server);
    tls_peer_free(peer);
    SSL_CTX_free(server.context);
    return binding;
}

static void test_the_end_point_of_a_sha1_certificate_is_by_sha256(void)
{
    TestCert sha1 = test_cert((TestCertSpec){.cn = "mail.test", .sha1 = true});
    g_autoptr(GByteArray) binding = end_point(&sha1);
    uint8_t wanted[32];
    unsigned len;
    X509_digest(sha1.x509, EVP_sha256(), wanted, &len);
    g_assert_cmpmem(binding->data, binding->len, wanted, len);
    test_cert_clear(&sha1);
}

static void test_a_signature_without_a_hash_has_no_end_point(void)
{
    TestCert ed25519 = test_cert((TestCertSpec){.cn = "mail.test", .key_type = "ED25519"});
    g_assert_null(end_point(&ed25519));
    test_cert_clear(&ed25519);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    w = world_new();
    g_test_add_func("/bindings/same", test_both_ends_have_the_same);
    g_test_add_func("/bindings/resumed",
                    test_resumption_without_extended_master_secret_has_no_tls_unique);
    g_test_add_func("/bindings/sha1", test_the_end_point_of_a_sha1_certificate_is_by_sha256);
    g_test_add_func("/bindings/ed25519", test_a_signature_without_a_hash_has_no_end_point);
    int result = g_test_run();
    world_clear(&w);
    return result;
}
