/* probe_certificates.c: a server may have a certificate with an RSA key and one with an ECDSA key,
 * and sends the one that fits the suite, or in TLS 1.3 the signature schemes. Below TLS 1.3 both
 * can be seen in the clear, each by offering only suites it fits; where there is TLS 1.3 alone,
 * each in a session that offers only schemes it fits. */
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

bool has_key(const Facts *f, const char *type)
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

static const struct {
    const char *auth, *type;
    const char *schemes; /* of TLS 1.3; those of PKCS#1 are for whoever signed the certificate */
} keys[] = {
    {"ECDSA", "EC",
     "ecdsa_secp256r1_sha256:ecdsa_secp384r1_sha384:ecdsa_secp521r1_sha512:"
     "rsa_pkcs1_sha256:rsa_pkcs1_sha384:rsa_pkcs1_sha512"},
    {"RSA", "RSA",
     "rsa_pss_rsae_sha256:rsa_pss_rsae_sha384:rsa_pss_rsae_sha512:"
     "rsa_pkcs1_sha256:rsa_pkcs1_sha384:rsa_pkcs1_sha512"},
};

/* --- TLS 1.3 alone --- */

static void learn_scheme(Facts *f, const char *name)
{
    for (const HelloName *scheme = hello_signatures; name && scheme->name; scheme++) {
        if (g_str_equal(scheme->name, name)) {
            list_add(f->signatures, scheme->id);
        }
    }
}

static void learn_peer(Facts *f, const TlsPeer *peer)
{
    learn_scheme(f, peer->peer_signature);
    const TlsCertificate *leaf = peer->chain->len > 0 ? g_ptr_array_index(peer->chain, 0) : NULL;
    if (leaf && leaf->key_type && !has_key(f, leaf->key_type)) {
        g_ptr_array_add(f->chains, g_ptr_array_ref(peer->chain));
    }
}

/* An alert is a refusal; and closing is, of a server that always refuses so. */
static bool is_refusal(const Prober *p, const GError *error)
{
    return !p->stopped && (g_error_matches(error, POSTERN_ERROR, POSTERN_ERROR_PROTOCOL) ||
                           (g_error_matches(error, POSTERN_ERROR, POSTERN_ERROR_EOF) &&
                            p->refuses_by_closing == YES));
}

/* A session in which the server may sign with these schemes only. True: it did, or refused; else
 * *why tells. Suspends. */
static bool ask_schemes(Prober *p, const char *schemes, bool *ret_agreed, char **why)
{
    SessionPlan plan = prober_session_plan(p);
    plan.tls.demand = TLS_OPPORTUNISTIC;
    plan.tls.no_verify = plan.tls.dane = false;
    plan.tls.pins = NULL;
    plan.tls.min = TLS_1_3;
    plan.tls.signatures = schemes;
    g_autoptr(GError) error = NULL;
    prober_alone(p); /* closing in a crowd would be no refusal */
    Session *s = prober_climb(p, &plan, STAGE_TLS, &error);
    prober_alone_no_more(p);
    bool agreed = s && wire_encrypted(s->wire) && s->peer;
    if (agreed) {
        learn_peer(p->facts, s->peer);
    }
    prober_hang_up(p, s);
    *ret_agreed = agreed;
    if (agreed || is_refusal(p, error)) {
        return true;
    }
    const char *words = error ? error->message : "there was no TLS to be had";
    *why = g_strndup(words, strcspn(words, "\n"));
    return false;
}

/* Each scheme by itself, for `full`. Suspends. */
static void enumerate_schemes(Prober *p)
{
    static const char *const each[] = {"ecdsa_secp256r1_sha256",
                                       "ecdsa_secp384r1_sha384",
                                       "ecdsa_secp521r1_sha512",
                                       "ed25519",
                                       "ed448",
                                       "rsa_pss_rsae_sha256",
                                       "rsa_pss_rsae_sha384",
                                       "rsa_pss_rsae_sha512",
                                       "rsa_pss_pss_sha256"};
    prober_progress(p, "signature schemes");
    for (size_t i = 0; i < G_N_ELEMENTS(each); i++) {
        g_autofree char *schemes =
            g_strdup_printf("%s:rsa_pkcs1_sha256:rsa_pkcs1_sha384:rsa_pkcs1_sha512", each[i]);
        g_autofree char *why = NULL;
        bool agreed = false;
        if (!ask_schemes(p, schemes, &agreed, &why)) {
            prober_missing(p, "signature scheme %s: %s", each[i], why);
        }
    }
}

static void probe_in_sessions(Prober *p)
{
    Facts *f = p->facts;
    g_autofree char *unknown = NULL;
    if (f->peer) {
        learn_peer(f, f->peer);
    }
    prober_progress(p, "certificates");
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
        g_autofree char *why = NULL;
        bool agreed = false;
        if (!has_key(f, keys[i].type) && !ask_schemes(p, keys[i].schemes, &agreed, &why) &&
            !unknown) {
            unknown = g_strdup_printf("%s: %s", keys[i].auth, why);
        }
    }
    fact_set(&f->chains_complete, unknown ? UNKNOWN : YES, "%s",
             unknown ? unknown : "RSA and ECDSA were asked for");
    if (p->plan->full) {
        enumerate_schemes(p);
    }
}

/* --- below --- */

void probe_certificates(Prober *p)
{
    Facts *f = p->facts;
    VersionIndex v = highest_old(f);
    if (v == V_COUNT && f->version[V_TLS13].offered.known == YES) {
        probe_in_sessions(p);
        return;
    }
    if (v == V_COUNT) {
        fact_set(&f->chains_complete, UNKNOWN, "no version of TLS was found");
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
