/* Groups and signature schemes, against OpenSSL and against a canned server with a hybrid group. */
#include "service.h"

static World w;
static TestCert rsa;

static SSL_CTX *context_with(const char *groups)
{
    SSL_CTX *context = test_server_context(&w.leaf, NULL);
    g_assert_true(SSL_CTX_set1_groups_list(context, groups));
    return context;
}

static void probe(Probing *g, Service *s, bool full)
{
    probing_begin(g, s, (ProbePlan){.full = full});
    probe_groups(g->prober);
}

static void test_all_groups_are_found(void)
{
    Service s = {.context = context_with("X25519:P-256:P-384:ffdhe3072"), .dialogue = "smtp"};
    Probing g;
    probe(&g, &s, true);
    static const uint16_t expected[] = {0x001d, 0x0017, 0x0018, 0x0101};
    g_assert_cmpuint(g.facts->groups->len, ==, G_N_ELEMENTS(expected));
    for (size_t i = 0; i < G_N_ELEMENTS(expected); i++) {
        g_assert_true(list_has(g.facts->groups, expected[i]));
    }
    g_assert_cmpint(g.facts->groups_complete.known, ==, YES);
    g_assert_cmpint(g.facts->hybrid_groups.known, ==, NO);
    g_assert_cmpint(g.facts->weak_groups.known, ==, NO);
    g_assert_true(list_has(g.facts->signatures, 0x0403));
    g_assert_false(list_has(g.facts->signatures, 0x0804)); /* there is no RSA key */
    probing_end(&g, &s);
}

static void test_kinds_of_groups_take_two_connections(void)
{
    Service s = {.context = context_with("X25519:P-256")};
    Probing g;
    probing_begin(&g, &s, (ProbePlan){0});
    unsigned before = g.facts->connections;
    probe_groups(g.prober);
    g_assert_cmpuint(g.facts->connections - before, ==, 2);
    g_assert_cmpint(g.facts->groups_complete.known, ==, UNKNOWN);
    g_assert_cmpint(g.facts->hybrid_groups.known, ==, NO);
    probing_end(&g, &s);
}

/* An ECDSA certificate can only be used with a client that knows its curve (RFC 8422
 * section 5.1.1): a refusal of weak groups alone says nothing then. */
static void test_weak_groups_are_found_or_left_open(void)
{
    static const struct {
        bool rsa, weak, by_server;
        Known expected;
    } cases[] = {
        {true, true, true, YES},      {true, false, true, NO},   {false, true, false, YES},
        {false, true, true, UNKNOWN}, {false, false, false, NO},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        Service s = {.context = test_server_context(cases[i].rsa ? &rsa : &w.leaf, NULL),
                     .dialogue = "smtp"};
        SSL_CTX_set_cipher_list(s.context, "ECDHE+AES:@SECLEVEL=0");
        SSL_CTX_set1_groups_list(s.context, cases[i].weak ? "P-256:P-192" : "P-256");
        if (cases[i].by_server) {
            SSL_CTX_set_options(s.context, SSL_OP_CIPHER_SERVER_PREFERENCE);
        }
        Probing g;
        probing_begin(&g, &s, (ProbePlan){0});
        probe_suites(g.prober);
        probe_order(g.prober);
        probe_groups(g.prober);
        if (g.facts->weak_groups.known != cases[i].expected) {
            g_error("%zu: %d: %s; order %d: %s", i, g.facts->weak_groups.known,
                    g.facts->weak_groups.why, g.facts->version[V_TLS12].server_order.known,
                    g.facts->version[V_TLS12].server_order.why);
        }
        probing_end(&g, &s);
    }
}

/* TLS 1.3 with X25519MLKEM768 and x25519, by HelloRetryRequests. */
static void answer_hybrid(Service *s, int fd, const uint8_t *hello, size_t len)
{
    (void)s;
    bool tls13 = memmem(hello, len, "\x00\x2b\x00\x03\x02\x03\x04", 7) != NULL;
    bool hybrid = memmem(hello, len, "\x11\xec", 2) != NULL,
         x25519 = memmem(hello, len, "\x00\x1d\x00\x17", 4) != NULL;
    g_autoptr(GByteArray) octets = g_byte_array_new();
    if (tls13 && (hybrid || x25519)) {
        hello_put_server_hello(
            octets,
            &(CannedHello){.version = 0x0303,
                           .suite = 0x1301,
                           .random =
                               "cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c",
                           .extensions = hybrid ? "002b 0002 0304 0033 0002 11ec"
                                                : "002b 0002 0304 0033 0002 001d"});
    } else {
        hello_put(octets, tls13 ? "15 0303 0002 02 28" : "15 0303 0002 02 46");
    }
    service_send(fd, octets);
}

static void test_a_hybrid_server_is_recognised(void)
{
    Service s = {.canned = answer_hybrid, .dialogue = "smtp"};
    Probing g;
    probe(&g, &s, false);
    g_assert_cmpint(g.facts->version[V_TLS13].offered.known, ==, YES);
    g_assert_cmpint(g.facts->hybrid_groups.known, ==, YES);
    g_assert_cmpstr(g.facts->hybrid_groups.why, ==, "X25519MLKEM768");
    probing_end(&g, &s);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    w = world_new();
    rsa = test_cert((TestCertSpec){.cn = "mail.test", .san = "DNS:mail.test", .rsa_bits = 2048});
    g_test_add_func("/probe-groups/all", test_all_groups_are_found);
    g_test_add_func("/probe-groups/kinds", test_kinds_of_groups_take_two_connections);
    g_test_add_func("/probe-groups/weak", test_weak_groups_are_found_or_left_open);
    g_test_add_func("/probe-groups/hybrid", test_a_hybrid_server_is_recognised);
    int result = g_test_run();
    test_cert_clear(&rsa);
    world_clear(&w);
    return result;
}
