/* check_domain.c, check_consistency.c, sender_view.c. */
#include "audit/sender_view.h"
#include "facts_world.h"

/* A good domain: two MX, both checked; MTA-STS, TLS-RPT, SPF, DMARC, SRV. */
typedef struct {
    DomainFacts *d;
    Facts *a, *b, *imaps;
} World;

#define POLICY "version: STSv1\nmode: enforce\nmx: *.example.org\nmax_age: 1209600\n"

static void good_texts(DomainFacts *d)
{
    Fact *const yes[] = {&d->exists,  &d->dnssec, &d->mta_sts_record, &d->mta_sts_policy,
                         &d->tls_rpt, &d->spf,    &d->dmarc,          &d->autoconfig};
    for (size_t i = 0; i < G_N_ELEMENTS(yes); i++) {
        fact_set(yes[i], YES, NULL);
    }
    fact_set(&d->null_mx, NO, NULL);
    d->mta_sts_text = g_strdup("v=STSv1; id=1;\n");
    d->mta_sts_policy_text = g_strdup(POLICY);
    d->mta_sts_mode = g_strdup("enforce");
    d->mta_sts_max_age = 1209600;
    g_ptr_array_add(d->mta_sts_mx, g_strdup("*.example.org"));
    d->tls_rpt_text = g_strdup("v=TLSRPTv1; rua=mailto:a@example.org\n");
    d->spf_text = g_strdup("some-verification=1\nv=spf1 mx -all\n");
    d->dmarc_text = g_strdup("v=DMARC1; p=reject; rua=mailto:a@example.org\n");
}

static Facts *service(DomainFacts *d, const char *url, const char *address)
{
    Facts *f = world_good(url);
    g_free(f->address);
    f->address = g_strdup(address);
    g_ptr_array_add(d->services, f);
    return f;
}

static World world_new(void)
{
    World w = {.d = domain_facts_new("example.org")};
    good_texts(w.d);
    for (unsigned i = 1; i <= 2; i++) {
        g_autofree char *host = g_strdup_printf("mx%u.example.org", i);
        MxFacts *mx = domain_facts_add_mx(w.d, host, 10 * i);
        fact_set(&mx->resolves, YES, NULL);
        mx->secure = true;
    }
    SrvFacts *srv = domain_facts_add_srv(w.d, "_imaps._tcp", "mail.example.org");
    srv->port = 993;
    domain_facts_add_srv(w.d, "_pop3s._tcp", "."); /* there is no such service */
    w.a = service(w.d, "smtp://mx1.example.org", "192.0.2.1");
    w.b = service(w.d, "smtp://mx2.example.org", "2001:db8::2");
    w.imaps = service(w.d, "imaps://mail.example.org", "192.0.2.3");
    return w;
}

static void world_end(World *w)
{
    domain_facts_free(w->d);
    world_free(w->a);
    world_free(w->b);
    world_free(w->imaps);
}

typedef struct {
    void (*change)(World *w);
    const char *id, *expect, *evidence;
} DomainCase;

#define DOMAIN(name, statements)                                                                   \
    static void name(World *w)                                                                     \
    {                                                                                              \
        statements;                                                                                \
    }

static void text(char **at, const char *value)
{
    g_free(*at);
    *at = g_strdup(value);
}

static MxFacts *mx(World *w, guint i)
{
    return g_ptr_array_index(w->d->mx, i);
}

static void no_certificate(Facts *f)
{
    f->peer->verified = false;
    f->peer->verify_error = 62;
    f->peer->why_not = g_strdup("hostname mismatch\n  more");
}

DOMAIN(no_mx, g_ptr_array_set_size(w->d->mx, 0))
DOMAIN(implicit, g_ptr_array_set_size(w->d->mx, 1); mx(w, 0)->implicit = true)
DOMAIN(null_mx, no_mx(w); fact_set(&w->d->null_mx, YES, NULL))
DOMAIN(null_beside, fact_set(&w->d->null_mx, NO, "a null MX stands beside others"))
DOMAIN(mx_unknown, no_mx(w); fact_set(&w->d->null_mx, UNKNOWN, "SERVFAIL");
       fact_set(&w->d->dnssec, UNKNOWN, "SERVFAIL"))
