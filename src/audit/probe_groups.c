/* probe_groups.c: what keys are agreed on with. In TLS 1.3 the HelloRetryRequest names the group
 * the server would have; below, the ServerKeyExchange does, and the scheme it is signed with. */
#include <string.h>

#include "audit/learn.h"
#include "audit/probes.h"

static bool is_hybrid(const HelloName *group)
{
    return group->hybrid;
}

static bool is_weak(const HelloName *group)
{
    enum { BITS_LEAST = 112 };
    return group->bits < BITS_LEAST;
}

static GArray *names_where(const GArray *list, bool (*wanted)(const HelloName *group))
{
    GArray *found = g_array_new(FALSE, FALSE, sizeof(uint16_t));
    for (guint i = 0; i < list->len; i++) {
        uint16_t id = g_array_index(list, uint16_t, i);
        if (wanted(hello_group(id))) {
            g_array_append_val(found, id);
        }
    }
    return found;
}

static const HelloName *seen(const Facts *f, bool (*wanted)(const HelloName *group))
{
    for (guint i = 0; i < f->groups->len; i++) {
        const HelloName *group = hello_group(g_array_index(f->groups, uint16_t, i));
        if (group && wanted(group)) {
            return group;
        }
    }
    return NULL;
}

/* An ECDSA certificate can only be used with a client that knows its curve (RFC 8422
 * section 5.1.1), so that withholding the curve withholds all. With an RSA key nothing of the kind
 * stands in the way. */
static bool has_rsa(const Facts *f)
{
    return has_key(f, "RSA");
}

/* `data`: only those for an RSA key. */
static bool is_ecdhe(const Suite *suite, const void *data)
{
    bool only_rsa = *(const bool *)data;
    return suite->key_exchange == SUITE_KX_ECDHE && (!only_rsa || !strcmp(suite->auth, "RSA"));
}

/* A hello of this version in which only these groups can be used. */
static void ask_groups(Prober *p, VersionIndex v, const GArray *groups, Asked *asked)
{
    bool only_rsa = has_rsa(p->facts);
    g_autoptr(GArray) ecdhe = suites_where(p->suites, is_ecdhe, &only_rsa);
    HelloOffer offer = offer_suites(p, v, v == V_TLS13 ? p->suites13 : ecdhe);
    offer.groups = (const uint16_t *)(const void *)groups->data;
    offer.n_groups = groups->len;
    prober_ask(p, &offer, asked);
}

/* --- by class --- */

static void ask_class(Prober *p, VersionIndex v, Fact *fact, bool (*wanted)(const HelloName *group))
{
    const HelloName *found = seen(p->facts, wanted);
    if (found) {
        fact_set(fact, YES, "%s", found->name);
        return;
    }
    g_autoptr(GArray) groups = names_where(v == V_TLS13 ? p->groups : p->old_groups, wanted);
    g_auto(Asked) asked = {0};
    ask_groups(p, v, groups, &asked);
    found = seen(p->facts, wanted);
    if (found) {
        fact_set(fact, YES, "%s", found->name);
    } else if (asked.outcome == ASKED_REFUSED) {
        fact_set(fact, NO, "%s", asked.why);
    } else {
        fact_set(fact, UNKNOWN, "%s",
                 asked.why ? asked.why : "the server chose what was not offered");
    }
}

static void ask_hybrid(Prober *p)
{
    Facts *f = p->facts;
    const Fact *tls13 = &f->version[V_TLS13].offered;
    if (tls13->known == YES) {
        ask_class(p, V_TLS13, &f->hybrid_groups, is_hybrid);
    } else {
        fact_set(&f->hybrid_groups, tls13->known, "%s",
                 tls13->known == NO ? "they need TLS 1.3, which is not offered"
                 : tls13->why       ? tls13->why
                                    : "it is not known whether TLS 1.3 is offered");
    }
}

/* The weak ones first, and the ordinary ones behind them for the certificate's sake. */
static void ask_weak_first(Prober *p, VersionIndex v)
{
    Fact *fact = &p->facts->weak_groups;
    g_autoptr(GArray) groups = names_where(p->old_groups, is_weak);
    for (guint i = 0; i < p->old_groups->len; i++) {
        list_add(groups, g_array_index(p->old_groups, uint16_t, i));
    }
    g_auto(Asked) asked = {0};
    ask_groups(p, v, groups, &asked);
    const HelloName *found = seen(p->facts, is_weak);
    bool ours_decides =
        p->facts->version[v].server_order.known == NO && asked.outcome == ASKED_CHOSE;
    if (found) {
        fact_set(fact, YES, "%s", found->name);
    } else if (ours_decides) {
        fact_set(fact, NO, "not chosen though they stood first");
    } else {
        fact_set(fact, UNKNOWN, "%s",
                 asked.why ? asked.why : "the server prefers the curve of its certificate");
    }
}

