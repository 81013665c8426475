/* check_consistency.c: siblings that differ: the addresses of one service, the MX of one domain. A
 * client gets now this one, now that, and a fault then comes and goes.
 *
 * Each aspect is made into a word that can be compared; NULL means that it is not known. The word
 * most siblings have is taken as meant. */
#include <string.h>

#include "audit/family.h"
#include "base/escape.h"

typedef char *(*Aspect)(const Facts *f);

/* Siblings speak the same protocol on the same port. Certificates are compared within one host
 * only. */
static bool are_siblings(const Facts *a, const Facts *b, bool same_host)
{
    return a->target->scheme == b->target->scheme && a->port == b->port &&
           (!same_host || g_ascii_strcasecmp(a->host, b->host) == 0);
}

static char *where(const Facts *f)
{
    return g_strdup_printf("%s (%s)", f->name, f->address ? f->address : "no address");
}

/* The siblings of services[first], itself among them, unless an earlier one has had them already:
 * then NULL. */
static GPtrArray *siblings_of(const GPtrArray *services, guint first, bool same_host)
{
    const Facts *f = g_ptr_array_index(services, first);
    GPtrArray *group = g_ptr_array_new();
    for (guint i = 0; i < services->len; i++) {
        Facts *other = g_ptr_array_index(services, i);
        if (!are_siblings(f, other, same_host)) {
            continue;
        }
        if (i < first) {
            g_ptr_array_unref(group);
            return NULL;
        }
        g_ptr_array_add(group, other);
    }
    return group;
}

/* The word most have, the first of them where it is a tie; NULL when none is known. Borrowed. */
static const char *usual_word(const GPtrArray *words)
{
    const char *best = NULL;
    guint best_count = 0;
    for (guint i = 0; i < words->len; i++) {
        const char *word = g_ptr_array_index(words, i);
        guint count = 0;
        for (guint j = 0; j < words->len; j++) {
            count += word != NULL && g_strcmp0(word, g_ptr_array_index(words, j)) == 0;
        }
        if (count > best_count) {
            best = word;
            best_count = count;
        }
    }
    return best;
}

static void compare(const GPtrArray *group, Aspect aspect, Findings *out)
{
    g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < group->len; i++) {
        g_ptr_array_add(words, aspect(g_ptr_array_index(group, i)));
    }
    const char *usual = usual_word(words);
    for (guint i = 0; i < group->len; i++) {
        const char *word = g_ptr_array_index(words, i);
        g_autofree char *at = where(g_ptr_array_index(group, i));
        if (word == NULL) {
            findings_unknown(out, "%s could not be compared", at);
        } else if (strcmp(word, usual) != 0) {
            findings_fail(out, "%s: %s; the others: %s", at, word, usual);
        }
    }
}

/* An address that is known to be dead is told once, as that. */
static void drop_dead(GPtrArray *group)
{
    for (guint i = group->len; i-- > 0;) {
        const Facts *f = g_ptr_array_index(group, i);
        if (f->reachable.known == NO) {
            g_ptr_array_remove_index(group, i);
        }
    }
}

static void compare_all(const DomainFacts *d, Aspect aspect, bool same_host, Findings *out)
{
    bool any = false;
    for (guint i = 0; i < d->services->len; i++) {
        g_autoptr(GPtrArray) group = siblings_of(d->services, i, same_host);
        if (group != NULL) {
            drop_dead(group);
        }
        if (group != NULL && group->len > 1) {
            any = true;
            compare(group, aspect, out);
        }
    }
    if (!any) {
        findings_not_applicable(out);
    }
}

static char *starttls_word(const Facts *f)
{
    static const char *const words[] = {
        [TLS_OFFER_YES] = "TLS",           [TLS_OFFER_MISSING] = "no TLS",
        [TLS_OFFER_MANGLED] = "mangled",   [TLS_OFFER_REFUSED] = "refused",
        [TLS_OFFER_INJECTED] = "injected", [TLS_OFFER_PREAUTH] = "PREAUTH",
    };
    return f->tls_offer != TLS_OFFER_UNKNOWN ? g_strdup(words[f->tls_offer]) : NULL;
}