DOMAIN(unresolved, fact_set(&mx(w, 1)->resolves, NO, "NXDOMAIN"))
DOMAIN(unresolved_unknown, fact_set(&mx(w, 1)->resolves, UNKNOWN, "SERVFAIL"))
DOMAIN(literal, g_free(mx(w, 0)->host); mx(w, 0)->host = g_strdup("192.0.2.1"))
DOMAIN(unsigned_domain, fact_set(&w->d->dnssec, NO, NULL))
DOMAIN(bogus, fact_set(&w->d->dnssec, NO, "bogus: expired"); w->d->bogus = true)
DOMAIN(mx_insecure, mx(w, 1)->secure = false)

DOMAIN(no_sts, fact_set(&w->d->mta_sts_record, NO, NULL); text(&w->d->mta_sts_text, ""))
DOMAIN(two_sts, text(&w->d->mta_sts_text, "v=STSv1; id=1\nv=STSv1; id=2\n"))
DOMAIN(sts_unknown, fact_set(&w->d->mta_sts_record, UNKNOWN, "SERVFAIL");
       text(&w->d->mta_sts_text, NULL))
DOMAIN(no_policy, fact_set(&w->d->mta_sts_policy, NO, "status 404");
       text(&w->d->mta_sts_policy_text, NULL))
DOMAIN(policy_unknown, fact_set(&w->d->mta_sts_policy, UNKNOWN, "timeout");
       text(&w->d->mta_sts_policy_text, NULL))
DOMAIN(bad_policy, fact_set(&w->d->mta_sts_policy, NO, "no mode");
       text(&w->d->mta_sts_policy_text, "version: STSv1\n"))
DOMAIN(testing, text(&w->d->mta_sts_mode, "testing"))
DOMAIN(mode_none, text(&w->d->mta_sts_mode, "none"))
DOMAIN(not_named, text((char **)&w->d->mta_sts_mx->pdata[0], "mx1.example.org"))
DOMAIN(short_age, w->d->mta_sts_max_age = 3600)
DOMAIN(bad_certificate, no_certificate(w->b))
DOMAIN(no_starttls, w->b->tls_offer = TLS_OFFER_MISSING)
DOMAIN(no_handshake, tls_peer_free(w->b->peer); w->b->peer = NULL;
       w->b->handshake_error = g_strdup("timeout"))
DOMAIN(no_services, g_ptr_array_set_size(w->d->services, 0))
DOMAIN(no_rpt, fact_set(&w->d->tls_rpt, NO, NULL); text(&w->d->tls_rpt_text, ""))
DOMAIN(bad_rpt, text(&w->d->tls_rpt_text, "v=TLSRPTv1; rua=postmaster"))

DOMAIN(no_spf, fact_set(&w->d->spf, NO, NULL); text(&w->d->spf_text, "hello=world"))
DOMAIN(almost_spf, fact_set(&w->d->spf, NO, NULL); text(&w->d->spf_text, "spf1 mx -all"))
DOMAIN(spf_unknown, fact_set(&w->d->spf, UNKNOWN, "SERVFAIL"); text(&w->d->spf_text, NULL))
DOMAIN(two_spf, text(&w->d->spf_text, "v=spf1 mx -all\nv=spf1 a -all"))
DOMAIN(spf_broken, text(&w->d->spf_text, "v=spf1 ipv4:192.0.2.1 -all"))
DOMAIN(spf_long, text(&w->d->spf_text,
                      "v=spf1 a mx include:1.x include:2.x include:3.x include:4.x include:5.x "
                      "include:6.x include:7.x exists:8.x redirect=9.x"))
DOMAIN(spf_open, text(&w->d->spf_text, "v=spf1 mx +all"))
DOMAIN(spf_open_bare, text(&w->d->spf_text, "v=spf1 mx all"))
DOMAIN(no_dmarc, fact_set(&w->d->dmarc, NO, NULL); text(&w->d->dmarc_text, ""))
DOMAIN(bad_dmarc, text(&w->d->dmarc_text, "v=DMARC1; p=rejected"))
DOMAIN(two_dmarc, text(&w->d->dmarc_text, "v=DMARC1; p=none\nv=DMARC1; p=reject"))
DOMAIN(dmarc_none, text(&w->d->dmarc_text, "v=DMARC1; p=none"))
DOMAIN(dmarc_unknown, fact_set(&w->d->dmarc, UNKNOWN, "SERVFAIL"); text(&w->d->dmarc_text, NULL))