static void ask_weak(Prober *p)
{
    Facts *f = p->facts;
    VersionIndex v = highest_old(f);
    const Fact *ecdhe = &f->suite_class[CLASS_ECDHE];
    if (v == V_COUNT ||
        ecdhe->known == NO) { /* TLS 1.3 has no weak ones (RFC 8446 section 4.2.7) */
        Known known = old_versions_known(f) ? NO : UNKNOWN;
        fact_set(&f->weak_groups, known,
                 known == NO ? "ECDHE below TLS 1.3 is not offered" : "no answer below TLS 1.3");
        return;
    }
    if (has_rsa(f)) {
        ask_class(p, v, &f->weak_groups, is_weak);
    } else {
        ask_weak_first(p, v);
    }
}

/* --- each one --- */

typedef struct {
    Prober *p;
    VersionIndex version;
    GArray *left; /* of uint16_t: to be asked for yet; owned */
    bool fan;     /* all or none: the others beside each other, when there is one */
    bool done;    /* each of them was found, or refused */
    char *why;    /* not done: why */
} Search;

/* Withholds the chosen one and asks again, until the server refuses the rest, or chooses something
 * else than ECDHE. A TaskFunc. */
static void search(void *user)
{
    Search *s = user;
    while (s->left->len) {
        g_auto(Asked) asked = {0};
        ask_groups(s->p, s->version, s->left, &asked);
        if (asked.outcome != ASKED_CHOSE) {
            s->why = g_strdup(asked.why);
            s->done = asked.outcome == ASKED_REFUSED;
            return;
        }
        if (!list_has(s->left, asked.answer->group)) {
            s->why = g_strdup("the server chose a group that was not offered");
            return;
        }
        list_remove(s->left, asked.answer->group);
    }
    s->done = true;
}

/* What servers of today have, each beside the others; of finite fields all or none; and all else
 * one after the other. An ECDSA certificate needs its own curve all the time, so that there is one
 * chain. */
static bool is_usual(const HelloName *group)
{
    enum { SECP256R1 = 23, SECP521R1 = 25, X25519 = 29, X448 = 30 };
    uint16_t id = group->id;
    return (id >= SECP256R1 && id <= SECP521R1) || id == X25519 || id == X448;
}

static bool is_finite_field(const HelloName *group)
{
    enum { FFDHE2048 = 256, FFDHE8192 = 260 };
    return group->id >= FFDHE2048 && group->id <= FFDHE8192;
}

static bool is_neither(const HelloName *group)
{
    return !is_usual(group) && !is_finite_field(group);
}

/* Each of the list by itself. */
static size_t make_single_searches(Prober *p, VersionIndex v, const GArray *list, Search *searches)
{
    for (guint i = 0; i < list->len; i++) {
        GArray *one = g_array_new(FALSE, FALSE, sizeof(uint16_t));
        list_add(one, g_array_index(list, uint16_t, i));
        searches[i] = (Search){.p = p, .version = v, .left = one};
    }
    return list->len;
}

/* The chosen one is withheld; if there was one, the others are asked for beside each other. A
 * TaskFunc. */
static void search_fan(void *user)
{
    enum { FAN_MAX = 8 };
    Search *s = user;
    Search singles[FAN_MAX];
    void *users[FAN_MAX];
    g_auto(Asked) asked = {0};
    ask_groups(s->p, s->version, s->left, &asked);
    if (asked.outcome != ASKED_CHOSE || !list_has(s->left, asked.answer->group) ||
        s->left->len > FAN_MAX) {
        s->done = asked.outcome == ASKED_REFUSED;
        s->why = g_strdup(asked.why ? asked.why : "the server chose a group that was not offered");
        return;
    }
    list_remove(s->left, asked.answer->group);
    size_t n = make_single_searches(s->p, s->version, s->left, singles);
    for (size_t i = 0; i < n; i++) {
        users[i] = &singles[i];
    }
    io_together(search, users, n);
    s->done = true;
    for (size_t i = 0; i < n; i++) {
        s->done = s->done && singles[i].done;
        s->why = s->why ? s->why : g_strdup(singles[i].done ? NULL : singles[i].why);
        g_array_unref(singles[i].left);
        g_free(singles[i].why);
    }
}

