/* Suites: what is enumerated has to be what is found by asking for one at a time. */
#include "service.h"

static World w;
static TestCert rsa;

static SSL_CTX *context_with(const char *ciphers, int min, int max)
{
    SSL_CTX *context = test_server_context(&rsa, NULL);
    g_assert_true(SSL_CTX_use_certificate(context, w.leaf.x509));
    g_assert_true(SSL_CTX_use_PrivateKey(context, w.leaf.key));
    g_assert_true(SSL_CTX_set_cipher_list(context, ciphers));
    SSL_CTX_set_min_proto_version(context, min);
    SSL_CTX_set_max_proto_version(context, max);
    SSL_CTX_set_dh_auto(context, 1);
    return context;
}

/* One connection a suite, and no cleverness. */
static GArray *truth(Prober *p, VersionIndex v)
{
    GArray *found = g_array_new(FALSE, FALSE, sizeof(uint16_t));
    const GArray *all = v == V_TLS13 ? p->suites13 : p->suites;
    for (guint i = 0; i < all->len; i++) {
        g_autoptr(GArray) one = g_array_new(FALSE, FALSE, sizeof(uint16_t));
        list_add(one, g_array_index(all, uint16_t, i));
        g_autofree char *why = NULL;
        g_auto(Asked) asked = {0};
        if (ask_suites(p, v, one, &asked, &why) == YES) {
            list_add(found, g_array_index(all, uint16_t, i));
        }
    }
    return found;
}

static void assert_same_set(const GArray *a, const GArray *b)
{
    for (guint i = 0; i < a->len && a->len != b->len; i++) {
        uint16_t id = g_array_index(a, uint16_t, i);
        if (!list_has(b, id)) {
            g_test_message("missing: %s", hello_suite(id)->name);
        }
    }
    g_assert_cmpuint(a->len, ==, b->len);
    for (guint i = 0; i < a->len; i++) {
        g_assert_true(list_has(b, g_array_index(a, uint16_t, i)));
    }
}

/* By the server's order in one chain, by the client's in sets beside each other: the same suites.
 * What the sets cost is a refusal for some of them. */
static void test_the_enumeration_equals_one_at_a_time(void)
{
    for (int by_server = 0; by_server < 2; by_server++) {
        Service s = {.context = context_with("ALL:COMPLEMENTOFALL:@SECLEVEL=0", TLS1_VERSION, 0)};
        if (by_server) {
            SSL_CTX_set_options(s.context, SSL_OP_CIPHER_SERVER_PREFERENCE);
        }
        Probing g, single;
        probing_begin(&g, &s, (ProbePlan){.full = true});
        probe_order(g.prober);
        probe_suites(g.prober);
        unsigned used = g.facts->connections;
        probing_start(&single, &s, (ProbePlan){.max_connections = 2000});
        unsigned pairs = 0;
        for (int v = V_TLS10; v < V_COUNT; v++) {
            g_autoptr(GArray) expected = truth(single.prober, (VersionIndex)v);
            g_test_message("%s: %u, %s", version_index_name((VersionIndex)v), expected->len,
                           g.facts->version[v].suites_complete.why);
            assert_same_set(expected, g.facts->version[v].suites);
            g_assert_cmpint(g.facts->version[v].suites_complete.known, ==, YES);
            pairs += expected->len;
        }
        g_test_message("%u connections for %u pairs", used, pairs);
        g_assert_cmpuint(used, <=, pairs + (by_server ? 12 : 24));
        g_assert_cmpint(g.facts->suite_class[CLASS_ANON].known, ==, YES);
        g_assert_cmpint(g.facts->suite_class[CLASS_RC4].known, ==, NO);
        g_assert_cmpint(g.facts->version[V_TLS12].server_order.known, ==, by_server ? YES : NO);
        probing_end(&g, &s);
        probing_stop(&single);
    }
}