DOMAIN(srv_dead, fact_set(&w->imaps->reachable, NO, "refused"))
DOMAIN(srv_unchecked, ((SrvFacts *)g_ptr_array_index(w->d->srv, 0))->port = 1993)
DOMAIN(srv_no_tls, w->imaps->tls_first = false)
DOMAIN(srv_starttls_only,
       domain_facts_add_srv(w->d, "_submission._tcp", "mail.example.org")->port = 587)
DOMAIN(no_srv, g_ptr_array_set_size(w->d->srv, 0))
#define AUTOCONFIG(kind, port, socket)                                                             \
    "<clientConfig><incomingServer type=\"" kind                                                   \
    "\"><hostname>mail.example.org</hostname><port>" port "</port><socketType>" socket             \
    "</socketType></incomingServer></clientConfig>"
DOMAIN(autoconfig_good, w->d->autoconfig_text = g_strdup(AUTOCONFIG("imap", "993", "SSL")))
DOMAIN(autoconfig_plain, w->d->autoconfig_text = g_strdup(AUTOCONFIG("imap", "993", "plain")))
DOMAIN(autoconfig_unchecked, w->d->autoconfig_text = g_strdup(AUTOCONFIG("imap", "1993", "SSL")))
DOMAIN(autoconfig_broken, w->d->autoconfig_text = g_strdup("<clientConfig>"))
DOMAIN(no_domain, fact_set(&w->d->exists, NO, "NXDOMAIN"))
DOMAIN(no_autoconfig, fact_set(&w->d->autoconfig, NO, "status 404"))

DOMAIN(one_dead, fact_set(&w->b->reachable, NO, "refused"))
DOMAIN(both_dead, one_dead(w); fact_set(&w->a->reachable, NO, "refused"))
DOMAIN(other_versions, fact_set(&w->b->version[V_TLS10].offered, YES, NULL))
DOMAIN(versions_unknown, fact_set(&w->b->version[V_TLS10].offered, UNKNOWN, NULL))
DOMAIN(other_classes, fact_set(&w->b->suite_class[CLASS_RC4], YES, NULL))
DOMAIN(other_caps, caps_free(w->b->caps_after);
       w->b->caps_after = world_caps("PIPELINING\nCHUNKING"))
DOMAIN(other_logins, caps_free(w->b->caps_after); w->b->caps_after = world_caps("AUTH PLAIN"))
DOMAIN(other_certificate, g_free(w->b->host); w->b->host = g_strdup("mx1.example.org");
       text(&((TlsCertificate *)g_ptr_array_index(w->b->peer->chain, 0))->sha256,
            "00:11:22:33:44:55:66:77:88"))
DOMAIN(other_host_certificate,
       text(&((TlsCertificate *)g_ptr_array_index(w->b->peer->chain, 0))->sha256,
            "00:11:22:33:44:55:66:77:88"))

