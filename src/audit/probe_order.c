/* probe_order.c: does the server's order of suites decide, or the client's? And does it need to be
 * told the host's name? One hello asks both: what was chosen before stands last in it, and no name
 * is said. */
#include "audit/learn.h"
#include "audit/probes.h"

/* What was chosen of all stands last; before it, what is known from this version or another, or
 * else all there are, but for those that some servers choose in vain. */
static GArray *first_last(const Prober *p, VersionIndex v)
{
    GArray *turned = g_array_new(FALSE, FALSE, sizeof(uint16_t));
    const GArray *mine = p->facts->version[v].suites;
    if (!mine->len) {
        return turned;
    }
    uint16_t first = g_array_index(mine, uint16_t, 0);
    for (int other = v; other >= V_SSL3; other--) {
        const GArray *suites = p->facts->version[other].suites;
        for (guint i = suites->len; i-- > 0;) {
            list_add(turned, g_array_index(suites, uint16_t, i));
        }
    }
    bool all = turned->len < 2 && p->facts->version[v].suites_complete.known != YES;
    g_autoptr(GArray) rest = suites_by_dh(p->suites, false);
    for (guint i = rest->len; all && i-- > 0;) {
        list_add(turned, g_array_index(rest, uint16_t, i));
    }
    list_remove(turned, first);
    g_array_append_val(turned, first);
    return turned;
}

static void settle_order(Facts *f, VersionIndex v, const GArray *offered, uint16_t chosen)
{
    VersionFacts *version = &f->version[v];
    uint16_t first = g_array_index(version->suites, uint16_t, 0);
    if (offered->len < 2) {
        fact_set(&version->server_order, UNKNOWN, "there is one suite only");
        return;
    }
    Known known = chosen == first ? YES : NO;
    const Suite *suite = hello_suite(chosen);
    fact_set(&version->server_order, known, "%s %s", suite ? suite->name : "the same suite",
             known == YES ? "is chosen, wherever it stands" : "is chosen, because it stands first");
    probe_order_of_older(f);
}

void probe_order_of_older(Facts *f)
{
    VersionIndex v = highest_old(f);
    Known known = v == V_COUNT ? UNKNOWN : f->version[v].server_order.known;
    for (int other = V_SSL3; known != UNKNOWN && other < (int)v; other++) { /* it is one setting */
        if (f->version[other].offered.known == YES) {
            fact_set(&f->version[other].server_order, known, "as in %s", version_index_name(v));
        }
    }
}

static bool same_certificate(const HelloAnswer *a, const HelloAnswer *b)
{
    return a->certificates->len && b->certificates->len &&
           g_bytes_equal(g_ptr_array_index(a->certificates, 0),
                         g_ptr_array_index(b->certificates, 0));
}

static uint16_t chosen_of(const Asked *asked, VersionIndex v, const GArray *offered)
{
    bool right = asked->outcome == ASKED_CHOSE && learn_version(asked->answer) == v &&
                 list_has(offered, asked->answer->suite);
    return right ? asked->answer->suite : 0;
}

static void settle_sni(Prober *p, const Asked *without)
{
    Fact *fact = &p->facts->sni_needed;
    if (without->outcome != ASKED_CHOSE) {
        fact_set(fact, UNKNOWN, "%s", without->why);
    } else if (p->best && without->answer->suite == hello_reader_answer(p->best)->suite) {
        bool same = same_certificate(without->answer, hello_reader_answer(p->best));
        bool none = !without->answer->certificates->len;
        fact_set(fact,
                 same   ? NO
                 : none ? UNKNOWN
                        : YES,
                 "%s",
                 same   ? "the same certificate is sent without it"
                 : none ? "an anonymous suite was chosen"
                        : "another certificate is sent without it");
    } else { /* another suite may have another certificate */
        fact_set(fact, NO, "the handshake goes on without it");
    }
}

