/* Versions, against OpenSSL and against canned servers of another age. */
#include "service.h"

static World w;

static SSL_CTX *context_of(int min, int max)
{
    SSL_CTX *context = test_server_context(&w.leaf, NULL);
    SSL_CTX_set_cipher_list(context, "ALL:COMPLEMENTOFALL:@SECLEVEL=0");
    SSL_CTX_set_min_proto_version(context, min);
    SSL_CTX_set_max_proto_version(context, max);
    return context;
}

static void assert_versions(const Facts *f, const char *expected)
{
    for (int v = V_SSL2; v < V_COUNT; v++) {
        Known known = f->version[v].offered.known;
        char seen = known == YES ? 'y' : known == NO ? 'n' : '?';
        if (seen != expected[v]) {
            g_error("%s: %c (%s), expected %c", version_index_name((VersionIndex)v), seen,
                    f->version[v].offered.why, expected[v]);
        }
        g_assert_nonnull(f->version[v].offered.why);
    }
}

static void test_versions_are_found_with_few_connections(void)
{
    static const struct {
        int min, max;
        const char *expected, *dialogue;
        unsigned connections;
    } cases[] = {
        {TLS1_2_VERSION, TLS1_3_VERSION, "nnnnyy", NULL, 4},
        {TLS1_VERSION, TLS1_3_VERSION, "nnyyyy", "smtp", 6},
        {TLS1_3_VERSION, TLS1_3_VERSION, "nnnnny", NULL, 3},
        {TLS1_VERSION, TLS1_VERSION, "nnynnn", "smtp", 4},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        Service s = {.context = context_of(cases[i].min, cases[i].max),
                     .dialogue = cases[i].dialogue};
        Probing g;
        probing_begin(&g, &s, (ProbePlan){0});
        assert_versions(g.facts, cases[i].expected);
        g_assert_cmpuint(g.facts->connections, ==, cases[i].connections);
        g_assert_cmpint(g.facts->tls13_intolerant.known, ==, NO);
        g_assert_cmpint(g.facts->reachable.known, ==, YES);
        g_assert_cmpstr(g.facts->address, ==, "127.0.0.1");
        service_stop(&s);
        g_assert_cmpuint(s.count, ==, g.facts->connections);
        probing_stop(&g);
    }
}

/* --- canned --- */

static uint16_t asked_version(const uint8_t *hello, size_t len)
{
    return len > 11 && hello[0] == 22 ? (uint16_t)(hello[9] << 8 | hello[10]) : 0x0002;
}

/* SSLv2 and SSLv3, and nothing since. */
static void answer_as_1998(Service *s, int fd, const uint8_t *hello, size_t len)
{
    (void)s;
    g_autoptr(GByteArray) octets =
        asked_version(hello, len) == 2
            ? hello_octets("8018 04 00 01 0002 0003 0006 0004 c1c2c3 010080 0700c0 01020304")
            : hello_canned(&(CannedHello){.version = 0x0300, .suite = 0x0004});
    service_send(fd, octets);
}

static void test_a_server_of_1998_is_found_out(void)
{
    Service s = {.canned = answer_as_1998, .dialogue = "smtp"};
    Probing g;
    probing_begin(&g, &s, (ProbePlan){0});
    assert_versions(g.facts, "yynnnn");
    const VersionFacts *ssl2 = &g.facts->version[V_SSL2];
    g_assert_cmpuint(ssl2->suites->len, ==, 2);
    g_assert_cmpuint(g_array_index(ssl2->suites, uint32_t, 1), ==, 0x0700c0);
    g_assert_cmpint(g.facts->suite_class[CLASS_RC4].known, ==, YES);
    g_assert_cmpint(g.facts->secure_renegotiation.known, ==, NO);
    probing_end(&g, &s);
}

/* Answers TLS 1.2, but drops whoever mentions TLS 1.3. */
static void answer_intolerantly(Service *s, int fd, const uint8_t *hello, size_t len)
{
    (void)s;
    g_autoptr(GByteArray) octets =
        asked_version(hello, len) == 0x0303
            ? hello_canned(&(CannedHello){.version = 0x0303, .suite = 0xc02f})
            : hello_octets("15 0301 0002 02 46");
    if (!memmem(hello, len, "\x00\x2b\x00\x03\x02\x03\x04", 7)) {
        service_send(fd, octets);
    }
}

static void test_intolerance_is_not_taken_for_absence(void)
{
    Service s = {.canned = answer_intolerantly, .dialogue = "smtp"};
    Probing g;
    probing_begin(&g, &s, (ProbePlan){0});
    assert_versions(g.facts, "nnnny?");
    g_assert_cmpint(g.facts->tls13_intolerant.known, ==, YES);
    probing_end(&g, &s);
}

static void answer_internal_error(Service *s, int fd, const uint8_t *hello, size_t len)
{
    (void)s;
    (void)hello;
    (void)len;
    g_autoptr(GByteArray) octets = hello_octets("15 0303 0002 02 50");
    service_send(fd, octets);
}

static void answer_nothing(Service *s, int fd, const uint8_t *hello, size_t len)
{
    (void)s;
    (void)fd;
    (void)hello;
    (void)len;
}

static void answer_in_the_clear(Service *s, int fd, const uint8_t *hello, size_t len)
{
    (void)s;
    (void)hello;
    (void)len;
    service_say(fd, "500 what?\r\n");
}

static void test_what_says_nothing_stays_unknown(void)
{
    static const struct {
        void (*canned)(Service *s, int fd, const uint8_t *hello, size_t len);
        const char *words;
    } cases[] = {{answer_internal_error, "alert internal_error"},
                 {answer_nothing, "closed the connection"},
                 {answer_in_the_clear, "500 what?"}};
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        Service s = {.canned = cases[i].canned, .dialogue = "smtp"};
        Probing g;
        probing_begin(&g, &s, (ProbePlan){0});
        assert_versions(g.facts, "??????");
        g_assert_nonnull(strstr(g.facts->version[V_TLS12].offered.why, cases[i].words));
        g_assert_cmpint(g.facts->tls13_intolerant.known, ==, UNKNOWN);
        probing_end(&g, &s);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    w = world_new();
    g_test_add_func("/probe-versions/openssl", test_versions_are_found_with_few_connections);
    g_test_add_func("/probe-versions/1998", test_a_server_of_1998_is_found_out);
    g_test_add_func("/probe-versions/intolerant", test_intolerance_is_not_taken_for_absence);
    g_test_add_func("/probe-versions/unknown", test_what_says_nothing_stays_unknown);
    int result = g_test_run();
    world_clear(&w);
    return result;
}