static const DomainCase cases[] = {
    {NULL, "domain.mx", "pass", "2 MX"},
    {no_mx, "domain.mx", "fail"},
    {implicit, "domain.mx", "fail"},
    {null_mx, "domain.mx", "pass", "takes no mail"},
    {mx_unknown, "domain.mx", "unknown", "SERVFAIL"},
    {null_beside, "domain.null_mx", "fail"},
    {NULL, "domain.null_mx", "pass"},
    {mx_unknown, "domain.null_mx", "unknown"},
    {unresolved, "domain.mx_resolves", "fail", "mx2.example.org: NXDOMAIN"},
    {unresolved_unknown, "domain.mx_resolves", "unknown"},
    {null_mx, "domain.mx_resolves", "none"},
    {mx_unknown, "domain.mx_resolves", "unknown"},
    {literal, "domain.mx_is_name", "fail", "192.0.2.1"},
    {unsigned_domain, "domain.dnssec", "fail"},
    {unsigned_domain, "domain.bogus", "pass"},
    {bogus, "domain.dnssec", "none"},
    {bogus, "domain.bogus", "fail", "expired"},
    {mx_unknown, "domain.bogus", "unknown"},
    {mx_insecure, "domain.mx_dnssec", "fail", "mx2"},
    {unsigned_domain, "domain.mx_dnssec", "none"},
    {unresolved_unknown, "domain.mx_dnssec", "unknown", "SERVFAIL"},
    {no_sts, "domain.mta_sts", "fail"},
    {two_sts, "domain.mta_sts", "fail", "2 records"},
    {two_sts, "domain.mta_sts_mode", "none"},
    {sts_unknown, "domain.mta_sts", "unknown", "SERVFAIL"},
    {sts_unknown, "domain.mta_sts_mx", "unknown"},
    {null_mx, "domain.mta_sts", "none"},
    {no_policy, "domain.mta_sts_policy", "fail", "404"},
    {policy_unknown, "domain.mta_sts_policy", "unknown", "timeout"},
    {no_sts, "domain.mta_sts_policy", "none"},
    {bad_policy, "domain.mta_sts_policy", "pass"},
    {bad_policy, "domain.mta_sts_valid", "fail", "mode"},
    {NULL, "domain.mta_sts_valid", "pass"},
    {policy_unknown, "domain.mta_sts_valid", "unknown", "timeout"},
    {testing, "domain.mta_sts_mode", "fail", "testing"},
    {NULL, "domain.mta_sts_mode", "pass"},
    {not_named, "domain.mta_sts_mx", "fail", "mx2.example.org"},
    {mode_none, "domain.mta_sts_mx", "none"},
    {short_age, "domain.mta_sts_max_age", "fail", "3600"},
    {NULL, "domain.mta_sts_max_age", "pass", "14 days"},
    {NULL, "domain.mta_sts_certificate", "pass"},
    {bad_certificate, "domain.mta_sts_certificate", "fail", "2001:db8::2): hostname mismatch|"},
    {no_starttls, "domain.mta_sts_certificate", "fail", "no STARTTLS"},
    {no_handshake, "domain.mta_sts_certificate", "unknown", "timeout"},
    {no_services, "domain.mta_sts_certificate", "unknown"},
    {no_rpt, "domain.tls_rpt", "fail"},
    {bad_rpt, "domain.tls_rpt", "fail", "postmaster"},
    {no_spf, "domain.spf", "fail"},
    {no_spf, "domain.spf_all", "none"},
    {no_spf, "domain.spf_syntax", "pass"},
    {almost_spf, "domain.spf_syntax", "fail", "does not begin"},
    {spf_unknown, "domain.spf", "unknown"},
    {spf_unknown, "domain.spf_all", "unknown", "SERVFAIL"},
    {two_spf, "domain.spf_single", "fail", "2"},
    {spf_broken, "domain.spf_syntax", "fail", "ipv4:192.0.2.1"},
    {spf_long, "domain.spf_lookups", "fail", "11"},
    {NULL, "domain.spf_lookups", "pass", "1 in"},
    {spf_open, "domain.spf_all", "fail"},
    {spf_open_bare, "domain.spf_all", "fail"},
    {NULL, "domain.spf_all", "pass", "-all"},
    {no_dmarc, "domain.dmarc", "fail"},
    {bad_dmarc, "domain.dmarc_syntax", "fail", "rejected"},
    {two_dmarc, "domain.dmarc_syntax", "fail", "2 records"},
    {dmarc_none, "domain.dmarc_policy", "fail", "p=none"},
    {NULL, "domain.dmarc_policy", "pass", "p=reject"},
    {dmarc_unknown, "domain.dmarc_policy", "unknown"},
    {NULL, "domain.srv", "pass"},
    {srv_dead, "domain.srv", "fail", "mail.example.org:993"},
    {srv_unchecked, "domain.srv", "unknown", "1993"},
    {srv_no_tls, "domain.srv", "fail", "begin with TLS"},
    {srv_starttls_only, "domain.srv_tls", "fail", "_submission._tcp without"},
    {no_srv, "domain.srv", "none"},
    {no_autoconfig, "domain.autoconfig", "fail", "404"},
    {NULL, "domain.autoconfig_true", "none"},
    {autoconfig_good, "domain.autoconfig_true", "pass"},
    {autoconfig_good, "domain.autoconfig_safe", "pass"},
    {autoconfig_plain, "domain.autoconfig_safe", "fail", "mail.example.org:993"},
    {autoconfig_unchecked, "domain.autoconfig_true", "unknown", "it was not checked"},
    {autoconfig_broken, "domain.autoconfig_true", "fail", "XML"},
    {no_domain, "domain.exists", "fail", "NXDOMAIN"},
    {no_domain, "domain.mx", "none"},
    {NULL, "consistency.reachable", "pass"},
    {one_dead, "consistency.reachable", "fail", "2001:db8::2) does not answer, 1"},
    {both_dead, "consistency.reachable", "pass"}, /* reach.connect tells it */
    {one_dead, "consistency.versions", "none"},
    {no_starttls, "consistency.starttls", "fail", "no TLS"},
    {NULL, "consistency.starttls", "pass"},
    {other_versions, "consistency.versions", "fail",
     "TLS 1.0, TLS 1.2, TLS 1.3; the others: TLS 1.2, TLS 1.3"},
    {versions_unknown, "consistency.versions", "unknown", "2001:db8::2"},
    {other_classes, "consistency.ciphers", "fail", "RC4"},
    {other_caps, "consistency.capabilities", "fail", "CHUNKING"},
    {other_logins, "consistency.mechanisms", "fail", "PLAIN; the others: none"},
    {other_certificate, "consistency.certificate", "fail", "00:11:22"},
    {other_host_certificate, "consistency.certificate", "none"},
    {no_services, "consistency.versions", "none"},
};