static size_t make_searches(Prober *p, VersionIndex v, const GArray *all, Search *searches)
{
    bool apart = v == V_TLS13 && p->facts->version[v].offered.known == YES;
    if (!apart) {
        searches[0] = (Search){.p = p, .version = v, .left = g_array_copy((GArray *)all)};
        return 1;
    }
    g_autoptr(GArray) usual = names_where(all, is_usual);
    searches[0] = (Search){.p = p, .version = v, .left = names_where(all, is_neither)};
    searches[1] =
        (Search){.p = p, .version = v, .left = names_where(all, is_finite_field), .fan = true};
    return 2 + make_single_searches(p, v, usual, &searches[2]);
}

static void search_its_way(void *user)
{
    const Search *s = user;
    if (s->fan && s->left->len) {
        search_fan(user);
    } else {
        search(user);
    }
}

/* In the order of our own list: several came at once. */
static void sort_groups(Prober *p)
{
    GArray *found = p->facts->groups;
    g_autoptr(GArray) sorted = g_array_new(FALSE, FALSE, sizeof(uint16_t));
    for (guint i = 0; i < p->groups->len; i++) {
        uint16_t id = g_array_index(p->groups, uint16_t, i);
        if (list_has(found, id)) {
            list_add(sorted, id);
        }
    }
    for (guint i = 0; i < found->len; i++) {
        list_add(sorted, g_array_index(found, uint16_t, i));
    }
    g_array_set_size(found, 0);
    g_array_append_vals(found, sorted->data, sorted->len);
}

static bool enumerate_version(Prober *p, VersionIndex v, const GArray *all)
{
    enum { SEARCHES_MAX = 12 };
    Search searches[SEARCHES_MAX];
    void *users[SEARCHES_MAX];
    size_t n = make_searches(p, v, all, searches);
    bool done = true;
    for (size_t i = 0; i < n; i++) {
        users[i] = &searches[i];
    }
    io_together(search_its_way, users, n);
    for (size_t i = 0; i < n; i++) {
        if (!searches[i].done) {
            fact_set(&p->facts->groups_complete, UNKNOWN, "%s: %s", version_index_name(v),
                     searches[i].why);
        }
        done = done && searches[i].done;
        g_array_unref(searches[i].left);
        g_free(searches[i].why);
    }
    return done;
}

/* It is one list for all versions: only those are asked for that are not in it yet. `all_the_time`:
 * some are needed whatever is asked for. */
static GArray *not_seen(const Facts *f, const GArray *all, bool all_the_time)
{
    GArray *rest = g_array_new(FALSE, FALSE, sizeof(uint16_t));
    for (guint i = 0; i < all->len; i++) {
        uint16_t id = g_array_index(all, uint16_t, i);
        if (all_the_time || !list_has(f->groups, id)) {
            g_array_append_val(rest, id);
        }
    }
    return rest;
}

/* What is found of TLS 1.2 goes for older versions; where it is not offered, all have to be known.
 */
static bool versions_known(const Facts *f)
{
    return f->version[V_TLS13].offered.known != UNKNOWN &&
           (f->version[V_TLS12].offered.known == YES || old_versions_known(f));
}

static void enumerate_all(Prober *p)
{
    Facts *f = p->facts;
    VersionIndex old = highest_old(f);
    bool fine = versions_known(f);
    if (!fine) {
        fact_set(&f->groups_complete, UNKNOWN, "not all versions gave an answer");
    }
    if (f->version[V_TLS13].offered.known == YES) {
        g_autoptr(GArray) rest = not_seen(f, p->groups, false);
        fine = enumerate_version(p, V_TLS13, rest) && fine;
    }
    if (old != V_COUNT && f->suite_class[CLASS_ECDHE].known != NO) {
        g_autoptr(GArray) rest = not_seen(f, p->old_groups, !has_rsa(f));
        fine = enumerate_version(p, old, rest) && fine;
    }
    sort_groups(p);
    if (fine && old != V_COUNT && f->version[V_TLS13].offered.known == NO && !has_rsa(f)) {
        fine = false; /* with TLS 1.3 that would not matter: it is one list for all versions */
        fact_set(&f->groups_complete, UNKNOWN,
                 "without the curve of its certificate the server can agree on nothing");
    }
    if (fine) {
        fact_set(&f->groups_complete, YES, NULL);
    }
}

