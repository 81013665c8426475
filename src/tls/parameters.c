/* parameters.c: versions, ciphers, groups and ALPN of a plan. */
#include "tls/parameters.h"

#include <string.h>

#include <openssl/err.h>

TlsVersion tls_plan_min(const TlsPlan *plan)
{
    if (plan->min != TLS_VERSION_ANY) {
        return plan->min;
    }
    /* --tls-max=1.1 alone means: as old as that. */
    return plan->max != TLS_VERSION_ANY && plan->max < TLS_1_2 ? TLS_1_0 : TLS_1_2;
}

TlsVersion tls_plan_max(const TlsPlan *plan)
{
    return plan->max == TLS_VERSION_ANY ? TLS_1_3 : plan->max;
}

static bool apply_versions(SSL *ssl, const TlsPlan *plan, GError **error)
{
    TlsVersion min = tls_plan_min(plan), max = tls_plan_max(plan);
    if (min > max) {
        return error_fail(error, POSTERN_ERROR_USAGE,
                          "no TLS version is left: at least %s and at most %s were demanded",
                          tls_version_name(min), tls_version_name(max));
    }
    if (!SSL_set_min_proto_version(ssl, (int)min) || !SSL_set_max_proto_version(ssl, (int)max)) {
        return error_fail(error, POSTERN_ERROR_USAGE, "this OpenSSL does not speak %s",
                          tls_version_name(min));
    }
    return true;
}

static bool is_tls13_suite(const char *name)
{
    /* The IANA names of TLS 1.3 have no key exchange, hence no "_WITH_". */
    return g_str_has_prefix(name, "TLS_") && !strstr(name, "_WITH_");
}

static const char *openssl_name(const char *name)
{
    if (!g_str_has_prefix(name, "TLS_")) {
        return name;
    }
    const char *known = OPENSSL_cipher_name(name);
    return g_str_equal(known, "(NONE)") ? name : known;
}

void tls_sort_ciphers(const char *list, GString *old, GString *tls13)
{
    g_auto(GStrv) names = g_strsplit_set(list, ":, ", -1);
    for (size_t i = 0; names[i]; i++) {
        if (!names[i][0]) {
            continue;
        }
        bool new = is_tls13_suite(names[i]);
        GString *to = new ? tls13 : old;
        g_string_append_printf(to, "%s%s", to->len > 0 ? ":" : "",
                               new ? names[i] : openssl_name(names[i]));
    }
}

/* OpenSSL passes over names it does not know as long as one is known: a typing error would go
 * unnoticed. */
static bool known_cipher(SSL *ssl, const char *name)
{
    bool is_operator = strchr("!-+@", name[0]) != NULL; /* "!RC4", "@STRENGTH" */
    return is_operator || SSL_set_cipher_list(ssl, name) == 1;
}

static bool apply_old_ciphers(SSL *ssl, const char *list, GError **error)
{
    g_auto(GStrv) names = g_strsplit(list, ":", -1);
    for (size_t i = 0; names[i]; i++) {
        if (!known_cipher(ssl, names[i])) {
            return error_fail(error, POSTERN_ERROR_USAGE,
                              "OpenSSL knows no cipher '%s' (`openssl ciphers -v ALL` lists them)",
                              names[i]);
        }
    }
    if (!SSL_set_cipher_list(ssl, list)) {
        return error_fail(error, POSTERN_ERROR_USAGE, "no cipher is left in '%s'", list);
    }
    return true;
}

/* As with OpenSSL's own tools, a list of one kind leaves the other kind at its default. */
static bool apply_ciphers(SSL *ssl, const TlsPlan *plan, GError **error)
{
    bool old_versions = tls_plan_min(plan) < TLS_1_2;
    if (!plan->ciphers) {
        if (old_versions) {
            SSL_set_security_level(ssl, 0); /* OpenSSL 3: TLS 1.0 and 1.1 exist only there */
        }
        return true;
    }
    g_autoptr(GString) old = g_string_new(NULL);
    g_autoptr(GString) tls13 = g_string_new(NULL);
    tls_sort_ciphers(plan->ciphers, old, tls13);
    if (old->len == 0 && tls13->len == 0) {
        return error_fail(error, POSTERN_ERROR_USAGE, "the list of ciphers is empty");
    }
    if (old->len > 0 && !apply_old_ciphers(ssl, old->str, error)) {
        return false;
    }
    if (tls13->len > 0 && !SSL_set_ciphersuites(ssl, tls13->str)) {
        return error_fail(error, POSTERN_ERROR_USAGE, "OpenSSL does not know all of '%s'",
                          tls13->str);
    }
    if (old_versions && !strstr(plan->ciphers, "@SECLEVEL=")) {
        SSL_set_security_level(ssl, 0);
    }
    return true;
}

static bool apply_groups(SSL *ssl, const TlsPlan *plan, GError **error)
{
    if (!plan->groups) {
        return true;
    }
    g_autofree char *list = g_strdelimit(g_strdup(plan->groups), ", ", ':');
    if (!SSL_set1_groups_list(ssl, list)) {
        return error_fail(error, POSTERN_ERROR_USAGE,
                          "OpenSSL does not know all groups of '%s': X25519, P-256, P-384, P-521, "
                          "X448, ffdhe2048, ffdhe3072, ffdhe4096 are known",
                          plan->groups);
    }
    return true;
}

static bool apply_signatures(SSL *ssl, const TlsPlan *plan, GError **error)
{
    if (plan->signatures && !SSL_set1_sigalgs_list(ssl, plan->signatures)) {
        return error_fail(error, POSTERN_ERROR_USAGE,
                          "OpenSSL does not know all signature schemes of '%s'", plan->signatures);
    }
    return true;
}

static bool apply_alpn(SSL *ssl, const TlsPlan *plan, GError **error)
{
    g_autoptr(GByteArray) wire = g_byte_array_new();
    for (size_t i = 0; plan->alpn && plan->alpn[i]; i++) {
        size_t len = strlen(plan->alpn[i]);
        if (len == 0 || len > 255) {
            return error_fail(error, POSTERN_ERROR_USAGE,
                              "'%s' is not an ALPN name: it must have 1 to 255 bytes",
                              plan->alpn[i]);
        }
        uint8_t prefix = (uint8_t)len;
        g_byte_array_append(wire, &prefix, 1);
        g_byte_array_append(wire, (const uint8_t *)plan->alpn[i], (guint)len);
    }
    if (wire->len > 0 && SSL_set_alpn_protos(ssl, wire->data, wire->len) != 0) {
        return error_fail(error, POSTERN_ERROR_USAGE, "the ALPN list is too long");
    }
    return true;
}

bool tls_apply_parameters(SSL *ssl, const TlsPlan *plan, GError **error)
{
    bool fine = apply_versions(ssl, plan, error) && apply_ciphers(ssl, plan, error) &&
                apply_groups(ssl, plan, error) && apply_signatures(ssl, plan, error) &&
                apply_alpn(ssl, plan, error);
    ERR_clear_error();
    if (fine && (plan->no_verify || tls_plan_min(plan) < TLS_1_2)) {
        /* Servers without RFC 5746 are refused unless one asked for the old or takes anything
         * anyway. */
        SSL_set_options(ssl, SSL_OP_LEGACY_SERVER_CONNECT);
    }
    if (plan->no_ticket) {
        SSL_set_options(ssl, SSL_OP_NO_TICKET);
    }
    return fine;
}
