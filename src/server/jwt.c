/* jwt.c: access tokens that are signed (RFC 7519): whose signature, for how long, for whom. */
#include "config/jwt.h"

#include <string.h>

#include "base/escape.h"
#include "server/sandbox_inside.h"

#define PEM_MARK "-----BEGIN "

typedef enum { SIGNED_HMAC, SIGNED_RSA, SIGNED_ECDSA } Signing;

/* RFC 7518 section 3.1. What the token says about itself is believed only as far as the key is of
 * that kind: a public key is never a shared secret, and "none" is no row. */
static const struct {
    const char *name;
    Signing signing;
    DigestKind digest;
    size_t octets; /* of an ECDSA signature */
} algorithms[] = {
    {"HS256", SIGNED_HMAC, DIGEST_SHA256, 0},    {"HS384", SIGNED_HMAC, DIGEST_SHA384, 0},
    {"HS512", SIGNED_HMAC, DIGEST_SHA512, 0},    {"RS256", SIGNED_RSA, DIGEST_SHA256, 0},
    {"RS384", SIGNED_RSA, DIGEST_SHA384, 0},     {"RS512", SIGNED_RSA, DIGEST_SHA512, 0},
    {"ES256", SIGNED_ECDSA, DIGEST_SHA256, 64},  {"ES384", SIGNED_ECDSA, DIGEST_SHA384, 96},
    {"ES512", SIGNED_ECDSA, DIGEST_SHA512, 132},
};

static Signing signing_of(const Sandbox *box)
{
    if (box->jwt_secret) {
        return SIGNED_HMAC;
    }
    return tls_public_key_kind(box->jwt_key) == TLS_KEY_RSA ? SIGNED_RSA : SIGNED_ECDSA;
}

static bool is_hmac(const Sandbox *box, DigestKind digest, Bytes data, Bytes signature)
{
    uint8_t expected[DIGEST_MAX];
    digest_hmac_secret(digest, box->jwt_secret, data, expected);
    return signature.len == digest_size(digest) &&
           digest_same(expected, signature.data, signature.len);
}

static char *check_signature(const Sandbox *box, const Jwt *jwt)
{
    Bytes signature = bytes_of_array(jwt->signature);
    for (size_t i = 0; i < G_N_ELEMENTS(algorithms); i++) {
        if (strcmp(algorithms[i].name, jwt->algorithm) != 0 ||
            algorithms[i].signing != signing_of(box)) {
            continue;
        }
        bool fits = !algorithms[i].octets || algorithms[i].octets == signature.len;
        bool good = algorithms[i].signing == SIGNED_HMAC
                        ? is_hmac(box, algorithms[i].digest, jwt->signed_part, signature)
                        : tls_public_key_verifies(box->jwt_key, algorithms[i].digest,
                                                  jwt->signed_part, signature);
        return fits && good ? NULL : g_strdup("its signature is not by the key");
    }
    g_autofree char *shown = escape_line(bytes_of(jwt->algorithm));
    return g_strdup_printf("it is signed by %s, which is not for the key", shown);
}

static char *check_time(const Jwt *jwt, int64_t now)
{
    if (jwt->expires && jwt->expires <= now) {
        return g_strdup_printf("it expired %" G_GINT64_FORMAT " s ago", now - jwt->expires);
    }
    return jwt->not_before > now
               ? g_strdup_printf("it is good only in %" G_GINT64_FORMAT " s", jwt->not_before - now)
               : NULL;
}

static bool has(char **names, const char *name)
{
    return g_strv_contains((const gchar *const *)names, name);
}

static char *check_claims(const SandboxPlan *plan, const Jwt *jwt)
{
    if (plan->jwt_issuer && g_strcmp0(plan->jwt_issuer, jwt->issuer) != 0) {
        return g_strdup("it is by another issuer");
    }
    return plan->jwt_audience && !has(jwt->audience, plan->jwt_audience)
               ? g_strdup("it is meant for another audience")
               : NULL;
}

static char *check_name(const Jwt *jwt, const char *name)
{
    if (!jwt->names[0]) {
        return g_strdup("it does not say whom it is for");
    }
    return *name && !has(jwt->names, name) ? g_strdup("it is for somebody else") : NULL;
}

/* What is wrong with it; NULL: nothing. */
static char *check(const Sandbox *box, const Jwt *jwt, const char *name, int64_t now)
{
    char *why = check_signature(box, jwt);
    why = why ? why : check_time(jwt, now);
    why = why ? why : check_claims(box->plan, jwt);
    return why ? why : check_name(jwt, name);
}

bool sandbox_jwt_is_good(const Sandbox *box, const char *name, const Secret *token, int64_t now,
                         char **ret_name, char **ret_why)
{
    g_auto(Jwt) jwt = {0};
    g_autoptr(GError) error = NULL;
    if (!box->jwt_secret && !box->jwt_key) {
        return false;
    }
    if (!jwt_parse(token, &jwt, &error)) {
        *ret_why = g_strdup(error->message);
        return false;
    }
    *ret_why = check(box, &jwt, name, now);
    if (*ret_why) {
        return false;
    }
    *ret_name = g_strdup(*name ? name : jwt.names[0]);
    return true;
}

bool sandbox_read_jwt_key(Sandbox *box, GError **error)
{
    const char *file = box->plan->jwt_key_file;
    g_autofree char *text = NULL;
    gsize len = 0;
    g_autoptr(GError) why = NULL;
    if (!file) {
        return true;
    }
    if (!g_file_get_contents(file, &text, &len, &why)) {
        return error_fail(error, POSTERN_ERROR_NO_INPUT, "the key of tokens: %s", why->message);
    }
    if (strstr(text, PEM_MARK)) {
        box->jwt_key = tls_public_key_read((Bytes){text, len}, error);
        secret_wipe(text, len); /* a private key may stand beside it */
        return box->jwt_key || error_prefix(error, "%s", file);
    }
    while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '\r')) {
        len--;
    }
    box->jwt_secret = secret_new(text, len);
    secret_wipe(text, len);
    return len > 0 || error_fail(error, POSTERN_ERROR_DATA, "%s: there is no secret in it", file);
}
