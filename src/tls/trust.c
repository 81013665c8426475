/* trust.c: verification by PKIX, DANE or pins: recording instead of aborting. */
#include "tls/trust.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "tls/connection.h"
#include "tls/context.h"
#include "tls/dane.h"
#include "tls/pins.h"
#include "tls/store.h"

/* A chain has few problems; a hostile one gets no list without end. */
enum { PROBLEMS_MAX = 16 };

static void clear_problem(gpointer data)
{
    TlsProblem *problem = data;
    X509_free(problem->certificate);
}

void tls_trust_clear(TlsTrustRecord *record)
{
    g_clear_pointer(&record->problems, g_array_unref);
    sk_X509_pop_free(record->chain, X509_free);
    g_free(record->matched_name);
    g_free(record->matched_pin);
    *record = (TlsTrustRecord){0};
}

static bool known_problem(const TlsTrustRecord *record, int number, int depth)
{
    for (guint i = 0; i < record->problems->len; i++) {
        const TlsProblem *problem = &g_array_index(record->problems, TlsProblem, i);
        if (problem->number == number && problem->depth == depth) {
            return true;
        }
    }
    return false;
}

static void add_problem(TlsTrustRecord *record, X509_STORE_CTX *context)
{
    int number = X509_STORE_CTX_get_error(context);
    int depth = X509_STORE_CTX_get_error_depth(context);
    if (!record->problems) {
        record->problems = g_array_new(FALSE, FALSE, sizeof(TlsProblem));
        g_array_set_clear_func(record->problems, clear_problem);
    }
    if (record->problems->len >= PROBLEMS_MAX || known_problem(record, number, depth)) {
        return;
    }
    X509 *certificate = X509_STORE_CTX_get_current_cert(context);
    if (certificate) {
        X509_up_ref(certificate);
    }
    g_array_append_val(record->problems, ((TlsProblem){number, depth, certificate}));
}

static TlsConnection *connection_of_context(X509_STORE_CTX *context)
{
    int index = SSL_get_ex_data_X509_STORE_CTX_idx();
    return tls_connection_of(X509_STORE_CTX_get_ex_data(context, index));
}

static int record_problem(int fine, X509_STORE_CTX *context)
{
    if (!fine) {
        add_problem(&connection_of_context(context)->trust, context);
    }
    return 1;
}

/* libssl makes certificates obey the level of the ciphers, and TLS 1.0 needs level 0 for those.
 * Whoever allows an old version has not allowed forged certificates: they keep the default level,
 * unless the user writes a level himself. */
static int certificate_level(const SSL *ssl, const TlsPlan *plan)
{
    if (plan->ciphers && strstr(plan->ciphers, "@SECLEVEL=")) {
        return SSL_get_security_level(ssl);
    }
    return SSL_CTX_get_security_level(tls_client_context());
}

static void run(X509_STORE_CTX *context, TlsConnection *c)
{
    TlsTrustRecord *record = &c->trust;
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(context);
    X509_VERIFY_PARAM_set_auth_level(param, certificate_level(c->ssl, c->plan));
    X509_STORE_CTX_set_verify_cb(context, record_problem);
    if (X509_verify_cert(context) <= 0) {
        add_problem(record,
                    context); /* what ends verification at once does not pass the callback */
    }
    record->checked = true;
    record->chain = X509_STORE_CTX_get1_chain(context);
    g_free(record->matched_name);
    record->matched_name = g_strdup(X509_VERIFY_PARAM_get0_peername(param));
    ERR_clear_error();
}

static void match_pins(TlsConnection *c, const X509 *leaf)
{
    g_free(c->trust.matched_pin);
    c->trust.matched_pin = leaf ? tls_pins_match(c->plan->pins, leaf) : NULL;
    c->trust.checked = true;
}

int tls_trust_verify(X509_STORE_CTX *context, void *unused)
{
    (void)unused;
    TlsConnection *c = connection_of_context(context);
    if (c->plan->pins && c->plan->pins[0]) {
        match_pins(c, X509_STORE_CTX_get0_cert(context));
    }
    run(context, c);
    return 1;
}

void tls_trust_verify_resumed(SSL *ssl)
{
    TlsConnection *c = tls_connection_of(ssl);
    X509 *leaf = SSL_get0_peer_certificate(ssl);
    X509_STORE *store = NULL;
    SSL_get0_verify_cert_store(ssl, &store);
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    if (!leaf || !X509_STORE_CTX_init(context, store, leaf, SSL_get_peer_cert_chain(ssl))) {
        X509_STORE_CTX_free(context);
        return;
    }
    X509_STORE_CTX_set_ex_data(context, SSL_get_ex_data_X509_STORE_CTX_idx(), ssl);
    if (c->plan->dane) {
        X509_STORE_CTX_set0_dane(context, SSL_get0_dane(ssl));
    }
    X509_STORE_CTX_set_default(context, "ssl_server");
    X509_VERIFY_PARAM_set1(X509_STORE_CTX_get0_param(context), SSL_get0_param(ssl));
    tls_trust_verify(context, NULL);
    SSL_set_verify_result(ssl, X509_STORE_CTX_get_error(context));
    X509_STORE_CTX_free(context);
}

static bool apply_name(SSL *ssl, TlsTrustRecord *record, const char *host, GError **error)
{
    X509_VERIFY_PARAM *param = SSL_get0_param(ssl);
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    record->ip = X509_VERIFY_PARAM_set1_ip_asc(param, host) == 1;
    bool fine = record->ip || X509_VERIFY_PARAM_set1_host(param, host, 0) == 1;
    ERR_clear_error();
    if (!fine) {
        return error_fail(error, POSTERN_ERROR_USAGE, "'%s' is not a name a certificate can bear",
                          host);
    }
    return true;
}

bool tls_trust_apply(SSL *ssl, TlsTrustRecord *record, const TlsPlan *plan, const char *host,
                     GError **error)
{
    X509_STORE *store = tls_store_for(plan, error);
    if (!store) {
        return false;
    }
    SSL_set1_verify_cert_store(ssl, store);
    X509_STORE_free(store);
    SSL_set_verify(ssl, SSL_VERIFY_PEER, record_problem);
    if (!apply_name(ssl, record, host, error)) {
        return false;
    }
    return !plan->dane || tls_dane_apply(ssl, plan, host, &record->tlsa_usable, error);
}

bool tls_trust_holds(const TlsTrustRecord *record, const TlsPlan *plan)
{
    bool pinned = plan->pins && plan->pins[0];
    if (!record->checked || record->revoked || (plan->dane && record->tlsa_usable == 0) ||
        (pinned && !record->matched_pin)) {
        return false;
    }
    /* With DANE, OpenSSL's verification is that of the TLSA records. */
    bool chain_counts = plan->dane || !pinned;
    return !chain_counts || !record->problems;
}

bool tls_trust_is_fatal(const TlsPlan *plan)
{
    return !plan->no_verify && plan->demand != TLS_OPPORTUNISTIC;
}