/* --- signature schemes, where they are seen: in the ServerKeyExchange of TLS 1.2 --- */

/* One set of schemes, one after the other. A TaskFunc. */
static void search_signatures(void *user)
{
    Search *s = user;
    bool only_rsa = false;
    g_autoptr(GArray) suites = suites_where(s->p->suites, is_ecdhe, &only_rsa);
    while (s->left->len) {
        g_auto(Asked) asked = {0};
        HelloOffer offer = offer_suites(s->p, V_TLS12, suites);
        offer.signatures = (const uint16_t *)(const void *)s->left->data;
        offer.n_signatures = s->left->len;
        prober_ask(s->p, &offer, &asked);
        uint16_t scheme = asked.outcome == ASKED_CHOSE ? asked.answer->signature : 0;
        if (!scheme || !list_has(s->left, scheme)) {
            s->done = asked.outcome == ASKED_CHOSE || asked.outcome == ASKED_REFUSED;
            s->why = g_strdup(asked.why);
            return;
        }
        list_remove(s->left, scheme);
    }
    s->done = true;
}

/* The kinds of which a server has, as a rule, all or none: RSA-PSS with an ordinary key, RSA
 * PKCS #1 with a good hash, ECDSA with a good hash; and all others. */
static size_t signature_kind(uint16_t scheme)
{
    enum { PSS_FIRST = 0x0804, PSS_LAST = 0x0806, PKCS1 = 1, ECDSA = 3, SHA256 = 4, SHA512 = 6 };
    bool pss = scheme >= PSS_FIRST && scheme <= PSS_LAST;
    bool good = scheme >> 8 >= SHA256 && scheme >> 8 <= SHA512;
    return pss                                ? 0
           : good && (scheme & 0xff) == PKCS1 ? 1
           : good && (scheme & 0xff) == ECDSA ? 2
                                              : 3;
}

static void enumerate_signatures(Prober *p)
{
    enum { KINDS = 4 };
    if (p->facts->version[V_TLS12].offered.known != YES) {
        return;
    }
    prober_progress(p, "signature schemes");
    Search searches[KINDS];
    void *users[KINDS];
    for (size_t i = 0; i < KINDS; i++) {
        searches[i] = (Search){.p = p, .left = g_array_new(FALSE, FALSE, sizeof(uint16_t))};
        users[i] = &searches[i];
    }
    for (guint i = 0; i < p->signatures->len; i++) {
        uint16_t scheme = g_array_index(p->signatures, uint16_t, i);
        if (list_has(p->facts->signatures, scheme)) {
            continue;
        }
        g_array_append_val(searches[signature_kind(scheme)].left, scheme);
    }
    io_together(search_signatures, users, KINDS);
    const char *why = NULL;
    for (size_t i = 0; i < KINDS; i++) {
        why = why || searches[i].done ? why : searches[i].why;
    }
    if (why) {
        prober_missing(p, "signature schemes: %s", why);
    }
    for (size_t i = 0; i < KINDS; i++) {
        g_array_unref(searches[i].left);
        g_free(searches[i].why);
    }
}

typedef struct {
    Prober *p;
    void (*run)(Prober *p);
} Half;

static void run_half(void *user)
{
    const Half *half = user;
    half->run(half->p);
}

static void run_both(Prober *p, void (*one)(Prober *p), void (*other)(Prober *p))
{
    Half halves[] = {{p, one}, {p, other}};
    void *users[] = {&halves[0], &halves[1]};
    io_together(run_half, users, G_N_ELEMENTS(users));
}

void probe_groups(Prober *p)
{
    prober_progress(p, "groups");
    if (p->plan->full) {
        run_both(p, enumerate_all, enumerate_signatures);
    }
    if (p->plan->full && p->facts->groups_complete.known == YES) {
        const HelloName *hybrid = seen(p->facts, is_hybrid), *weak = seen(p->facts, is_weak);
        fact_set(&p->facts->hybrid_groups, hybrid ? YES : NO, "%s",
                 hybrid ? hybrid->name : "none among all groups");
        fact_set(&p->facts->weak_groups, weak ? YES : NO, "%s",
                 weak ? weak->name : "none among all groups");
        return;
    }
    if (!p->plan->full) {
        fact_set(&p->facts->groups_complete, UNKNOWN,
                 "only kinds of groups were asked for; --full lists all");
    }
    run_both(p, ask_hybrid, ask_weak);
}