static void test_classes_give_a_verdict_with_few_connections(void)
{
    static const struct {
        const char *ciphers, *dialogue;
        const char *expected; /* in the order of SuiteClass */
        unsigned connections;
    } cases[] = {
        {"ECDHE+AESGCM", NULL, "nnnnnnnnnyy", 4},
        {"ECDHE+AESGCM:AES128-SHA:AES128-GCM-SHA256", "smtp", "nnnnnnyynyy", 4},
        {"ALL:eNULL:@SECLEVEL=0", "smtp", "yynnnnyyyyy", 7},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        Service s = {.context = context_with(cases[i].ciphers, TLS1_2_VERSION, TLS1_2_VERSION),
                     .dialogue = cases[i].dialogue};
        Probing g;
        probing_begin(&g, &s, (ProbePlan){0});
        unsigned before = g.facts->connections;
        probe_suites(g.prober);
        for (int c = 0; c < CLASS_COUNT; c++) {
            Known expected = cases[i].expected[c] == 'y' ? YES : NO;
            if (g.facts->suite_class[c].known != expected) {
                g_error("%zu: %s is %d: %s", i, suite_class_name((SuiteClass)c),
                        g.facts->suite_class[c].known, g.facts->suite_class[c].why);
            }
        }
        g_assert_cmpuint(g.facts->connections - before, <=, cases[i].connections);
        g_assert_cmpint(g.facts->version[V_TLS12].suites_complete.known, ==, UNKNOWN);
        probing_end(&g, &s);
    }
}

static void test_the_order_is_told_apart(void)
{
    for (int server = 0; server < 2; server++) {
        Service s = {.context = context_with("ECDHE+AESGCM:AES128-SHA:DHE+AESGCM", TLS1_2_VERSION,
                                             TLS1_2_VERSION)};
        if (server) {
            SSL_CTX_set_options(s.context, SSL_OP_CIPHER_SERVER_PREFERENCE);
        }
        Probing g;
        probing_begin(&g, &s, (ProbePlan){0});
        probe_suites(g.prober);
        probe_certificates(g.prober);
        probe_order(g.prober);
        g_assert_cmpint(g.facts->version[V_TLS12].server_order.known, ==, server ? YES : NO);
        g_assert_cmpint(g.facts->sni_needed.known, ==, NO);
        g_assert_cmpuint(g.facts->chains->len, ==, 2); /* RSA and ECDSA */
        g_assert_cmpint(g.facts->chains_complete.known, ==, YES);
        g_assert_cmpuint(g.facts->dh_bits, >=, 1024);
        probing_end(&g, &s);
    }
}

static int needs_name(SSL *ssl, int *alert, void *user)
{
    (void)user;
    *alert = SSL_AD_UNRECOGNIZED_NAME;
    return SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name) ? SSL_TLSEXT_ERR_OK
                                                              : SSL_TLSEXT_ERR_ALERT_FATAL;
}

static void test_a_server_that_needs_the_name_is_found(void)
{
    Service s = {.context = context_with("ECDHE+AESGCM:AES128-SHA", TLS1_2_VERSION, 0),
                 .dialogue = "smtp"};
    SSL_CTX_set_tlsext_servername_callback(s.context, needs_name);
    Probing g;
    probing_begin(&g, &s, (ProbePlan){0});
    probe_suites(g.prober);
    probe_order(g.prober);
    g_assert_cmpint(g.facts->sni_needed.known, ==, YES);
    g_assert_nonnull(strstr(g.facts->sni_needed.why, "unrecognized_name"));
    g_assert_cmpint(g.facts->version[V_TLS12].server_order.known, ==, NO);
    probing_end(&g, &s);
}

/* --- a server that chooses DHE and has no DH parameters, as Dovecot without ssl_dh --- */

/* Chooses by its own order among what it has; the DHE ones first, and those fail. */
static void answer_without_dh(Service *s, int fd, const uint8_t *hello, size_t len)
{
    static const uint16_t has[] = {0x009f, 0x009e, 0x0033, 0xc030, 0xc02f, 0x009d, 0x009c, 0x002f};
    bool readable = hello[0] == 22 && len > 46 && len > 46u + hello[43];
    size_t suites_at = readable ? 44u + hello[43] : 0;
    size_t n = readable ? (size_t)(hello[suites_at] << 8 | hello[suites_at + 1]) / 2 : 0;
    n = MIN(n, (len - suites_at - 2) / 2);
    g_autoptr(GByteArray) octets = NULL;
    for (size_t h = 0; h < G_N_ELEMENTS(has) && !octets; h++) {
        for (size_t i = 0; i < n && !octets; i++) {
            const uint8_t *at = hello + suites_at + 2 + 2 * i;
            if ((at[0] << 8 | at[1]) != has[h]) {
                continue;
            }
            bool dhe = h < 3;
            octets =
                hello_canned(&(CannedHello){.version = 0x0303, .suite = has[h], .unfinished = dhe});
            if (dhe) {
                hello_put(octets, "15 0303 0002 02 50");
            }
        }
    }
    if (hello[0] != 22 || hello[10] != 3 || memmem(hello, len, "\x00\x2b\x00\x03\x02\x03\x04", 7)) {
        g_clear_pointer(&octets, g_byte_array_unref);
    }
    octets = octets ? octets : hello_octets("15 0303 0002 02 28");
    /* As Dovecot 2.3 does it: whatever fails, nothing at all is sent. */
    if (!s->user || octets->data[octets->len - 7] != 21) {
        service_send(fd, octets);
    }
}

