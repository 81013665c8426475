/* probe_suites.c: cipher suites by class: cheap, and enough for a verdict. One hello offers all
 * that is weak; a clean server refuses it, and that was all. */
#include <string.h>

#include "audit/learn.h"
#include "audit/probes.h"

typedef struct {
    bool class[CLASS_COUNT];
} ClassSet;

static bool is_in(const Suite *suite, const void *data)
{
    const ClassSet *set = data;
    for (int c = 0; c < CLASS_COUNT; c++) {
        if (set->class[c] && suite_in_class(suite, (SuiteClass)c)) {
            return true;
        }
    }
    return false;
}

static GArray *suites_of_class(const Prober *p, SuiteClass class)
{
    ClassSet set = {{false}};
    set.class[class] = true;
    return suites_where(p->suites, is_in, &set);
}

static Known ask_once(Prober *p, VersionIndex version, const GArray *suites, Asked *asked,
                      char **why)
{
    HelloOffer offer = offer_suites(p, version, suites);
    prober_ask(p, &offer, asked);
    if (asked->outcome == ASKED_CHOSE && learn_version(asked->answer) == version &&
        list_has(suites, asked->answer->suite)) {
        return YES;
    }
    if (asked->outcome == ASKED_REFUSED) {
        *why = g_strdup(asked->why);
        return NO;
    }
    *why = g_strdup(asked->why ? asked->why : "the server chose what was not offered");
    return UNKNOWN;
}

/* A server without alerts may have closed for want of DH parameters, and hide what else it has:
 * asked apart, a closed connection is an answer. */
Known ask_suites(Prober *p, VersionIndex version, const GArray *suites, Asked *asked, char **why)
{
    g_autoptr(GArray) with = suites_by_dh(suites, true);
    g_autoptr(GArray) without = suites_by_dh(suites, false);
    bool mixed = with->len && without->len;
    Known known = UNKNOWN;
    if (!mixed || p->refuses_by_closing != YES) {
        known = ask_once(p, version, suites, asked, why);
    }
    if (!mixed || (known != UNKNOWN && !asked->by_closing) || p->refuses_by_closing != YES) {
        return known;
    }
    g_clear_pointer(why, g_free);
    known = ask_once(p, version, without, asked, why);
    if (known == NO) {
        g_clear_pointer(why, g_free);
        known = ask_once(p, version, with, asked, why);
    }
    return known;
}

/* --- what is weak --- */

enum { WEAK_FIRST = CLASS_NULL, WEAK_LAST = CLASS_3DES };

static bool open_classes(const Facts *f, ClassSet *set)
{
    bool any = false;
    for (int c = WEAK_FIRST; c <= WEAK_LAST; c++) {
        set->class[c] = f->suite_class[c].known != YES;
        any = any || set->class[c];
    }
    return any;
}

static void note_unknown(Fact *fact, const char *why)
{
    if (fact->known != YES) {
        fact_set(fact, UNKNOWN, "%s", why);
    }
}

/* Nothing was to be learnt of all together: one class after the other. */
static void ask_weak_apart(Prober *p, VersionIndex v)
{
    for (int c = WEAK_FIRST; c <= WEAK_LAST; c++) {
        Fact *fact = &p->facts->suite_class[c];
        if (fact->known == YES) {
            continue;
        }
        g_autoptr(GArray) suites = suites_of_class(p, (SuiteClass)c);
        g_autofree char *why = NULL;
        g_auto(Asked) asked = {0};
        if (ask_suites(p, v, suites, &asked, &why) == UNKNOWN) {
            note_unknown(fact, why);
        }
    }
}

static void note_all_open(Facts *f, const char *why)
{
    for (int c = WEAK_FIRST; c <= WEAK_LAST; c++) {
        note_unknown(&f->suite_class[c], why);
    }
}

/* Each answer settles at least one class, so that this ends. */
static void ask_weak(Prober *p, VersionIndex v)
{
    ClassSet set = {{false}};
    while (open_classes(p->facts, &set)) {
        g_autoptr(GArray) suites = suites_where(p->suites, is_in, &set);
        g_autofree char *why = NULL;
        g_auto(Asked) asked = {0};
        Known known = ask_suites(p, v, suites, &asked, &why);
        if (known == UNKNOWN && asked.outcome == ASKED_BROKE) {
            ask_weak_apart(p, v);
        } else if (known == UNKNOWN) {
            note_all_open(p->facts, why);
        }
        if (known != YES) {
            return;
        }
    }
}

/* What was found in no version, and did not stay unknown, is not there. */
static void settle_weak(Facts *f)
{
    for (int c = WEAK_FIRST; c <= WEAK_LAST; c++) {
        if (f->suite_class[c].known == UNKNOWN && !f->suite_class[c].why) {
            fact_set(&f->suite_class[c], NO, "refused");
        }
    }
}

/* --- what is ordinary --- */

static void ask_class(Prober *p, VersionIndex v, SuiteClass class)
{
    Fact *fact = &p->facts->suite_class[class];
    if (fact->known == YES) {
        return;
    }
    g_autoptr(GArray) suites = suites_of_class(p, class);
    g_autofree char *why = NULL;
    g_auto(Asked) asked = {0};
    Known known = ask_suites(p, v, suites, &asked, &why);
    if (known != YES) {
        fact_set(fact, known, "%s", why);
    }
}

