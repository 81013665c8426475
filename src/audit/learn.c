/* learn.c: from one answer to a hello to facts. */
#include "audit/learn.h"

#include <string.h>

#include "audit/offer.h"

VersionIndex learn_version(const HelloAnswer *answer)
{
    for (int v = V_SSL2; v < V_COUNT; v++) {
        if (version_index_wire((VersionIndex)v) == answer->version) {
            return (VersionIndex)v;
        }
    }
    return V_COUNT;
}

/* A yes is never taken back: some suite, some certificate had it. */
static void saw(Fact *fact, const char *with)
{
    if (fact->known != YES) {
        fact_set(fact, YES, "%s", with);
    }
}

static void saw_or_not(Fact *fact, bool there, const char *with)
{
    if (there) {
        saw(fact, with);
    } else if (fact->known == UNKNOWN) {
        fact_set(fact, NO, "not with %s", with);
    }
}

static void learn_suite(Facts *f, const Suite *suite, VersionIndex v)
{
    GArray *suites = f->version[v].suites;
    list_add(suites, suite->id);
    for (int c = 0; c < CLASS_COUNT; c++) {
        if (suite_in_class(suite, (SuiteClass)c)) {
            saw(&f->suite_class[c], suite->name);
        }
    }
}

static void learn_prime(Facts *f, const HelloAnswer *a)
{
    if (a->dh_prime && (!f->dh_bits || a->dh_bits < f->dh_bits)) {
        f->dh_bits = a->dh_bits;
        g_clear_pointer(&f->dh_prime, g_bytes_unref);
        f->dh_prime = g_bytes_ref(a->dh_prime);
    }
}

/* --- certificates --- */

static bool same_leaf(const GPtrArray *chain, const TlsCertificate *leaf)
{
    const TlsCertificate *first = chain->len ? g_ptr_array_index(chain, 0) : NULL;
    return first && g_strcmp0(first->sha256, leaf->sha256) == 0;
}

static bool knows_chain(const Facts *f, const GPtrArray *chain)
{
    for (guint i = 0; i < f->chains->len; i++) {
        if (same_leaf(g_ptr_array_index(f->chains, i), g_ptr_array_index(chain, 0))) {
            return true;
        }
    }
    return false;
}

static void learn_chain(Facts *f, const HelloAnswer *a)
{
    enum { CHAINS_MAX = 8 };
    GPtrArray *chain = g_ptr_array_new_with_free_func((GDestroyNotify)tls_certificate_free);
    for (guint i = 0; i < a->certificates->len; i++) {
        GBytes *der = g_ptr_array_index(a->certificates, i);
        TlsCertificate *certificate =
            tls_certificate_parse((Bytes){g_bytes_get_data(der, NULL), g_bytes_get_size(der)});
        if (!certificate) {
            break;
        }
        g_ptr_array_add(chain, certificate);
    }
    if (chain->len && f->chains->len < CHAINS_MAX && !knows_chain(f, chain)) {
        g_ptr_array_add(f->chains, chain);
    } else {
        g_ptr_array_unref(chain);
    }
}

/* --- extensions: only what was offered can have been refused --- */

static void learn_extensions(Facts *f, const HelloOffer *o, const HelloAnswer *a,
                             const char *suite_name, const Suite *suite)
{
    if (o->renegotiation_info) {
        saw_or_not(&f->secure_renegotiation, a->renegotiation_info, suite_name);
    }
    if (o->compression) {
        saw_or_not(&f->compression, a->compression != 0, suite_name);
    }
    if (o->version <= version_index_wire(V_SSL3)) {
        return;
    }
    if (o->ems) {
        saw_or_not(&f->ems, a->ems, suite_name);
    }
    if (o->etm && suite &&
        suite->cbc) { /* there is nothing else to do it with (RFC 7366 section 3) */
        saw_or_not(&f->etm, a->etm, suite_name);
    }
    if (o->heartbeat) {
        saw_or_not(&f->heartbeat, a->heartbeat, suite_name);
    }
}

/* RFC 8446 section 4.1.3: a server of TLS 1.3 says so to whoever was brought down to less. */
static void learn_sentinel(Facts *f, const HelloAnswer *a)
{
    if (f->version[V_TLS13].offered.known != YES || a->version < version_index_wire(V_TLS10)) {
        return;
    }
    if (a->sentinel != HELLO_NO_SENTINEL) {
        saw(&f->sentinel, version_index_name(learn_version(a)));
    } else {
        fact_set(&f->sentinel, NO, "not in %s", version_index_name(learn_version(a)));
    }
}

void learn_answer(Facts *f, const HelloOffer *o, const HelloAnswer *a)
{
    VersionIndex v = learn_version(a);
    learn_chain(f, a); /* it came, even if something failed behind it */
    if (v == V_COUNT || v == V_SSL2 || (a->kind != HELLO_SERVER && a->kind != HELLO_RETRY)) {
        return;
    }
    const Suite *suite = hello_suite(a->suite);
    const char *suite_name = suite ? suite->name : "an unknown suite";
    if (suite) {
        learn_suite(f, suite, v);
    } else {
        list_add(f->version[v].suites, a->suite);
    }
    if (a->group) {
        list_add(f->groups, a->group);
    }
    if (a->signature) {
        list_add(f->signatures, a->signature);
    }
    learn_prime(f, a);
    if (v == V_TLS13) {
        return;
    }
    if (a->ocsp) {
        saw(&f->ocsp_stapled, suite_name);
    }
    learn_extensions(f, o, a, suite_name, suite);
    learn_sentinel(f, a);
}
