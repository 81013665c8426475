/* Heartbleed, the early ChangeCipherSpec, fallback: against OpenSSL, which is well, and canned
 * servers, which are not. */
#include "service.h"

static World w;

typedef struct {
    const char *heartbeat, *first,
        *second; /* what is answered, in hex; "": nothing; NULL: closed */
} Flaws;

/* The flight of a server of 2013, and then as the case has it. */
static void answer_as_2013(Service *s, int fd, const uint8_t *hello, size_t len)
{
    bool tls10 =
        hello[0] == 22 && hello[10] > 0 && !memmem(hello, len, "\x00\x2b\x00\x03\x02\x03\x04", 7);
    g_autoptr(GByteArray) octets =
        tls10 ? hello_canned(&(CannedHello){
                    .version = 0x0301, .suite = 0x002f, .extensions = "000f 0001 01 ff01 0001 00"})
              : hello_octets("15 0301 0002 02 46");
    const Flaws *flaws = s->user;
    const char *ccs[] = {flaws->first, flaws->second};
    uint8_t more[512];
    unsigned n = 0;
    service_send(fd, octets);
    while (tls10 && recv(fd, more, sizeof more, 0) > 0 && more[0] != 21 && n < 2) {
        const char *reply = more[0] == 24 ? flaws->heartbeat : ccs[n++];
        if (!reply) {
            return;
        }
        g_autoptr(GByteArray) answer = hello_octets(reply);
        service_send(fd, answer);
        if (more[0] == 24) { /* our goodbye came with it */
            return;
        }
    }
}

static void test_old_flaws_are_found_and_not_invented(void)
{
    static const struct {
        Flaws flaws;
        Known heartbleed, ccs;
    } cases[] = {
        {{"18 0301 0013 02 0010 000102030405060708090a0b0c0d0e0f", "", "15 0301 0002 02 14"},
         YES,
         YES},
        {{"", "15 0301 0002 02 0a", ""}, NO, NO},
        {{"15 0301 0002 02 0a", NULL, NULL}, NO, NO},
        {{NULL, "", NULL}, NO, UNKNOWN},
        {{"16 0301 0004 00000000", "15 0301 0002 02 50", ""}, UNKNOWN, UNKNOWN},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        Service s = {.canned = answer_as_2013, .dialogue = "smtp", .user = (void *)&cases[i].flaws};
        Probing g;
        probing_begin(&g, &s, (ProbePlan){0});
        probe_vulnerable(g.prober);
        g_assert_cmpint(g.facts->version[V_TLS10].offered.known, ==, YES);
        g_assert_cmpint(g.facts->heartbeat.known, ==, YES);
        g_test_message("%zu: %s; %s", i, g.facts->heartbleed.why, g.facts->ccs_injection.why);
        g_assert_cmpint(g.facts->heartbleed.known, ==, cases[i].heartbleed);
        g_assert_cmpint(g.facts->ccs_injection.known, ==, cases[i].ccs);
        probing_end(&g, &s);
    }
}

static void test_openssl_of_today_is_well(void)
{
    Service s = {.context = test_server_context(&w.leaf, NULL)};
    Probing g;
    probing_begin(&g, &s, (ProbePlan){0});
    probe_suites(g.prober);
    probe_extensions(g.prober);
    probe_etm(g.prober);
    probe_vulnerable(g.prober);
    const Facts *f = g.facts;
    g_test_message("%s", f->ccs_injection.why);
    g_assert_cmpint(f->heartbleed.known, ==, NO);
    g_assert_cmpint(f->ccs_injection.known, ==, NO);
    g_assert_cmpint(f->robot.known, ==, NO); /* an ECDSA key: no static RSA */
    g_assert_cmpint(f->fallback_scsv.known, ==, YES);
    g_assert_cmpint(f->ems.known, ==, YES);
    g_assert_cmpint(f->etm.known, ==, YES);
    g_assert_cmpint(f->secure_renegotiation.known, ==, YES);
    g_assert_cmpint(f->compression.known, ==, NO);
    g_assert_cmpint(f->sentinel.known, ==, YES);
    probing_end(&g, &s);
}

static void test_fallback_without_the_signal_is_told(void)
{
    Service s = {.canned = answer_as_2013, .dialogue = "smtp", .user = &(Flaws){"", "", ""}};
    Probing g;
    probing_begin(&g, &s, (ProbePlan){0});
    probe_extensions(g.prober); /* TLS 1.0 is all there is: nothing to fall back to */
    g_assert_cmpint(g.facts->fallback_scsv.known, ==, YES);
    fact_set(&g.facts->version[V_TLS13].offered, YES, NULL); /* as if it had it, and did not mind */
    probe_extensions(g.prober);
    g_assert_cmpint(g.facts->fallback_scsv.known, ==, NO);
    probing_end(&g, &s);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    w = world_new();
    g_test_add_func("/probe-vulnerable/canned", test_old_flaws_are_found_and_not_invented);
    g_test_add_func("/probe-vulnerable/openssl", test_openssl_of_today_is_well);
    g_test_add_func("/probe-vulnerable/fallback", test_fallback_without_the_signal_is_told);
    int result = g_test_run();
    world_clear(&w);
    return result;
}
