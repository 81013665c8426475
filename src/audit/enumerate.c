/* enumerate.c: every suite of a version, one connection a suite. */
#include "audit/learn.h"
#include "audit/probes.h"

enum { BROKEN_MAX = 12 }; /* answers that say nothing, before the rest is left alone */

typedef struct {
    Prober *p;
    VersionIndex version;
    GArray *unknown;
    char **why;
    unsigned broken;
} Search;

static void search(Search *s, GArray *candidates);

static void give_up_on(Search *s, const GArray *candidates, const char *why)
{
    g_array_append_vals(s->unknown, candidates->data, candidates->len);
    if (!*s->why) {
        *s->why = g_strdup(why);
    }
}

static bool is_kx(const Suite *suite, const void *data)
{
    return suite->key_exchange == *(const SuiteKeyExchange *)data;
}

static bool is_not_kx(const Suite *suite, const void *data)
{
    return !is_kx(suite, data);
}

/* First what is not suspect; then the suspects without the one that the server is known to break
 * down on. */
static void search_apart(Search *s, const GArray *candidates, SuiteKeyExchange suspect,
                         uint16_t failed, const char *why)
{
    g_autoptr(GArray) rest = suites_where(candidates, is_not_kx, &suspect);
    g_autoptr(GArray) suspects = suites_where(candidates, is_kx, &suspect);
    search(s, rest);
    if (!failed) {
        search(s, suspects);
        return;
    }
    g_autoptr(GArray) one = g_array_new(FALSE, FALSE, sizeof(uint16_t));
    list_add(one, failed);
    list_remove(suspects, failed);
    give_up_on(s, one, why);
    if (rest->len == 0 || s->broken >= BROKEN_MAX) {
        give_up_on(s, suspects, why); /* not the first of this kind: the others are no better */
    } else {
        search(s, suspects);
    }
}

static void search_halves(Search *s, const GArray *candidates)
{
    guint half = candidates->len / 2;
    g_autoptr(GArray) first = g_array_new(FALSE, FALSE, sizeof(uint16_t));
    g_autoptr(GArray) second = g_array_new(FALSE, FALSE, sizeof(uint16_t));
    g_array_append_vals(first, candidates->data, half);
    g_array_append_vals(second, &g_array_index(candidates, uint16_t, half), candidates->len - half);
    search(s, first);
    search(s, second);
}

static bool has_kx(const GArray *candidates, SuiteKeyExchange kx)
{
    g_autoptr(GArray) found = suites_where(candidates, is_kx, &kx);
    return found->len > 0 && found->len < candidates->len;
}

/* The answer says nothing about what is offered: asks for less. */
static void search_smaller(Search *s, const GArray *candidates, const Asked *asked)
{
    const HelloAnswer *a = asked->answer;
    const Suite *chosen =
        a->chosen && list_has(candidates, a->suite) ? hello_suite(a->suite) : NULL;
    s->broken++;
    if (candidates->len < 2 || s->broken > BROKEN_MAX) {
        give_up_on(s, candidates, asked->why);
    } else if (chosen) {
        search_apart(s, candidates, chosen->key_exchange, chosen->id, asked->why);
    } else if (has_kx(candidates, SUITE_KX_DHE)) {
        search_apart(s, candidates, SUITE_KX_DHE, 0, asked->why);
    } else {
        search_halves(s, candidates);
    }
}

static bool is_mixed(const GArray *candidates)
{
    g_autoptr(GArray) with = suites_by_dh(candidates, true);
    return with->len > 0 && with->len < candidates->len;
}

/* A server without alerts closed: because it has nothing of this, or because it chose what it has
 * no parameters for? */
static void search_by_dh(Search *s, const GArray *candidates)
{
    g_autoptr(GArray) without = suites_by_dh(candidates, false);
    g_autoptr(GArray) with = suites_by_dh(candidates, true);
    search(s, without);
    search(s, with);
}

/* One after the other, until the server refuses what is left. Changes the list. */
static void search(Search *s, GArray *candidates)
{
    while (candidates->len) {
        g_auto(Asked) asked = {0};
        HelloOffer offer = offer_suites(s->p, s->version, candidates);
        prober_ask(s->p, &offer, &asked);
        if (asked.outcome == ASKED_CHOSE) {
            if (learn_version(asked.answer) != s->version) {
                return; /* none of these in this version */
            }
            if (!list_has(candidates, asked.answer->suite)) {
                give_up_on(s, candidates, "the server chose a suite that was not offered");
                return;
            }
            list_remove(candidates, asked.answer->suite);
        } else if (asked.outcome == ASKED_BROKE) {
            search_smaller(s, candidates, &asked);
            return;
        } else if (asked.by_closing && is_mixed(candidates)) {
            search_by_dh(s, candidates);
            return;
        } else {
            if (asked.outcome == ASKED_NOT) {
                give_up_on(s, candidates, asked.why);
            }
            return;
        }
    }
}

/* What the version probe has seen is the first choice among all there are, if it is the only one
 * seen. */
static GArray *candidates_of(Prober *p, VersionIndex version)
{
    GArray *seen = p->facts->version[version].suites;
    GArray *all = g_array_copy(version == V_TLS13 ? p->suites13 : p->suites);
    if (seen->len == 1) {
        list_remove(all, g_array_index(seen, uint16_t, 0));
    } else {
        g_array_set_size(seen, 0);
    }
    return all;
}

void enumerate_suites(Prober *p, VersionIndex version, GArray *unknown, char **why)
{
    VersionFacts *facts = &p->facts->version[version];
    g_autoptr(GArray) mine = g_array_new(FALSE, FALSE, sizeof(uint16_t));
    g_autofree char *reason = NULL;
    Search s = {.p = p, .version = version, .unknown = mine, .why = &reason};
    prober_progress(p, "suites of %s", version_index_name(version));
    g_autoptr(GArray) candidates = candidates_of(p, version);
    search(&s, candidates);
    if (version == highest_old(p->facts)) {
        g_autoptr(GArray) rare = g_array_copy(p->rare_suites);
        search(&s, rare);
    }
    if (!mine->len) {
        fact_set(&facts->suites_complete, YES, NULL);
        return;
    }
    fact_set(&facts->suites_complete, UNKNOWN, "nothing is known of %u suites: %s", mine->len,
             reason);
    g_array_append_vals(unknown, mine->data, mine->len);
    if (!*why) {
        *why = g_steal_pointer(&reason);
    }
}