static char *versions_word(const Facts *f)
{
    GString *word = g_string_new(NULL);
    for (int v = 0; v < V_COUNT; v++) {
        if (f->version[v].offered.known == UNKNOWN) {
            g_string_free(word, TRUE);
            return NULL;
        }
        if (f->version[v].offered.known == YES) {
            evidence_add(word, "%s", version_index_name((VersionIndex)v));
        }
    }
    if (word->len == 0) {
        g_string_append(word, "none");
    }
    return g_string_free(word, FALSE);
}

static char *classes_word(const Facts *f)
{
    GString *word = g_string_new(NULL);
    bool known = true;
    for (int c = 0; c < CLASS_COUNT; c++) {
        g_autofree char *evidence = NULL;
        Known offered = class_offered(f, (SuiteClass)c, &evidence);
        known = known && offered != UNKNOWN;
        if (offered == YES) {
            evidence_add(word, "%s", suite_class_name((SuiteClass)c));
        }
    }
    if (word->len == 0) {
        g_string_append(word, "none of the old ones");
    }
    return g_string_free(word, !known);
}

static char *certificate_word(const Facts *f)
{
    const TlsCertificate *leaf = f->peer && f->peer->chain && f->peer->chain->len > 0
                                     ? g_ptr_array_index(f->peer->chain, 0)
                                     : NULL;
    if (leaf == NULL) {
        return NULL;
    }
    g_autofree char *day = evidence_day(leaf->not_after);
    return g_strdup_printf("%s until %s, SHA-256 %.23s...", leaf->key_type, day, leaf->sha256);
}

static int by_name(const void *a, const void *b)
{
    return g_ascii_strcasecmp(*(char *const *)a, *(char *const *)b);
}

/* Names only: sizes and challenges differ by nature. Order does not matter. */
static char *capabilities_word(const Facts *f)
{
    const Caps *caps = f->caps_after ? f->caps_after : f->caps_before;
    if (caps == NULL) {
        return NULL;
    }
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (size_t i = 0; i < caps_count(caps); i++) {
        g_ptr_array_add(names, (void *)caps_name(caps, i));
    }
    g_ptr_array_sort(names, by_name);
    GString *word = g_string_new(NULL);
    for (guint i = 0; i < names->len; i++) {
        evidence_add_raw(word, g_ptr_array_index(names, i));
    }
    return g_string_free(word, FALSE);
}

static char *mechanisms_word(const Facts *f)
{
    if (f->caps_after == NULL) {
        return NULL;
    }
    g_auto(GStrv) mechanisms = caps_mechanisms(f->caps_after);
    qsort(mechanisms, g_strv_length(mechanisms), sizeof *mechanisms, by_name);
    GString *word = g_string_new(NULL);
    for (size_t i = 0; mechanisms[i] != NULL; i++) {
        evidence_add_raw(word, mechanisms[i]);
    }
    if (word->len == 0) {
        g_string_append(word, "none");
    }
    return g_string_free(word, FALSE);
}

/* Where any sibling answers, those that do not are at fault, however many they are. */
static void judge_reachable(const GPtrArray *group, Findings *out)
{
    guint living = 0;
    for (guint i = 0; i < group->len; i++) {
        living += ((const Facts *)g_ptr_array_index(group, i))->reachable.known == YES;
    }
    for (guint i = 0; i < group->len; i++) {
        const Facts *f = g_ptr_array_index(group, i);
        g_autofree char *at = where(f);
        if (f->reachable.known == UNKNOWN) {
            findings_unknown(out, "%s: %s", at, fact_why(&f->reachable));
        } else if (f->reachable.known == NO && living > 0) {
            findings_fail(out, "%s does not answer, %u others do", at, living);
        }
    }
}

