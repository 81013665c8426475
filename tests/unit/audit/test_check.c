/* check.c: the rows are complete, unknown is never a pass, selection, severities, gates. */
#include "audit/report.h"
#include "facts_world.h"

static unsigned count_sentences(const char *text)
{
    unsigned count = 0;
    for (const char *at = text; *at; at++) {
        count += *at == '.' && (at[1] == '\0' || (at[1] == ' ' && g_ascii_isupper(at[2])));
    }
    return count;
}

static void check_row(const Family *family, const Check *check, GHashTable *seen)
{
    g_autofree char *prefix = g_strconcat(family->name, ".", NULL);
    g_assert_true(g_str_has_prefix(check->id, prefix));
    g_assert_true(g_hash_table_add(seen, (void *)check->id));
    g_assert_true(check->title && check->title[0]);
    g_assert_cmpuint(strlen(check->title), <=, 72); /* a line of a terminal */
    g_assert_true(check->reference && check->reference[0]);
    g_assert_true((check->run != NULL) != (check->run_domain != NULL));
    if (!check->why || count_sentences(check->why) < 2 || count_sentences(check->why) > 3 ||
        !g_str_has_suffix(check->why, ".")) {
        g_error("%s: the why is not two sentences: %s", check->id, check->why);
    }
    g_assert_true(check_find(check->id) == check);
    g_assert_true(check->flat_id == NULL || check->flat_id[0] != '\0');
}

static void test_every_row_is_complete(void)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    for (size_t i = 0; families[i]; i++) {
        g_assert_true(families[i]->title && families[i]->checks[0].id);
        for (const Check *check = families[i]->checks; check->id; check++) {
            check_row(families[i], check, seen);
        }
    }
    g_assert_cmpuint(g_hash_table_size(seen), >, 100);
}

static const char *const urls[] = {MX,
                                   SUBMISSION,
                                   "submissions://mail.example.org",
                                   IMAP,
                                   IMAPS,
                                   POP3,
                                   "pop3s://mail.example.org",
                                   "sieve://mail.example.org",
                                   "lmtp://mail.example.org",
                                   "https://mail.example.org",
                                   "ldap://mail.example.org",
                                   "tls://mail.example.org:4433"};

static void no_pass(GPtrArray *findings, const char *const *but, const char *what)
{
    for (guint i = 0; i < findings->len; i++) {
        const Finding *finding = g_ptr_array_index(findings, i);
        if (finding->verdict != VERDICT_UNKNOWN &&
            !(but && g_strv_contains(but, finding->check->id))) {
            g_error("%s: %s is \"%s\" though nothing is known", what, finding->check->id,
                    verdict_name(finding->verdict));
        }
        g_assert_true(finding->verdict != VERDICT_UNKNOWN || finding->evidence[0] != '\0');
    }
    g_ptr_array_unref(findings);
}

static void test_nothing_known_is_nowhere_a_pass(void)
{
    static const char *const reached[] = {"reach.connect", "reach.greeting", NULL};
    static const char *const offered[] = {"reach.connect",
                                          "reach.greeting",
                                          "starttls.offered",
                                          "starttls.mangled",
                                          "starttls.refused",
                                          "starttls.preauth",
                                          NULL};
    for (size_t i = 0; i < G_N_ELEMENTS(urls); i++) {
        Facts *f = world_unknown(urls[i]);
        no_pass(world_findings(f, NULL, NULL), NULL, urls[i]);
        fact_set(&f->reachable, YES, NULL);
        fact_set(&f->greeted, YES, NULL);
        no_pass(world_findings(f, NULL, NULL), reached, urls[i]);
        f->tls_offer = TLS_OFFER_YES;
        no_pass(world_findings(f, NULL, NULL), offered, urls[i]);
        world_free(f);
    }
}

static void test_nothing_known_of_a_domain_is_nowhere_a_pass(void)
{
    g_autoptr(DomainFacts) d = domain_facts_new("example.org");
    no_pass(world_findings(NULL, d, NULL), NULL, "a domain");
    MxFacts *mx = domain_facts_add_mx(d, "mx.example.org", 10);
    SrvFacts *srv = domain_facts_add_srv(d, "_imaps._tcp", "mail.example.org");
    srv->port = 993;
    Facts *a = world_unknown(MX), *b = world_unknown(MX);
    g_ptr_array_add(d->services, a);
    g_ptr_array_add(d->services, b);
    static const char *const but[] = {"domain.mx", "domain.mx_is_name", "domain.srv_tls", NULL};
    no_pass(world_findings(NULL, d, NULL), but, "a domain with an MX");
    g_assert_cmpint(mx->resolves.known, ==, UNKNOWN);
    world_free(a);
    world_free(b);
}

/* Each fact that is taken away must make some check unknown: none is ignored, and none is taken for
 * good. */