static void test_cases(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        World w = world_new();
        if (cases[i].change) {
            cases[i].change(&w);
        }
        g_autofree char *what = g_strdup_printf("row %zu", i);
        world_check(what, cases[i].id, world_findings(NULL, w.d, cases[i].id), cases[i].expect,
                    cases[i].evidence);
        world_end(&w);
    }
}

static void test_a_good_domain_has_no_fails(void)
{
    World w = world_new();
    GPtrArray *findings = world_findings(NULL, w.d, NULL);
    g_assert_cmpuint(findings->len, >, 25);
    for (guint i = 0; i < findings->len; i++) {
        const Finding *finding = g_ptr_array_index(findings, i);
        if (finding->verdict != VERDICT_PASS) {
            g_error("%s: %s", finding->check->id, finding->evidence);
        }
        g_assert_true(finding->domain == w.d && finding->facts == NULL);
    }
    g_ptr_array_unref(findings);
    world_end(&w);
}

/* What each sender does with the second MX. */
static void dane(World *w, uint8_t usage, Known verified)
{
    TlsaRecord *record = g_new0(TlsaRecord, 1);
    *record = (TlsaRecord){usage, 1, 1, g_bytes_new("0123456789abcdef0123456789abcdef", 32)};
    g_ptr_array_add(w->b->dane.records, record);
    w->b->dane.secure = true;
    fact_set(&w->b->dane.verified, verified, verified == UNKNOWN ? "timeout" : NULL);
}

DOMAIN(dane_good, dane(w, 3, YES))
DOMAIN(dane_bad, dane(w, 3, NO))
DOMAIN(dane_unknown, dane(w, 3, UNKNOWN))
DOMAIN(dane_unusable, dane(w, 1, NO))
DOMAIN(dane_no_tls, dane(w, 3, YES); no_starttls(w))
DOMAIN(dane_unsigned_mx, dane(w, 3, NO); mx(w, 1)->secure = false)
DOMAIN(dane_bogus, w->b->dane.bogus = true)
DOMAIN(dane_no_answer, fact_set(&w->b->dane.answered, UNKNOWN, "SERVFAIL"))
DOMAIN(testing_bad, testing(w); bad_certificate(w))
DOMAIN(sts_refused, w->b->tls_offer = TLS_OFFER_REFUSED)
DOMAIN(demanded, no_starttls(w); fact_set(&w->b->tls_enforced, YES, NULL))
DOMAIN(unasked, g_ptr_array_remove_index(w->d->services, 1))

