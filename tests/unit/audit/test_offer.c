/* What is put into hellos. */
#include <string.h>

#include "audit/offer.h"

static Prober *prober_for(const char *url, SessionPlan *session, ProbePlan *plan, Facts **facts)
{
    Target *target = target_parse(url, NULL, NULL);
    *session = (SessionPlan){.target = target};
    *plan = (ProbePlan){.plan = session};
    *facts = facts_new(target);
    return prober_new(plan, target, *facts);
}

static void clear(Prober *p, Facts *facts)
{
    Target *target = (Target *)(void *)p->target;
    prober_free(p);
    facts_free(facts);
    target_free(target);
}

static void test_every_suite_is_offered_somewhere_and_once(void)
{
    SessionPlan session;
    ProbePlan plan;
    Facts *facts;
    Prober *p = prober_for("imap://mail.test", &session, &plan, &facts);
    size_t n = 0;
    for (const Suite *s = hello_suites; s->name; s++, n++) {
        g_assert_cmpint(list_has(p->suites, s->id) + list_has(p->suites13, s->id) +
                            list_has(p->rare_suites, s->id),
                        ==, 1);
    }
    g_assert_cmpuint(p->suites->len + p->suites13->len + p->rare_suites->len, ==, n);
    g_assert_true(hello_suite(g_array_index(p->suites, uint16_t, 0))->aead);
    g_assert_false(list_has(p->old_groups, 0x11ec)); /* hybrids are for TLS 1.3 */
    g_assert_false(list_has(p->old_groups, 0x0100)); /* they would hide the server's own prime */
    clear(p, facts);
}

static void test_names_are_sent_and_addresses_not(void)
{
    static const struct {
        const char *url, *name;
    } cases[] = {
        {"imap://mail.test", "mail.test"}, {"imap://127.0.0.1", NULL}, {"imap://[::1]", NULL}};
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        SessionPlan session;
        ProbePlan plan;
        Facts *facts;
        Prober *p = prober_for(cases[i].url, &session, &plan, &facts);
        for (int v = V_SSL3; v < V_COUNT; v++) {
            HelloOffer offer = offer_everything(p, (VersionIndex)v);
            g_assert_cmpstr(offer.server_name, ==, cases[i].name);
            g_assert_cmpint(offer.tls13, ==, v == V_TLS13);
            HelloOffer little = offer_little(p, (VersionIndex)v);
            g_assert_cmpuint(little.n_suites, <, offer.n_suites);
            g_assert_false(little.heartbeat || little.compression);
        }
        clear(p, facts);
    }
}

static void test_classes_do_not_reach_into_tls13(void)
{
    g_assert_false(suite_in_class(hello_suite(0x1301), CLASS_AEAD));
    g_assert_true(suite_in_class(hello_suite(0xc02f), CLASS_AEAD));
    g_assert_false(suite_in_class(NULL, CLASS_AEAD));
}

static void test_lists_hold_each_once(void)
{
    g_autoptr(GArray) list = g_array_new(FALSE, FALSE, sizeof(uint16_t));
    list_add(list, 1);
    list_add(list, 2);
    list_add(list, 1);
    g_assert_cmpuint(list->len, ==, 2);
    list_remove(list, 1);
    g_assert_false(list_has(list, 1));
    g_assert_true(list_has(list, 2));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/offer/all", test_every_suite_is_offered_somewhere_and_once);
    g_test_add_func("/offer/names", test_names_are_sent_and_addresses_not);
    g_test_add_func("/offer/classes", test_classes_do_not_reach_into_tls13);
    g_test_add_func("/offer/lists", test_lists_hold_each_once);
    return g_test_run();
}
