/* probe_certificates.c: a server may have a certificate with an RSA key and one with an ECDSA key,
 * and sends the one that fits the suite. Below TLS 1.3 both can be seen, each by offering only
 * suites it fits. */
#include <string.h>

#include "audit/probes.h"

typedef struct {
    const char *auth;
    bool no_static, no_dhe; /* known not to be offered */
} Wanted;

static bool is_wanted(const Suite *suite, const void *data)
{
    const Wanted *wanted = data;
    return strcmp(suite->auth, wanted->auth) == 0 &&
           !(wanted->no_static && suite->key_exchange == SUITE_KX_RSA) &&
           !(wanted->no_dhe && suite->key_exchange == SUITE_KX_DHE);
}

static bool has_key(const Facts *f, const char *type)
{
    for (guint i = 0; i < f->chains->len; i++) {
        const GPtrArray *chain = g_ptr_array_index(f->chains, i);
        const TlsCertificate *leaf = g_ptr_array_index(chain, 0);
        if (leaf->key_type && g_str_has_prefix(leaf->key_type, type)) {
            return true;
        }
    }
    return false;
}

/* Suites of this kind were asked for, each one: whoever has none of them has no such key in use. */
static bool is_settled(const Facts *f, VersionIndex v)
{
    return f->version[v].suites_complete.known == YES;
}

void probe_certificates(Prober *p)
{
    static const struct {
        const char *auth, *type;
    } keys[] = {{"ECDSA", "EC"}, {"RSA", "RSA"}};
    Facts *f = p->facts;
    VersionIndex v = highest_old(f);
    if (v == V_COUNT) {
        fact_set(&f->chains_complete, UNKNOWN,
                 "TLS 1.3 alone: certificates are not sent in the clear");
        return;
    }
    g_autofree char *unknown = NULL;
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
        if (has_key(f, keys[i].type) || is_settled(f, v)) {
            continue;
        }
        Wanted wanted = {keys[i].auth, f->suite_class[CLASS_RSA_KX].known == NO,
                         f->suite_class[CLASS_DHE].known == NO};
        g_autoptr(GArray) suites = suites_where(p->suites, is_wanted, &wanted);
        g_autofree char *why = NULL;
        g_auto(Asked) asked = {0};
        if (ask_suites(p, v, suites, &asked, &why) == UNKNOWN && !unknown) {
            unknown = g_strdup_printf("%s suites: %s", keys[i].auth, why);
        }
    }
    fact_set(&f->chains_complete, unknown ? UNKNOWN : YES, "%s",
             unknown ? unknown : "RSA and ECDSA were asked for");
}