static const struct {
    void (*change)(World *w);
    Delivery by[SENDER_COUNT];
} views[] = {
    {NULL, {DELIVERY_ENCRYPTED, DELIVERY_ENCRYPTED, DELIVERY_VERIFIED}},
    {dane_good, {DELIVERY_ENCRYPTED, DELIVERY_VERIFIED, DELIVERY_VERIFIED}},
    {dane_bad, {DELIVERY_ENCRYPTED, DELIVERY_NONE, DELIVERY_VERIFIED}},
    {dane_unknown, {DELIVERY_ENCRYPTED, DELIVERY_UNKNOWN, DELIVERY_VERIFIED}},
    {dane_unusable, {DELIVERY_ENCRYPTED, DELIVERY_ENCRYPTED, DELIVERY_VERIFIED}},
    {dane_no_tls, {DELIVERY_PLAINTEXT, DELIVERY_NONE, DELIVERY_NONE}},
    {dane_unsigned_mx, {DELIVERY_ENCRYPTED, DELIVERY_ENCRYPTED, DELIVERY_VERIFIED}},
    {dane_bogus, {DELIVERY_ENCRYPTED, DELIVERY_NONE, DELIVERY_VERIFIED}},
    {dane_no_answer, {DELIVERY_ENCRYPTED, DELIVERY_UNKNOWN, DELIVERY_VERIFIED}},
    {no_starttls, {DELIVERY_PLAINTEXT, DELIVERY_PLAINTEXT, DELIVERY_NONE}},
    {sts_refused, {DELIVERY_PLAINTEXT, DELIVERY_PLAINTEXT, DELIVERY_NONE}},
    {demanded, {DELIVERY_NONE, DELIVERY_NONE, DELIVERY_NONE}},
    {bad_certificate, {DELIVERY_ENCRYPTED, DELIVERY_ENCRYPTED, DELIVERY_NONE}},
    {testing_bad, {DELIVERY_ENCRYPTED, DELIVERY_ENCRYPTED, DELIVERY_ENCRYPTED}},
    {not_named, {DELIVERY_ENCRYPTED, DELIVERY_ENCRYPTED, DELIVERY_NONE}},
    {no_sts, {DELIVERY_ENCRYPTED, DELIVERY_ENCRYPTED, DELIVERY_ENCRYPTED}},
    {two_sts, {DELIVERY_ENCRYPTED, DELIVERY_ENCRYPTED, DELIVERY_ENCRYPTED}},
    {mode_none, {DELIVERY_ENCRYPTED, DELIVERY_ENCRYPTED, DELIVERY_ENCRYPTED}},
    {sts_unknown, {DELIVERY_ENCRYPTED, DELIVERY_ENCRYPTED, DELIVERY_UNKNOWN}},
    {no_handshake, {DELIVERY_UNKNOWN, DELIVERY_UNKNOWN, DELIVERY_UNKNOWN}},
    {one_dead, {DELIVERY_NONE, DELIVERY_NONE, DELIVERY_NONE}},
    {unasked, {DELIVERY_UNKNOWN, DELIVERY_UNKNOWN, DELIVERY_UNKNOWN}},
};

static void test_what_senders_do(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(views); i++) {
        World w = world_new();
        if (views[i].change) {
            views[i].change(&w);
        }
        g_autoptr(GPtrArray) seen = sender_views(w.d);
        g_assert_cmpuint(seen->len, ==, 2);
        const SenderView *view = g_ptr_array_index(seen, 1);
        g_assert_true(view->mx == mx(&w, 1) &&
                      view->service == (views[i].change == unasked ? NULL : w.b));
        for (int s = 0; s < SENDER_COUNT; s++) {
            if (view->by[s].delivery != views[i].by[s] || !view->by[s].why[0]) {
                g_error("row %zu, %s: %s (%s)", i, sender_name((Sender)s),
                        delivery_name(view->by[s].delivery), view->by[s].why);
            }
        }
        world_end(&w);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/check_domain/cases", test_cases);
    g_test_add_func("/check_domain/a_good_domain_has_no_fails", test_a_good_domain_has_no_fails);
    g_test_add_func("/check_domain/what_senders_do", test_what_senders_do);
    return g_test_run();
}