static void test_a_server_without_alerts_is_understood(void)
{
    for (int full = 0; full < 4; full++) {
        Service s = {.canned = answer_without_dh,
                     .dialogue = full & 2 ? NULL : "smtp",
                     .user = (void *)"no alerts"};
        Probing g;
        probing_begin(&g, &s, (ProbePlan){.full = full & 1});
        probe_suites(g.prober);
        const VersionFacts *tls12 = &g.facts->version[V_TLS12];
        g_assert_cmpint(g.prober->refuses_by_closing, ==, YES);
        g_assert_cmpint(tls12->offered.known, ==, YES);
        g_assert_cmpint(g.facts->version[V_TLS13].offered.known, ==, NO);
        g_assert_cmpint(g.facts->version[V_TLS10].offered.known, ==, NO);
        g_assert_cmpint(g.facts->suite_class[CLASS_ECDHE].known, ==, YES);
        g_assert_cmpint(g.facts->suite_class[CLASS_RC4].known, ==, NO);
        g_assert_cmpint(g.facts->suite_class[CLASS_DHE].known, ==, NO);
        if (full & 1) {
            g_assert_cmpuint(tls12->suites->len, ==, 5);
            g_assert_cmpint(tls12->suites_complete.known, ==, YES);
        } else {
            g_assert_cmpuint(g.facts->connections, <=, 15);
        }
        probing_end(&g, &s);
    }
}

static void test_missing_dh_parameters_hide_nothing_else(void)
{
    for (int full = 0; full < 2; full++) {
        Service s = {.canned = answer_without_dh, .dialogue = full ? NULL : "smtp"};
        Probing g;
        probing_begin(&g, &s, (ProbePlan){.full = full});
        probe_suites(g.prober);
        const VersionFacts *tls12 = &g.facts->version[V_TLS12];
        g_assert_cmpint(tls12->offered.known, ==, YES);
        g_assert_cmpint(g.facts->suite_class[CLASS_ECDHE].known, ==, YES);
        g_assert_cmpint(g.facts->suite_class[CLASS_DHE].known, ==, UNKNOWN);
        g_assert_nonnull(strstr(g.facts->suite_class[CLASS_DHE].why, "alert internal_error"));
        if (full) {
            g_assert_cmpuint(tls12->suites->len, ==, 5);
            g_assert_cmpint(tls12->suites_complete.known, ==, UNKNOWN);
            g_assert_nonnull(strstr(tls12->suites_complete.why, "internal_error"));
        }
        probing_end(&g, &s);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    w = world_new();
    rsa = test_cert((TestCertSpec){.cn = "mail.test", .san = "DNS:mail.test", .rsa_bits = 2048});
    g_test_add_func("/probe-suites/truth", test_the_enumeration_equals_one_at_a_time);
    g_test_add_func("/probe-suites/classes", test_classes_give_a_verdict_with_few_connections);
    g_test_add_func("/probe-suites/order", test_the_order_is_told_apart);
    g_test_add_func("/probe-suites/sni", test_a_server_that_needs_the_name_is_found);
    g_test_add_func("/probe-suites/no-dh", test_missing_dh_parameters_hide_nothing_else);
    g_test_add_func("/probe-suites/no-alerts", test_a_server_without_alerts_is_understood);
    int result = g_test_run();
    test_cert_clear(&rsa);
    world_clear(&w);
    return result;
}
