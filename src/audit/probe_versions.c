/* probe_versions.c: which versions are offered. A server takes the highest it has at or below the
 * client's (RFC 5246 appendix E.1), so that one hello may settle several; with `full` each is asked
 * for by itself. */
#include "audit/learn.h"
#include "audit/probes.h"

VersionIndex highest_old(const Facts *facts)
{
    for (int v = V_TLS12; v >= V_SSL3; v--) {
        if (facts->version[v].offered.known == YES) {
            return (VersionIndex)v;
        }
    }
    return V_COUNT;
}

VersionIndex lowest_old(const Facts *facts)
{
    for (int v = V_SSL3; v <= V_TLS12; v++) {
        if (facts->version[v].offered.known == YES) {
            return (VersionIndex)v;
        }
    }
    return V_COUNT;
}

bool old_versions_known(const Facts *f)
{
    for (int v = V_SSL3; v <= V_TLS12; v++) {
        if (f->version[v].offered.known == UNKNOWN) {
            return false;
        }
    }
    return true;
}

static bool needs_dh(const Suite *suite)
{
    return suite->key_exchange == SUITE_KX_DHE || suite->key_exchange == SUITE_KX_ANON;
}

static bool is_by_dh(const Suite *suite, const void *data)
{
    return needs_dh(suite) == *(const bool *)data;
}

GArray *suites_by_dh(const GArray *suites, bool wanted)
{
    return suites_where(suites, is_by_dh, &wanted);
}

static void ask_without_dh(Prober *p, VersionIndex v, Asked *asked)
{
    g_autoptr(GArray) rest = suites_by_dh(p->suites, false);
    HelloOffer offer = offer_suites(p, v, rest);
    prober_ask(p, &offer, asked);
}

/* A server without alerts that speaks something newer: once more without what it may break down on
 * is enough for a verdict. */
static bool knows_better(const Prober *p, VersionIndex v)
{
    bool newer =
        p->facts->version[V_TLS13].offered.known == YES || highest_old(p->facts) != V_COUNT;
    return p->refuses_by_closing == YES && newer && !p->plan->full && v >= V_SSL3 && v <= V_TLS11;
}

/* Everything; then without what needs DH parameters, which some servers choose without having any;
 * then as little as any client would say. */
static void ask_version(Prober *p, VersionIndex v, Asked *asked)
{
    if (knows_better(p, v)) {
        ask_without_dh(p, v, asked);
        return;
    }
    HelloOffer offer = offer_everything(p, v);
    prober_ask(p, &offer, asked);
    bool hidden =
        asked->by_closing && v <= V_TLS12; /* it may be the missing parameters that it closes on */
    if ((asked->outcome != ASKED_BROKE && !hidden) || v == V_SSL2) {
        return;
    }
    g_autofree char *first = g_steal_pointer(&asked->why);
    if (v != V_TLS13) {
        ask_without_dh(p, v, asked);
    }
    if (asked->outcome == ASKED_BROKE || v == V_TLS13) {
        offer = offer_little(p, v);
        prober_ask(p, &offer, asked);
    }
    if (asked->outcome == ASKED_BROKE) {
        g_free(asked->why);
        asked->why = g_steal_pointer(&first);
    }
}

static void settle(Facts *f, VersionIndex v, Known known, const char *why)
{
    Fact *fact = &f->version[v].offered;
    if (fact->known == UNKNOWN) {
        fact_set(fact, known, "%s", why);
    }
}

/* --- TLS 1.3 --- */

static void ask_tls13(Prober *p)
{
    Facts *f = p->facts;
    g_auto(Asked) asked = {0};
    ask_version(p, V_TLS13, &asked);
    if (asked.outcome == ASKED_CHOSE && learn_version(asked.answer) == V_TLS13) {
        settle(f, V_TLS13, YES,
               hello_suite(asked.answer->suite) ? hello_suite(asked.answer->suite)->name : "");
        fact_set(&f->tls13_intolerant, NO, NULL);
    } else if (asked.outcome == ASKED_CHOSE || asked.outcome == ASKED_REFUSED) {
        settle(f, V_TLS13, NO, asked.why ? asked.why : "the server chose an older version");
        fact_set(&f->tls13_intolerant, asked.by_closing && !f->peer ? UNKNOWN : NO, "%s",
                 asked.why ? asked.why : "");
    } else {
        settle(f, V_TLS13, UNKNOWN, asked.why);
    }
    if (asked.outcome == ASKED_BROKE) {
        fact_set(&f->tls13_intolerant, UNKNOWN, "%s", asked.why);
    }
}

/* A server that answers others well but breaks down on TLS 1.3, in full and in little, is one that
 * clients of today cannot talk to. */
static void judge_intolerance(Facts *f)
{
    Fact *fact = &f->tls13_intolerant;
    bool broke = f->version[V_TLS13].offered.known == UNKNOWN && fact->known == UNKNOWN &&
                 fact->why && !f->peer;
    if (broke && highest_old(f) != V_COUNT) {
        g_autofree char *why = g_steal_pointer(&fact->why);
        fact_set(fact, YES, "a hello of TLS 1.3 gets: %s", why);
    }
}

/* --- SSLv3 to TLS 1.2 --- */

static void keep_best(Prober *p, Asked *asked)
{
    if (!p->best && asked->answer->done) {
        p->best = g_steal_pointer(&asked->reader);
        asked->answer = hello_reader_answer(p->best);
    }
}

