/* The connections: counted, spaced, given up; and what is made of a server that turns us away. */
#include "service.h"

static World w;

static SSL_CTX *context_plain(void)
{
    return test_server_context(&w.leaf, NULL);
}

static AskedOutcome ask_everything(Prober *p, Asked *asked)
{
    HelloOffer offer = offer_everything(p, V_TLS12);
    prober_ask(p, &offer, asked);
    return asked->outcome;
}

static void test_the_budget_is_kept_and_told(void)
{
    Service s = {.context = context_plain(), .dialogue = "smtp"};
    Probing g;
    service_start(&s);
    probing_start(&g, &s, (ProbePlan){.max_connections = 2});
    for (int i = 0; i < 2; i++) {
        g_auto(Asked) asked = {0};
        g_assert_cmpint(ask_everything(g.prober, &asked), ==, ASKED_CHOSE);
    }
    g_auto(Asked) asked = {0};
    g_assert_cmpint(ask_everything(g.prober, &asked), ==, ASKED_NOT);
    g_assert_nonnull(strstr(asked.why, "the budget of 2 connections is used up"));
    g_assert_cmpuint(g.facts->connections, ==, 2);
    g_assert_false(prober_can(g.prober, 1));
    service_stop(&s);
    g_assert_cmpuint(s.count, ==, 2);
    probing_stop(&g);
}

static void test_a_server_that_turns_us_away_is_waited_for(void)
{
    static const char *const dialogues[] = {"smtp", NULL};
    for (size_t i = 0; i < G_N_ELEMENTS(dialogues); i++) {
        Service s = {
            .context = context_plain(), .dialogue = dialogues[i], .let_in = 2, .turned_away = 2};
        Probing g;
        service_start(&s);
        probing_start(&g, &s, (ProbePlan){0});
        for (int n = 0; n < 3; n++) {
            g_auto(Asked) asked = {0};
            g_assert_cmpint(ask_everything(g.prober, &asked), ==, ASKED_CHOSE);
            g.prober->per_minute =
                0; /* what was learnt of the limit would keep us here for a minute */
        }
        service_stop(&s);
        g_assert_cmpuint(s.count, ==, g.facts->connections);
        probing_stop(&g);
    }
}

static void test_patience_has_an_end_and_the_reason_is_kept(void)
{
    static const struct {
        const char *dialogue, *words;
    } cases[] = {{"smtp", "421 too many connections"}, {NULL, "takes no more connections"}};
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        Service s = {.context = context_plain(),
                     .dialogue = cases[i].dialogue,
                     .let_in = 1,
                     .turned_away = 1000};
        Probing g;
        service_start(&s);
        probing_start(&g, &s, (ProbePlan){0});
        g.prober->patience = 1.5;
        g_auto(Asked) asked = {0};
        g_assert_cmpint(ask_everything(g.prober, &asked), ==, ASKED_CHOSE);
        g_assert_cmpint(ask_everything(g.prober, &asked), ==, ASKED_NOT);
        g_assert_nonnull(g.prober->stopped);
        g_assert_nonnull(strstr(g.prober->stopped, cases[i].words));
        unsigned used = g.facts->connections;
        g_assert_cmpint(ask_everything(g.prober, &asked), ==, ASKED_NOT);
        g_assert_cmpuint(g.facts->connections, ==, used);
        probing_end(&g, &s);
    }
}

static void test_a_whole_probe_of_a_limited_server_says_what_is_missing(void)
{
    Service s = {.context = context_plain(), .dialogue = "smtp", .host = "127.0.0.1"};
    Probing g;
    service_start(&s);
    probing_start(&g, &s, (ProbePlan){.max_connections = 5});
    Facts *facts = probe_service(&g.plan, g.target);
    g_assert_cmpuint(facts->connections, ==, 5);
    g_assert_cmpuint(facts->missing->len, >, 0);
    g_assert_nonnull(
        strstr(g_ptr_array_index(facts->missing, 0), "the budget of 5 connections is used up"));
    facts_free(facts);
    probing_end(&g, &s);
}

static void test_nobody_there_ends_at_once(void)
{
    Service s = {.context = context_plain(), .host = "127.0.0.1"};
    Probing g;
    service_start(&s);
    probing_start(&g, &s, (ProbePlan){0});
    service_stop(&s);
    gint64 start = g_get_monotonic_time();
    Facts *facts = probe_service(&g.plan, g.target);
    g_assert_cmpint(g_get_monotonic_time() - start, <, 5 * G_USEC_PER_SEC);
    g_assert_cmpint(facts->reachable.known, ==, NO);
    g_assert_cmpuint(facts->connections, ==, 1);
    g_assert_cmpint(facts->version[V_TLS12].offered.known, ==, UNKNOWN);
    facts_free(facts);
    probing_stop(&g);
}

/* --- STARTTLS that is not to be had --- */

static const char *offer_line, *starttls_reply;

static void refuse(Service *s, int fd)
{
    char line[512];
    service_say(fd, "220 mail.test ESMTP\r\n");
    while (service_line(fd, line, sizeof line)) {
        bool ehlo = g_str_has_prefix(line, "EHLO"), quit = g_str_has_prefix(line, "QUIT");
        service_say(fd, ehlo ? offer_line : quit ? "221 bye\r\n" : starttls_reply);
        s->quits += quit;
        if (quit) {
            return;
        }
    }
}

static void test_ways_not_to_offer_tls_are_told_apart(void)
{
    static const struct {
        const char *ehlo, *reply;
        TlsOffer offer;
    } cases[] = {
        {"250 mail.test\r\n", "500 no\r\n", TLS_OFFER_MISSING},
        {"250-mail.test\r\n250 XXXXXXXA\r\n", "500 no\r\n", TLS_OFFER_MANGLED},
        {"250-mail.test\r\n250 STARTTLS\r\n", "454 not now\r\n", TLS_OFFER_REFUSED},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        Service s = {.dialogue = "smtp", .talk = refuse};
        Probing g;
        offer_line = cases[i].ehlo;
        starttls_reply = cases[i].reply;
        service_start(&s);
        probing_start(&g, &s, (ProbePlan){0});
        Facts *facts = g.facts;
        probe_versions(g.prober);
        g_assert_cmpint(facts->tls_offer, ==, cases[i].offer);
        g_assert_cmpint(facts->version[V_TLS12].offered.known, ==, UNKNOWN);
        g_assert_cmpuint(facts->connections, ==, 1); /* it need not be asked twice */
        g_assert_nonnull(g.prober->no_tls);
        g_assert_null(g.prober->stopped); /* other probes may still talk with it */
        service_stop(&s);
        g_assert_cmpuint(s.quits, ==, 1);
        probing_stop(&g);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    w = world_new();
    g_test_add_func("/prober/budget", test_the_budget_is_kept_and_told);
    g_test_add_func("/prober/waits", test_a_server_that_turns_us_away_is_waited_for);
    g_test_add_func("/prober/patience", test_patience_has_an_end_and_the_reason_is_kept);
    g_test_add_func("/prober/missing", test_a_whole_probe_of_a_limited_server_says_what_is_missing);
    g_test_add_func("/prober/nobody", test_nobody_there_ends_at_once);
    g_test_add_func("/prober/no-starttls", test_ways_not_to_offer_tls_are_told_apart);
    int result = g_test_run();
    world_clear(&w);
    return result;
}