/* Refused without the name: is it the name, or the order? */
static void ask_with_name(Prober *p, VersionIndex v, const GArray *turned, const char *why_without)
{
    g_auto(Asked) asked = {0};
    HelloOffer offer = offer_suites(p, v, turned);
    prober_ask(p, &offer, &asked);
    uint16_t chosen = chosen_of(&asked, v, turned);
    if (chosen) {
        settle_order(p->facts, v, turned, chosen);
        fact_set(&p->facts->sni_needed, YES, "without it: %s", why_without);
    } else {
        fact_set(&p->facts->version[v].server_order, UNKNOWN, "%s",
                 asked.why ? asked.why : why_without);
    }
}

/* TLS 1.3 alone hides its certificate from raw hellos: a session that says no name shows it.
 * Suspends. */
static void ask_sni_in_session(Prober *p)
{
    Facts *f = p->facts;
    Fact *fact = &f->sni_needed;
    SessionPlan plan = prober_session_plan(p);
    g_autoptr(GError) error = NULL;
    if (!offer_everything(p, V_TLS13).server_name) {
        fact_set(fact, NO, "no name was sent, for it is an address");
        return;
    }
    if (!f->peer || !f->peer->chain->len) {
        fact_set(fact, UNKNOWN, "no certificate was seen to compare with");
        return;
    }
    plan.tls.demand = TLS_OPPORTUNISTIC;
    plan.tls.no_verify = plan.tls.dane = false;
    plan.tls.pins = NULL;
    plan.tls.sni = "";
    prober_progress(p, "without a server name");
    Session *s = prober_climb(p, &plan, STAGE_TLS, &error);
    const TlsCertificate *named = g_ptr_array_index(f->peer->chain, 0);
    const TlsCertificate *seen =
        s && s->peer && s->peer->chain->len ? g_ptr_array_index(s->peer->chain, 0) : NULL;
    if (seen) {
        bool same = g_strcmp0(seen->sha256, named->sha256) == 0;
        fact_set(fact, same ? NO : YES, "%s certificate is sent without it",
                 same ? "the same" : "another");
    } else if (g_error_matches(error, POSTERN_ERROR, POSTERN_ERROR_PROTOCOL) && !p->stopped) {
        fact_set(fact, YES, "without it: %.*s", (int)strcspn(error->message, "\n"), error->message);
    } else {
        fact_set(fact, UNKNOWN, "%s", error ? error->message : "there was no TLS to be had");
    }
    prober_hang_up(p, s);
}

void probe_order(Prober *p)
{
    Facts *f = p->facts;
    VersionIndex v = highest_old(f);
    if (v == V_COUNT) {
        ask_sni_in_session(p);
        return;
    }
    prober_progress(p, "order of suites");
    g_autoptr(GArray) turned = first_last(p, v);
    HelloOffer offer = offer_suites(p, v, turned);
    bool named = offer.server_name != NULL;
    g_auto(Asked) asked = {0};
    if (!named) {
        fact_set(&f->sni_needed, NO, "no name was sent, for it is an address");
    }
    if (turned->len < 2) {
        fact_set(&f->version[v].server_order, UNKNOWN, "there is one suite only");
    }
    if (turned->len < 2 && !named) {
        return;
    }
    offer.server_name = NULL;
    prober_ask_and_stay(p, &offer, &asked);
    uint16_t chosen = chosen_of(&asked, v, turned);
    if (asked.session && chosen) {
        probe_early_ccs(f, &asked); /* one connection for both */
    }
    prober_drop(p, g_steal_pointer(&asked.session));
    if (named) {
        settle_sni(p, &asked);
    }
    if (chosen && turned->len >= 2) {
        settle_order(f, v, turned, chosen);
    } else if (!chosen && named && asked.outcome != ASKED_NOT) {
        g_autofree char *why =
            g_strdup(asked.why ? asked.why : "the server chose what was not offered");
        ask_with_name(p, v, turned, why);
    } else if (!chosen) {
        fact_set(&f->version[v].server_order, UNKNOWN, "%s", asked.why ? asked.why : "no answer");
    }
}