static void settle_answered(Facts *f, VersionIndex asked_for, VersionIndex answered,
                            const HelloAnswer *a)
{
    g_autofree char *passed =
        g_strdup_printf("asked for %s, the server chose %s", version_index_name(asked_for),
                        version_index_name(answered));
    for (int v = asked_for; v > (int)answered; v--) {
        settle(f, (VersionIndex)v, NO, passed);
    }
    const Suite *suite = hello_suite(a->suite);
    settle(f, answered, YES, suite ? suite->name : "with a suite we do not know");
}

/* Asks for one version; gives the next to ask for. */
static int ask_old(Prober *p, VersionIndex v)
{
    Facts *f = p->facts;
    g_auto(Asked) asked = {0};
    ask_version(p, v, &asked);
    if (asked.outcome == ASKED_CHOSE) {
        VersionIndex answered = learn_version(asked.answer);
        keep_best(p, &asked);
        if (answered >= V_SSL3 && answered <= v) {
            settle_answered(f, v, answered, asked.answer);
            return (int)answered - 1;
        }
        settle(f, v, UNKNOWN, "the server chose a version that was not offered");
        return (int)v - 1;
    }
    if (asked.outcome == ASKED_REFUSED &&
        !p->plan->full) { /* the next lower would have been chosen */
        for (int below = v; below >= V_SSL3; below--) {
            g_autofree char *why =
                g_strdup_printf("%s to a hello of %s", asked.why, version_index_name(v));
            settle(f, (VersionIndex)below, NO, why);
        }
        return V_SSL2;
    }
    settle(f, v, asked.outcome == ASKED_REFUSED ? NO : UNKNOWN, asked.why);
    return (int)v - 1;
}

/* --- SSLv2 --- */

static void ask_ssl2(Prober *p)
{
    Facts *f = p->facts;
    VersionFacts *version = &f->version[V_SSL2];
    g_auto(Asked) asked = {0};
    ask_version(p, V_SSL2, &asked);
    const GArray *suites = asked.answer->v2_suites;
    if (asked.outcome == ASKED_CHOSE && suites && suites->len) {
        settle(f, V_SSL2, YES, "an SSLv2 ServerHello came");
        g_array_append_vals(version->suites, suites->data, suites->len);
        fact_set(&version->suites_complete, YES, NULL);
    } else if (asked.outcome == ASKED_CHOSE && suites) {
        settle(f, V_SSL2, NO, "the server speaks SSLv2, but offers no cipher");
    } else if (asked.outcome == ASKED_REFUSED || asked.outcome == ASKED_CHOSE) {
        settle(f, V_SSL2, NO, asked.why ? asked.why : "the server answered with a newer version");
    } else {
        settle(f, V_SSL2, UNKNOWN, asked.why);
    }
}

/* --- all of them --- */

/* What the ordinary session agreed on need not be asked for again. */
static void take_from_session(Facts *f)
{
    if (!f->peer || f->peer->version != TLS_1_3) {
        return;
    }
    const char *name = f->peer->cipher_standard;
    for (const Suite *s = hello_suites; name && s->name; s++) {
        if (g_str_equal(s->name, name)) {
            list_add(f->version[V_TLS13].suites, s->id);
        }
    }
    settle(f, V_TLS13, YES, name ? name : "in an ordinary session");
    fact_set(&f->tls13_intolerant, NO, NULL);
}

enum { NONE_ASKED = V_COUNT, ALL_ASKED = -1 }; /* of next_version */

typedef struct {
    Prober *p;
    VersionIndex version;
} Question;

/* In SSLv3 to TLS 1.1, `full`: each by itself. Else downwards as far as need be. */
static void ask_below(void *user)
{
    Question *q = user;
    bool alone = prober_alone_for_no(q->p);
    if (q->version == V_SSL2) {
        ask_ssl2(q->p);
    } else if (q->p->plan->full) {
        ask_old(q->p, q->version);
    } else {
        for (int v = q->version; v >= V_SSL3;) {
            v = ask_old(q->p, (VersionIndex)v);
        }
    }
    if (alone) {
        prober_alone_no_more(q->p);
    }
}

/* The best is known by now, so that refusals can be told from breakdowns. */
static void ask_the_others(Prober *p, int below)
{
    Question questions[V_COUNT];
    void *users[V_COUNT];
    size_t n = 0;
    for (int v = below; v >= V_SSL2; v--) {
        if (v == V_SSL2 || v == below || p->plan->full) {
            questions[n] = (Question){p, (VersionIndex)v};
            users[n] = &questions[n];
            n++;
        }
    }
    io_together(ask_below, users, n);
}

static void ask_the_rest(Prober *p)
{
    const VersionFacts *tls13 = &p->facts->version[V_TLS13];
    ask_the_others(p, p->next_version);
    if (tls13->offered.known == UNKNOWN && p->good_hello && p->refuses_by_closing != NO) {
        ask_tls13(p); /* closed: by now it may be known whether this is how the server refuses */
    }
    judge_intolerance(p->facts);
    p->next_version = ALL_ASKED;
}

void probe_best_version(Prober *p)
{
    prober_progress(p, "versions");
    take_from_session(p->facts);
    if (p->facts->version[V_TLS13].offered.known == UNKNOWN) {
        ask_tls13(p);
    }
    p->next_version = ask_old(p, V_TLS12);
    if (highest_old(p->facts) == V_COUNT) {
        ask_the_rest(p); /* the best may be among them */
    }
}

void probe_versions(Prober *p)
{
    if (p->next_version == NONE_ASKED) {
        probe_best_version(p);
    }
    if (p->next_version != ALL_ASKED) {
        ask_the_rest(p);
    }
}