typedef struct {
    Prober *p;
    VersionIndex highest, lowest;
    SuiteClass class; /* CLASS_COUNT: all that is weak */
} Question;

static void ask_question(void *user)
{
    const Question *q = user;
    if (q->class != CLASS_COUNT) {
        ask_class(q->p, q->highest, q->class);
        return;
    }
    ask_weak(q->p, q->highest);
    if (q->lowest != q->highest) {
        ask_weak(q->p, q->lowest);
    }
    settle_weak(q->p->facts);
}

/* Beside each other where there is room: one after the other, some answers settle the next question
 * as well. */
static void ask_classes(Prober *p, VersionIndex highest, VersionIndex lowest)
{
    enum { SPACIOUS = 10 };
    static const SuiteClass asked[] = {CLASS_COUNT, CLASS_DHE,    CLASS_ECDHE,
                                       CLASS_AEAD,  CLASS_RSA_KX, CLASS_CBC};
    Question questions[G_N_ELEMENTS(asked)];
    void *users[G_N_ELEMENTS(asked)];
    bool beside = prober_can(p, SPACIOUS);
    for (size_t i = 0; i < G_N_ELEMENTS(asked); i++) {
        questions[i] = (Question){p, highest, lowest, asked[i]};
        users[i] = &questions[i];
        if (!beside) {
            ask_question(users[i]);
        }
    }
    if (beside) {
        io_together(ask_question, users, G_N_ELEMENTS(asked));
    }
    for (int v = V_SSL3; v <= V_TLS13; v++) {
        VersionFacts *version = &p->facts->version[v];
        if (version->offered.known == YES) {
            fact_set(&version->suites_complete, UNKNOWN,
                     "only classes were asked for; --full lists all");
        }
    }
}

/* --- each one --- */

static bool list_has_class(const GArray *list, SuiteClass class)
{
    for (guint i = 0; i < list->len; i++) {
        if (suite_in_class(hello_suite(g_array_index(list, uint16_t, i)), class)) {
            return true;
        }
    }
    return false;
}

typedef struct {
    Prober *p;
    VersionIndex version;
    GArray *unknown;
    char *why;
} VersionSearch;

static void enumerate_version(void *user)
{
    VersionSearch *s = user;
    enumerate_suites(s->p, s->version, s->unknown, &s->why);
}

/* What is in none of the lists, and not among what stayed unknown, is not there. */
static void settle_classes(Facts *f, const GArray *unknown, const char *why)
{
    for (int c = 0; c < CLASS_COUNT; c++) {
        Fact *fact = &f->suite_class[c];
        if (fact->known != YES && list_has_class(unknown, (SuiteClass)c)) {
            fact_set(fact, UNKNOWN, "%s", why);
        } else if (fact->known != YES) {
            fact_set(fact, NO, "none among all suites");
        }
    }
}

static void enumerate_all(Prober *p)
{
    Facts *f = p->facts;
    g_autoptr(GArray) unknown = g_array_new(FALSE, FALSE, sizeof(uint16_t));
    VersionSearch searches[V_COUNT];
    void *users[V_COUNT];
    size_t n = 0;
    for (int v = V_TLS13; v >= V_SSL3; v--) {
        if (f->version[v].offered.known == YES) {
            searches[n] = (VersionSearch){p, (VersionIndex)v, unknown, NULL};
            users[n] = &searches[n];
            n++;
        }
    }
    io_together(enumerate_version, users, n);
    const char *why = NULL;
    for (size_t i = 0; i < n; i++) {
        why = why ? why : searches[i].why;
    }
    settle_classes(f, unknown, why);
    for (size_t i = 0; i < n; i++) {
        g_free(searches[i].why);
    }
}

/* --- nothing to ask --- */

static const char *why_no_version(const Facts *f)
{
    for (int v = V_TLS12; v >= V_SSL3; v--) {
        const Fact *offered = &f->version[v].offered;
        if (offered->known == UNKNOWN && offered->why) {
            return offered->why;
        }
    }
    return NULL;
}

static void settle_without_version(Facts *f)
{
    const char *why = why_no_version(f);
    bool only_tls13 = !why && f->version[V_TLS13].offered.known == YES;
    for (int c = 0; c < CLASS_COUNT; c++) {
        fact_set(&f->suite_class[c], only_tls13 ? NO : UNKNOWN, "%s",
                 only_tls13 ? "TLS 1.3 has no such suites"
                 : why      ? why
                            : "no version of TLS was found");
    }
}

void probe_suites(Prober *p)
{
    VersionIndex highest = highest_old(p->facts);
    if (highest == V_COUNT) {
        settle_without_version(p->facts);
    }
    if (p->plan->full) {
        probe_order_of_older(
            p->facts); /* does the order in which they are chosen mean something? */
        enumerate_all(p);
    } else if (highest != V_COUNT) {
        prober_progress(p, "classes of suites");
        ask_classes(p, highest, lowest_old(p->facts));
    }
}
