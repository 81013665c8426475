/* enumerate.c: every suite of a version, one connection a suite.
 *
 * Where the server's order decides, the order in which it chooses is worth knowing, and only one
 * long chain of questions shows it. Where the client's does, sets of suites that have nothing in
 * common are asked for beside each other; those that a server of today is likely to have are in
 * small sets, which end without a refusal when it has them all, and all others are in one. */
#include <string.h>

#include "audit/learn.h"
#include "audit/probes.h"

enum {
    BROKEN_MAX = 12, /* answers that say nothing, before the rest is left alone */
    SET_SIZE = 2,    /* suites asked for one after the other, beside other such sets */
    SPACIOUS = 60,   /* with fewer connections left what is most valuable goes first */
};

/* One set of suites, asked for by one task. Owns its lists. */
typedef struct {
    Prober *p;
    VersionIndex version;
    GArray *candidates; /* of uint16_t: to be asked for yet */
    GArray *unknown;    /* nothing was to be learnt of these */
    char *why;          /* ... for this reason */
    unsigned broken;
    bool likely; /* a server of today may well have most of them */
    bool robot;  /* no search: one suite is known, and that is what ROBOT needs */
} Search;

static Search *search_new(Prober *p, VersionIndex version)
{
    Search *s = g_new0(Search, 1);
    s->p = p;
    s->version = version;
    s->candidates = g_array_new(FALSE, FALSE, sizeof(uint16_t));
    s->unknown = g_array_new(FALSE, FALSE, sizeof(uint16_t));
    return s;
}

static void search_free(void *data)
{
    Search *s = data;
    g_array_unref(s->candidates);
    g_array_unref(s->unknown);
    g_free(s->why);
    g_free(s);
}

static GPtrArray *searches_new(void)
{
    return g_ptr_array_new_with_free_func(search_free);
}

static void search(Search *s, GArray *candidates);

