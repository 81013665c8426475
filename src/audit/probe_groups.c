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
    for (guint i = 0; i < f->chains->len; i++) {
        const TlsCertificate *leaf =
            g_ptr_array_index((GPtrArray *)g_ptr_array_index(f->chains, i), 0);
        if (leaf->key_type && g_str_has_prefix(leaf->key_type, "RSA")) {
            return true;
        }
    }
    return false;
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

/* Withholds the chosen one and asks again. True: until the server refused the rest, or chose
 * something else than ECDHE. */
static bool enumerate_groups(Prober *p, VersionIndex v, const GArray *all, char **why)
{
    g_autoptr(GArray) left = g_array_copy((GArray *)all);
    while (left->len) {
        g_auto(Asked) asked = {0};
        ask_groups(p, v, left, &asked);
        if (asked.outcome != ASKED_CHOSE) {
            *why = g_strdup(asked.why);
            return asked.outcome == ASKED_REFUSED;
        }
        if (!list_has(left, asked.answer->group)) {
            *why = g_strdup("the server chose a group that was not offered");
            return false;
        }
        list_remove(left, asked.answer->group);
    }
    return true;
}

static bool enumerate_version(Prober *p, VersionIndex v, const GArray *all)
{
    g_autofree char *why = NULL;
    if (enumerate_groups(p, v, all, &why)) {
        return true;
    }
    fact_set(&p->facts->groups_complete, UNKNOWN, "%s: %s", version_index_name(v), why);
    return false;
}

static void enumerate_all(Prober *p)
{
    Facts *f = p->facts;
    VersionIndex old = highest_old(f);
    bool fine = f->version[V_TLS13].offered.known != UNKNOWN && old_versions_known(f);
    if (!fine) {
        fact_set(&f->groups_complete, UNKNOWN, "not all versions gave an answer");
    }
    if (f->version[V_TLS13].offered.known == YES) {
        fine = enumerate_version(p, V_TLS13, p->groups) && fine;
    }
    if (old != V_COUNT && f->suite_class[CLASS_ECDHE].known != NO) {
        fine = enumerate_version(p, old, p->old_groups) && fine;
    }
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

static void enumerate_signatures(Prober *p)
{
    if (p->facts->version[V_TLS12].offered.known != YES) {
        return;
    }
    prober_progress(p, "signature schemes");
    bool only_rsa = false;
    g_autoptr(GArray) suites = suites_where(p->suites, is_ecdhe, &only_rsa);
    g_autoptr(GArray) left = g_array_copy(p->signatures);
    while (left->len) {
        g_auto(Asked) asked = {0};
        HelloOffer offer = offer_suites(p, V_TLS12, suites);
        offer.signatures = (const uint16_t *)(const void *)left->data;
        offer.n_signatures = left->len;
        prober_ask(p, &offer, &asked);
        uint16_t scheme = asked.outcome == ASKED_CHOSE ? asked.answer->signature : 0;
        if (!scheme || !list_has(left, scheme)) {
            if (asked.outcome == ASKED_NOT || asked.outcome == ASKED_BROKE) {
                prober_missing(p, "signature schemes: %s", asked.why);
            }
            return;
        }
        list_remove(left, scheme);
    }
}

void probe_groups(Prober *p)
{
    prober_progress(p, "groups");
    if (p->plan->full) {
        enumerate_all(p);
        enumerate_signatures(p);
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
    ask_hybrid(p);
    ask_weak(p);
}