static void reachable(const DomainFacts *d, Findings *out)
{
    bool any = false;
    for (guint i = 0; i < d->services->len; i++) {
        g_autoptr(GPtrArray) group = siblings_of(d->services, i, false);
        if (group != NULL && group->len > 1) {
            any = true;
            judge_reachable(group, out);
        }
    }
    if (!any) {
        findings_not_applicable(out);
    }
}

static void starttls(const DomainFacts *d, Findings *out)
{
    compare_all(d, starttls_word, false, out);
}

static void versions(const DomainFacts *d, Findings *out)
{
    compare_all(d, versions_word, false, out);
}

static void ciphers(const DomainFacts *d, Findings *out)
{
    compare_all(d, classes_word, false, out);
}

static void certificate(const DomainFacts *d, Findings *out)
{
    compare_all(d, certificate_word, true, out);
}

static void capabilities(const DomainFacts *d, Findings *out)
{
    compare_all(d, capabilities_word, false, out);
}

static void mechanisms(const DomainFacts *d, Findings *out)
{
    compare_all(d, mechanisms_word, false, out);
}

static const Check checks[] = {
    {
        .id = "consistency.reachable",
        .title = "Some addresses answer and others do not",
        .severity = ALWAYS(MEDIUM),
        .run_domain = reachable,
        .why = "Clients that get the dead address first wait until they give it up. The living "
               "ones hide the fault from whoever looks "
               "only once.",
        .reference = "RFC 5321 5.1",
        .fix = {.dns =
                    "; remove the A, AAAA, MX or SRV record of an address that no longer serves"},
    },
    {
        .id = "consistency.starttls",
        .title = "Some addresses offer TLS and others do not",
        .severity = ALWAYS(HIGH),
        .run_domain = starttls,
        .why = "Some of the mail is then sent in the clear, depending on which address a sender "
               "happens on. An attacker only has to "
               "keep the good ones from answering.",
        .reference = "RFC 7672 1.3.1",
    },
    {
        .id = "consistency.versions",
        .title = "Versions of TLS differ between addresses",
        .severity = ALWAYS(LOW),
        .run_domain = versions,
        .why = "The weakest of them sets the level, for an attacker can choose. Mostly one server "
               "was forgotten at an update.",
        .reference = "RFC 9325 3.9",
    },
    {
        .id = "consistency.ciphers",
        .title = "Kinds of suites differ between addresses",
        .severity = ALWAYS(LOW),
        .run_domain = ciphers,
        .why = "The weakest of them sets the level, for an attacker can choose. Mostly one server "
               "was forgotten at a change of the "
               "configuration.",
        .reference = "RFC 9325 3.9",
    },
    {
        .id = "consistency.certificate",
        .title = "Certificates of one host differ between addresses",
        .severity = ALWAYS(LOW),
        .run_domain = certificate,
        .why = "One of them will expire unnoticed, or is not matched by the TLSA record. Where "
               "each server has its own on purpose, DANE "
               "needs a record for each.",
        .reference = "RFC 7671 8",
    },
    {
        .id = "consistency.capabilities",
        .title = "Capabilities differ between addresses",
        .severity = ALWAYS(INFO),
        .run_domain = capabilities,
        .why = "A client sees now these, now those. One of the servers has another version or "
               "configuration than its siblings.",
        .reference = "RFC 5321 4.1.1.1",
    },
    {
        .id = "consistency.mechanisms",
        .title = "Ways to log in differ between addresses",
        .severity = ALWAYS(LOW),
        .run_domain = mechanisms,
        .why = "A client that is set up for one mechanism fails where it is not there. It works at "
               "the second try, which makes such "
               "faults hard to find.",
        .reference = "RFC 4954, RFC 9051 6.2.2",
    },
    {0},
};

const Family family_consistency = {"consistency", "Addresses compared", checks, NEEDS_NOTHING};