static void give_up_on(Search *s, const GArray *candidates, const char *why)
{
    g_array_append_vals(s->unknown, candidates->data, candidates->len);
    if (!s->why) {
        s->why = g_strdup(why);
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

/* One question; true: one was found, and taken off the list. False: that is all there is of them.
 */
static bool step(Search *s, GArray *candidates)
{
    g_auto(Asked) asked = {0};
    HelloOffer offer = offer_suites(s->p, s->version, candidates);
    prober_ask(s->p, &offer, &asked);
    if (asked.outcome == ASKED_CHOSE) {
        if (learn_version(asked.answer) != s->version) {
            return false; /* none of these in this version */
        }
        if (!list_has(candidates, asked.answer->suite)) {
            give_up_on(s, candidates, "the server chose a suite that was not offered");
            return false;
        }
        list_remove(candidates, asked.answer->suite);
        return true;
    }
    if (asked.outcome == ASKED_BROKE) {
        search_smaller(s, candidates, &asked);
    } else if (asked.by_closing && is_mixed(candidates)) {
        search_by_dh(s, candidates);
    } else if (asked.outcome == ASKED_NOT) {
        give_up_on(s, candidates, asked.why);
    }
    return false;
}

/* One after the other, until the server refuses what is left. Changes the list. */
static void search(Search *s, GArray *candidates)
{
    while (candidates->len && step(s, candidates)) {
        /* another one was found */
    }
}

static void search_alone(void *user)
{
    Search *s = user;
    if (s->robot) {
        probe_robot(s->p);
        return;
    }
    search(s, s->candidates);
}

/* Takes over what others could not learn. */
static void gather(Search *s, const GPtrArray *others)
{
    for (guint i = 0; i < others->len; i++) {
        const Search *other = g_ptr_array_index(others, i);
        if (other->unknown->len) {
            give_up_on(s, other->unknown, other->why);
        }
    }
}

static bool is_for_robot(const Search *s)
{
    SuiteKeyExchange rsa = SUITE_KX_RSA;
    g_autoptr(GArray) others = suites_where(s->candidates, is_not_kx, &rsa);
    return s->version == highest_old(s->p->facts) && others->len == 0;
}

/* One question for all of them; if any is there, small sets beside each other. Of what is not
 * likely to be there, few are, if any. */
static void search_family(void *user)
{
    Search *s = user;
    if (!s->likely) {
        bool alone = prober_alone_for_no(s->p);
        if (alone && is_mixed(s->candidates)) {
            search_by_dh(s, s->candidates); /* closing on all of them would say nothing yet */
        } else {
            search(s, s->candidates);
        }
        if (alone) {
            prober_alone_no_more(s->p);
        }
        return;
    }
    if (!s->candidates->len || !step(s, s->candidates)) {
        return;
    }
    g_autoptr(GPtrArray) sets = searches_new();
    if (is_for_robot(s)) {
        Search *robot = search_new(s->p, s->version);
        robot->robot = true;
        g_ptr_array_add(sets, robot);
    }
    for (guint i = 0; i < s->candidates->len; i += SET_SIZE) {
        Search *set = search_new(s->p, s->version);
        g_array_append_vals(set->candidates, &g_array_index(s->candidates, uint16_t, i),
                            MIN(SET_SIZE, s->candidates->len - i));
        g_ptr_array_add(sets, set);
    }
    io_together(search_alone, sets->pdata, sets->len);
    gather(s, sets);
}

/* --- which suites go together --- */

/* `ecdsa`: a certificate for those was seen. */
static bool is_likely(const Suite *s, VersionIndex version, bool ecdsa)
{
    static const char *const ciphers[] = {"_AES_", "_CAMELLIA_", "_ARIA_", "_CHACHA20_"};
    bool in_version = version == V_TLS12 || strcmp(s->mac, "SHA1") == 0;
    bool usual = false;
    for (size_t i = 0; i < G_N_ELEMENTS(ciphers); i++) {
        usual = usual || strstr(s->name, ciphers[i]) != NULL;
    }
    bool certified = ecdsa || strcmp(s->auth, "ECDSA") != 0;
    return s->openssl_name && in_version && usual && certified && !s->export_grade;
}

/* The index of its family; as many as there are: the rest. */
static size_t family_of(uint16_t id, VersionIndex version, bool ecdsa)
{
    static const struct {
        SuiteKeyExchange kx;
        const char *auth;
    } families[] = {{SUITE_KX_ECDHE, "RSA"},
                    {SUITE_KX_ECDHE, "ECDSA"},
                    {SUITE_KX_DHE, "RSA"},
                    {SUITE_KX_RSA, "RSA"},
                    {SUITE_KX_ANON, "none"}};
    const Suite *s = hello_suite(id);
    size_t i = 0;
    while (i < G_N_ELEMENTS(families) &&
           (families[i].kx != s->key_exchange || strcmp(families[i].auth, s->auth) != 0 ||
            !is_likely(s, version, ecdsa))) {
        i++;
    }
    return i;
}

static void search_families(Prober *p, VersionIndex version, const GArray *candidates,
                            Search *whole)
{
    enum { FAMILIES = 6 };
    bool ecdsa = has_key(p->facts, "EC");
    g_autoptr(GPtrArray) families = searches_new();
    for (int i = 0; i < FAMILIES; i++) {
        Search *family = search_new(p, version);
        family->likely = i < FAMILIES - 1;
        g_ptr_array_add(families, family);
    }
    for (guint i = 0; i < candidates->len; i++) {
        uint16_t id = g_array_index(candidates, uint16_t, i);
        Search *family = g_ptr_array_index(families, family_of(id, version, ecdsa));
        g_array_append_val(family->candidates, id);
    }
    io_together(search_family, families->pdata, families->len);
    gather(whole, families);
}

/* --- one version --- */

/* What was seen need not be found again. Where the server's order counts, that is the first only:
 * it was chosen among all there are; and in TLS 1.3 none, for the ordinary session offered less. */
static GArray *candidates_of(Prober *p, VersionIndex version)
{
    const VersionFacts *facts = &p->facts->version[version];
    GArray *seen = facts->suites;
    GArray *all = g_array_copy(version == V_TLS13 ? p->suites13 : p->suites);
    if (version == V_TLS13) {
        g_array_set_size(seen, 0);
    } else if (facts->server_order.known != NO) {
        g_array_set_size(seen, MIN(seen->len, 1));
    }
    for (guint i = 0; i < seen->len; i++) {
        list_remove(all, g_array_index(seen, uint16_t, i));
    }
    if (version == highest_old(p->facts)) {
        g_array_append_vals(all, p->rare_suites->data, p->rare_suites->len);
    }
    return all;
}

/* Where the server's order does not count, and they were asked for beside each other, the order in
 * which they came means nothing: ours then. */
static void sort_suites(const Prober *p, GArray *found)
{
    const GArray *const lists[] = {p->suites, p->rare_suites};
    g_autoptr(GArray) sorted = g_array_new(FALSE, FALSE, sizeof(uint16_t));
    for (size_t l = 0; l < G_N_ELEMENTS(lists); l++) {
        for (guint i = 0; i < lists[l]->len; i++) {
            uint16_t id = g_array_index(lists[l], uint16_t, i);
            if (list_has(found, id)) {
                list_add(sorted, id);
            }
        }
    }
    for (guint i = 0; i < found->len; i++) {
        list_add(sorted, g_array_index(found, uint16_t, i));
    }
    g_array_set_size(found, 0);
    g_array_append_vals(found, sorted->data, sorted->len);
}

void enumerate_suites(Prober *p, VersionIndex version, GArray *unknown, char **why)
{
    VersionFacts *facts = &p->facts->version[version];
    Search *whole = search_new(p, version);
    prober_progress(p, "suites of %s", version_index_name(version));
    g_autoptr(GArray) candidates = candidates_of(p, version);
    if (version == V_TLS13 || facts->server_order.known == YES || !prober_can(p, SPACIOUS)) {
        search(whole, candidates);
    } else {
        search_families(p, version, candidates, whole);
        sort_suites(p, facts->suites);
    }
    if (!whole->unknown->len) {
        fact_set(&facts->suites_complete, YES, NULL);
    } else {
        fact_set(&facts->suites_complete, UNKNOWN, "nothing is known of %u suites: %s",
                 whole->unknown->len, whole->why);
        g_array_append_vals(unknown, whole->unknown->data, whole->unknown->len);
        *why = *why ? *why : g_strdup(whole->why);
    }
    search_free(whole);
}