static void test_every_fact_matters(void)
{
    static const size_t offsets[] = {
        G_STRUCT_OFFSET(Facts, reachable),
        G_STRUCT_OFFSET(Facts, greeted),
        G_STRUCT_OFFSET(Facts, greet_delayed),
        G_STRUCT_OFFSET(Facts, command_injection),
        G_STRUCT_OFFSET(Facts, response_injection),
        G_STRUCT_OFFSET(Facts, login_before_tls),
        G_STRUCT_OFFSET(Facts, tls_enforced),
        G_STRUCT_OFFSET(Facts, chains_complete),
        G_STRUCT_OFFSET(Facts, secure_renegotiation),
        G_STRUCT_OFFSET(Facts, client_renegotiation),
        G_STRUCT_OFFSET(Facts, compression),
        G_STRUCT_OFFSET(Facts, ems),
        G_STRUCT_OFFSET(Facts, early_data),
        G_STRUCT_OFFSET(Facts, sentinel),
        G_STRUCT_OFFSET(Facts, tls13_intolerant),
        G_STRUCT_OFFSET(Facts, sni_needed),
        G_STRUCT_OFFSET(Facts, heartbeat),
        G_STRUCT_OFFSET(Facts, ccs_injection),
        G_STRUCT_OFFSET(Facts, ticketbleed),
        G_STRUCT_OFFSET(Facts, ocsp_stapled),
        G_STRUCT_OFFSET(Facts, sct_present),
        G_STRUCT_OFFSET(Facts, dane.answered),
        G_STRUCT_OFFSET(Facts, version[V_SSL2].offered),
        G_STRUCT_OFFSET(Facts, version[V_SSL3].offered),
        G_STRUCT_OFFSET(Facts, version[V_TLS10].offered),
        G_STRUCT_OFFSET(Facts, version[V_TLS11].offered),
        G_STRUCT_OFFSET(Facts, version[V_TLS12].offered),
        G_STRUCT_OFFSET(Facts, version[V_TLS13].offered),
        G_STRUCT_OFFSET(Facts, version[V_TLS12].server_order),
    };
    for (size_t i = 0; i < G_N_ELEMENTS(offsets); i++) {
        Facts *f = world_good(SUBMISSION);
        fact_set(&G_STRUCT_MEMBER(Fact, f, offsets[i]), UNKNOWN, "cut off by 421");
        GPtrArray *findings = world_findings(f, NULL, NULL);
        unsigned unknown = 0;
        for (guint k = 0; k < findings->len; k++) {
            const Finding *finding = g_ptr_array_index(findings, k);
            unknown += finding->verdict == VERDICT_UNKNOWN && strstr(finding->evidence, "421");
        }
        if (unknown == 0) {
            g_error("fact %zu: no check minds that it is unknown", i);
        }
        g_ptr_array_unref(findings);
        world_free(f);
    }
}

/* Only what even a good server may be told; each of the roles. */
static void test_a_good_server_has_no_fails(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(urls); i++) {
        Facts *f = world_good(urls[i]);
        GPtrArray *findings = world_findings(f, NULL, NULL);
        for (guint k = 0; k < findings->len; k++) {
            const Finding *finding = g_ptr_array_index(findings, k);
            bool none_published = strcmp(finding->check->id, "dane.published") == 0;
            if (finding->verdict != VERDICT_PASS && !none_published) {
                g_error("%s: %s %s (%s)", urls[i], finding->check->id,
                        verdict_name(finding->verdict), finding->evidence);
            }
            g_assert_cmpint(finding->severity, ==,
                            none_published ? finding->severity : SEVERITY_INFO);
            g_assert_true(finding->facts == f && finding->domain == NULL);
        }
        g_ptr_array_unref(findings);
        world_free(f);
    }
}

static bool contains(GPtrArray *findings, const char *id)
{
    for (guint i = 0; i < findings->len; i++) {
        if (strcmp(((const Finding *)g_ptr_array_index(findings, i))->check->id, id) == 0) {
            return true;
        }
    }
    return false;
}

static void test_only_and_skip_take_ids_and_families(void)
{
    Facts *f = world_good(SUBMISSION);
    g_autoptr(GPtrArray) findings = g_ptr_array_new_with_free_func((GDestroyNotify)finding_free);
    const char *const only[] = {"versions", "cert.name", NULL};
    const char *const skip[] = {"versions.ssl2", NULL};
    checks_run(f, only, skip, findings);
    g_assert_cmpuint(findings->len, ==, 6); /* five versions and a name */
    g_assert_true(contains(findings, "versions.tls13") && contains(findings, "cert.name"));
    g_assert_false(contains(findings, "versions.ssl2") || contains(findings, "ciphers.rc4"));
    g_ptr_array_set_size(findings, 0);
    const char *const skip_family[] = {"cert", "vulnerable", NULL};
    checks_run(f, NULL, skip_family, findings);
    g_assert_true(contains(findings, "versions.ssl2"));
    g_assert_false(contains(findings, "cert.name") || contains(findings, "vulnerable.robot"));
    world_free(f);
}

