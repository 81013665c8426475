/* plan.c: the words of a plan, and what can be checked of it without a connection. */
#include "tls/plan.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/nearest.h"
#include "tls/context.h"
#include "tls/identity.h"
#include "tls/keylog.h"
#include "tls/parameters.h"
#include "tls/store.h"

static const struct {
    const char *text, *name;
    TlsVersion version;
} versions[] = {
    {"1.0", "TLS 1.0", TLS_1_0},
    {"1.1", "TLS 1.1", TLS_1_1},
    {"1.2", "TLS 1.2", TLS_1_2},
    {"1.3", "TLS 1.3", TLS_1_3},
};

bool tls_version_parse(const char *text, TlsVersion *ret, GError **error)
{
    for (size_t i = 0; i < G_N_ELEMENTS(versions); i++) {
        if (g_str_equal(text, versions[i].text)) {
            *ret = versions[i].version;
            return true;
        }
    }
    return error_fail(error, POSTERN_ERROR_USAGE,
                      "'%s' is not a TLS version this program speaks: choose 1.0, 1.1, 1.2 or 1.3",
                      text);
}

const char *tls_version_name(TlsVersion version)
{
    for (size_t i = 0; i < G_N_ELEMENTS(versions); i++) {
        if (version == versions[i].version) {
            return versions[i].name;
        }
    }
    return version == TLS_VERSION_ANY ? "any TLS version" : "an unknown TLS version";
}

static const struct {
    const char *word;
    TlsDemand demand;
} demands[] = {
    {"required", TLS_REQUIRED},
    {"opportunistic", TLS_OPPORTUNISTIC},
    {"off", TLS_OFF},
};

bool tls_demand_parse(const char *text, TlsDemand *ret, GError **error)
{
    Nearest near = {.word = text};
    for (size_t i = 0; i < G_N_ELEMENTS(demands); i++) {
        if (g_str_equal(text, demands[i].word)) {
            *ret = demands[i].demand;
            return true;
        }
        nearest_offer(&near, demands[i].word);
    }
    return error_fail(error, POSTERN_ERROR_USAGE,
                      "'%s' is not a way to use TLS%s%s%s: choose required, opportunistic or off",
                      text, near.best ? " (did you mean '" : "", near.best ? near.best : "",
                      near.best ? "'?)" : "");
}

static bool check_pins(const TlsPlan *plan, GError **error)
{
    for (size_t i = 0; plan->pins && plan->pins[i]; i++) {
        uint8_t pin[32];
        if (!tls_pin_parse(plan->pins[i], pin, error)) {
            return false;
        }
    }
    return true;
}

/* The settings are tried on a scratch SSL: what OpenSSL says now it would say later. Without any
 * there is nothing to say, and OpenSSL begins while the server is waited for. */
static bool check_parameters(const TlsPlan *plan, GError **error)
{
    bool some = plan->min != TLS_VERSION_ANY || plan->max != TLS_VERSION_ANY || plan->ciphers ||
                plan->groups || plan->signatures || plan->alpn;
    if (!some) {
        return true;
    }
    SSL *ssl = SSL_new(tls_client_context());
    bool fine = tls_apply_parameters(ssl, plan, error);
    SSL_free(ssl);
    ERR_clear_error();
    return fine;
}

bool tls_plan_check(const TlsPlan *plan, GError **error)
{
    return check_parameters(plan, error) && check_pins(plan, error) &&
           tls_store_check(plan, error) && tls_identity_check(plan, error) &&
           tls_keylog_check(plan, error);
}
