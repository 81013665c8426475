/* probe_extensions.c: the fallback signal (RFC 7507). Extended master secret, encrypt-then-MAC,
 * secure renegotiation, compression and heartbeat are asked for in every hello, and learnt from the
 * answers (learn.c). */
#include "audit/learn.h"
#include "audit/probes.h"

/* The highest that is not the best there is: what a client falls back to. */
static VersionIndex fallback_version(const Facts *f)
{
    int v = highest_old(f);
    if (v == V_COUNT || f->version[V_TLS13].offered.known == YES) {
        return (VersionIndex)v;
    }
    for (v--; v >= V_SSL3; v--) {
        if (f->version[v].offered.known == YES) {
            return (VersionIndex)v;
        }
    }
    return V_COUNT;
}

/* TLS 1.2 is all there is to fall back to: no check looks at the signal then. */
static bool only_sentinel_matters(const Facts *f)
{
    for (int v = V_SSL3; v < V_TLS12; v++) {
        if (f->version[v].offered.known != NO) {
            return false;
        }
    }
    return f->version[V_TLS13].offered.known == YES;
}

static void ask_fallback(Prober *p)
{
    enum { INAPPROPRIATE_FALLBACK = 86 };
    Facts *f = p->facts;
    VersionIndex v = fallback_version(f);
    if (v == V_COUNT) {
        bool known = old_versions_known(f) && f->version[V_TLS13].offered.known != UNKNOWN;
        fact_set(&f->fallback_scsv, known ? YES : UNKNOWN,
                 known ? "there is no other version to fall back to"
                       : "not all versions gave an answer");
        return;
    }
    if (!p->plan->full && only_sentinel_matters(f)) {
        fact_set(&f->fallback_scsv, UNKNOWN,
                 "not asked for, because from TLS 1.3 to 1.2 the downgrade sentinel warns");
        return;
    }
    g_auto(Asked) asked = {0};
    HelloOffer offer = offer_suites(p, v, f->version[v].suites);
    offer.fallback_scsv = true;
    prober_ask(p, &offer, &asked);
    const HelloAnswer *a = asked.answer;
    bool alerted = a->alerted && a->alert_description == INAPPROPRIATE_FALLBACK;
    if (alerted || asked.by_closing) { /* without the signal these suites were agreed on */
        fact_set(&f->fallback_scsv, YES, "%s", asked.why);
    } else if (asked.outcome == ASKED_CHOSE) {
        fact_set(&f->fallback_scsv, NO, "%s was agreed on though the client fell back",
                 version_index_name(v));
    } else {
        fact_set(&f->fallback_scsv, UNKNOWN, "%s", asked.why);
    }
}

/* Encrypt-then-MAC can only be had with a suite in CBC mode. */
void probe_etm(Prober *p)
{
    Facts *f = p->facts;
    const Fact *cbc = &f->suite_class[CLASS_CBC];
    if (f->etm.known == UNKNOWN && cbc->known == NO) {
        fact_set(&f->etm, NO, "there is no suite in CBC mode");
    } else if (f->etm.known == UNKNOWN && cbc->why) {
        fact_set(&f->etm, UNKNOWN, "%s", cbc->why);
    }
}

/* Nothing below TLS 1.3 answered: these do not exist there, or it is not known. */
static void settle_without_answer(Facts *f)
{
    Fact *const facts[] = {&f->secure_renegotiation, &f->compression, &f->ems, &f->etm,
                           &f->heartbeat};
    bool only_tls13 = old_versions_known(f) && f->version[V_TLS13].offered.known == YES;
    for (size_t i = 0; i < G_N_ELEMENTS(facts); i++) {
        if (facts[i]->known != UNKNOWN) {
            continue;
        }
        /* TLS 1.3 has always what EMS and secure renegotiation were for, and never the other three.
         */
        Known in_tls13 = facts[i] == &f->secure_renegotiation || facts[i] == &f->ems ? YES : NO;
        fact_set(facts[i], only_tls13 ? in_tls13 : UNKNOWN, "%s",
                 only_tls13 ? "TLS 1.3 alone is offered" : "no answer below TLS 1.3");
    }
}

void probe_extensions(Prober *p)
{
    prober_progress(p, "extensions");
    ask_fallback(p);
    if (highest_old(p->facts) == V_COUNT) {
        settle_without_answer(p->facts);
    }
}