static void test_unknown_names_are_refused_with_the_nearest(void)
{
    g_autoptr(GError) error = NULL;
    const char *const good[] = {"cert", "vulnerable.robot", NULL};
    const char *const bad[] = {"cert", "cert.expird", NULL};
    g_assert_true(checks_selection_valid(NULL, &error) && checks_selection_valid(good, &error));
    g_assert_no_error(error);
    g_assert_false(checks_selection_valid(bad, &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_USAGE);
    g_assert_nonnull(strstr(error->message, "\"cert.expird\""));
    g_assert_nonnull(strstr(error->message, "\"cert.expired\"?"));
    g_assert_null(check_find("cert.expird"));
    g_assert_null(check_find("cert"));
}

static Severity severity_on(const char *url)
{
    Facts *f = world_good(url);
    fact_set(&f->suite_class[CLASS_ANON], YES, NULL);
    GPtrArray *findings = world_findings(f, NULL, "ciphers.anonymous");
    g_assert_cmpuint(findings->len, ==, 1);
    const Finding *finding = g_ptr_array_index(findings, 0);
    Severity severity = finding->severity;
    g_assert_cmpint(finding->verdict, ==, VERDICT_FAIL);
    g_ptr_array_unref(findings);
    world_free(f);
    return severity;
}

static void test_anonymous_suites_are_no_scandal_on_an_mx(void)
{
    g_assert_cmpint(severity_on(MX), ==, SEVERITY_INFO);
    g_assert_cmpint(severity_on(SUBMISSION), ==, SEVERITY_HIGH);
    g_assert_cmpint(severity_on(IMAPS), ==, SEVERITY_HIGH);
}

static void test_severities_have_names(void)
{
    Severity severity = SEVERITY_INFO;
    g_autoptr(GError) error = NULL;
    for (int s = SEVERITY_INFO; s <= SEVERITY_CRITICAL; s++) {
        g_assert_true(severity_parse(severity_name((Severity)s), &severity, &error));
        g_assert_cmpint(severity, ==, s);
    }
    g_assert_true(severity_parse("HIGH", &severity, &error));
    g_assert_false(severity_parse("awful", &severity, &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_USAGE);
    g_assert_cmpstr(verdict_name(VERDICT_UNKNOWN), ==, "unknown");
}

/* Not reached: unknown, with the reason. No TLS on offer: that is one finding, and not seventy. */
static void test_without_ground_there_is_no_verdict(void)
{
    Facts *f = world_good(MX);
    fact_set(&f->reachable, NO, "connection refused");
    world_check("a dead server", "versions.tls12", world_findings(f, NULL, "versions.tls12"),
                "unknown", "connection refused");
    fact_set(&f->reachable, YES, NULL);
    f->tls_offer = TLS_OFFER_MISSING;
    world_check("a plain one", "versions.tls12", world_findings(f, NULL, "versions.tls12"), "none",
                NULL);
    world_check("a plain one", "starttls.offered", world_findings(f, NULL, "starttls.offered"),
                "fail", NULL);
    f->tls_offer = TLS_OFFER_REFUSED;
    f->tls_answer = g_strdup("454 4.7.0 not \033now");
    world_check("one that refuses", "versions.tls12", world_findings(f, NULL, "versions.tls12"),
                "unknown", "454 4.7.0 not \\x1Bnow");
    f->tls_offer = TLS_OFFER_MANGLED;
    world_check("a mangled one", "cert.name", world_findings(f, NULL, "cert.name"), "unknown",
                "mangled");
    world_free(f);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/check/every_row_is_complete", test_every_row_is_complete);
    g_test_add_func("/check/nothing_known_is_nowhere_a_pass", test_nothing_known_is_nowhere_a_pass);
    g_test_add_func("/check/nothing_known_of_a_domain_is_nowhere_a_pass",
                    test_nothing_known_of_a_domain_is_nowhere_a_pass);
    g_test_add_func("/check/every_fact_matters", test_every_fact_matters);
    g_test_add_func("/check/a_good_server_has_no_fails", test_a_good_server_has_no_fails);
    g_test_add_func("/check/only_and_skip_take_ids_and_families",
                    test_only_and_skip_take_ids_and_families);
    g_test_add_func("/check/unknown_names_are_refused_with_the_nearest",
                    test_unknown_names_are_refused_with_the_nearest);
    g_test_add_func("/check/anonymous_suites_are_no_scandal_on_an_mx",
                    test_anonymous_suites_are_no_scandal_on_an_mx);
    g_test_add_func("/check/severities_have_names", test_severities_have_names);
    g_test_add_func("/check/without_ground_there_is_no_verdict",
                    test_without_ground_there_is_no_verdict);
    return g_test_run();
}
