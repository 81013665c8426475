/* jwt.c: three runs of base64url with dots between; the first two are JSON objects, read with
 * jansson. */
#include "config/jwt.h"

#include <jansson.h>
#include <string.h>

enum { NAMES_MAX = 16 };

void jwt_clear(Jwt *jwt)
{
    g_clear_pointer(&jwt->algorithm, g_free);
    g_clear_pointer(&jwt->names, g_strfreev);
    g_clear_pointer(&jwt->issuer, g_free);
    g_clear_pointer(&jwt->audience, g_strfreev);
    g_clear_pointer(&jwt->signature, g_byte_array_unref);
}

/* RFC 4648 section 5, without the "=" at the end. NULL when it is none. */
static GByteArray *decode(Bytes text)
{
    g_autoptr(GString) usual = g_string_sized_new(text.len + 4);
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        if (c == '+' || c == '/' || c == '=') {
            return NULL;
        }
        g_string_append_c(usual, c == '-' ? '+' : c == '_' ? '/' : c);
    }
    while (usual->len % 4) {
        g_string_append_c(usual, '=');
    }
    return bytes_base64_decode(bytes_of_string(usual));
}

static json_t *decode_object(Bytes text, const char *what, GError **error)
{
    g_autoptr(GByteArray) raw = decode(text);
    json_t *json = raw && raw->len
                       ? json_loadb((const char *)raw->data, raw->len, JSON_REJECT_DUPLICATES, NULL)
                       : NULL;
    if (!json || !json_is_object(json)) {
        json_decref(json);
        error_fail(error, POSTERN_ERROR_DATA, "its %s is not base64url of a JSON object", what);
        return NULL;
    }
    return json;
}

/* One string, or several in an array. */
static bool take_strings(const json_t *value, GStrvBuilder *out)
{
    if (json_is_string(value)) {
        g_strv_builder_add(out, json_string_value(value));
        return true;
    }
    bool good = json_is_array(value) && json_array_size(value) <= NAMES_MAX;
    for (size_t i = 0; good && i < json_array_size(value); i++) {
        const char *text = json_string_value(json_array_get(value, i));
        good = text != NULL;
        if (good) {
            g_strv_builder_add(out, text);
        }
    }
    return good;
}

static bool take_time(const json_t *claims, const char *key, int64_t *ret, GError **error)
{
    const json_t *value = json_object_get(claims, key);
    if (!value) {
        return true;
    }
    double seconds = json_number_value(value);
    if (!json_is_number(value) || !(seconds >= 1 && seconds < 1e15)) {
        return error_fail(error, POSTERN_ERROR_DATA, "its claim %s is no time", key);
    }
    *ret = (int64_t)seconds;
    return true;
}

static char **names_of(const json_t *claims)
{
    static const char *const keys[] = {"email", "preferred_username", "username", "sub"};
    g_autoptr(GStrvBuilder) names = g_strv_builder_new();
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
        const char *name = json_string_value(json_object_get(claims, keys[i]));
        if (name && *name) {
            g_strv_builder_add(names, name);
        }
    }
    return g_strv_builder_end(names);
}

static bool read_claims(const json_t *claims, Jwt *ret, GError **error)
{
    const json_t *audience = json_object_get(claims, "aud");
    g_autoptr(GStrvBuilder) all = g_strv_builder_new();
    bool good = !audience || take_strings(audience, all);
    ret->audience = g_strv_builder_end(all);
    ret->issuer = g_strdup(json_string_value(json_object_get(claims, "iss")));
    ret->names = names_of(claims);
    if (!good) {
        return error_fail(error, POSTERN_ERROR_DATA, "its claim aud is no list of names");
    }
    return take_time(claims, "exp", &ret->expires, error) &&
           take_time(claims, "nbf", &ret->not_before, error);
}

static bool read_header(const json_t *header, Jwt *ret, GError **error)
{
    ret->algorithm = g_strdup(json_string_value(json_object_get(header, "alg")));
    if (!ret->algorithm) {
        return error_fail(error, POSTERN_ERROR_DATA, "it does not say how it is signed");
    }
    /* RFC 7515 section 4.1.11: what is not understood must be refused. */
    return !json_object_get(header, "crit") ||
           error_fail(error, POSTERN_ERROR_DATA, "it has a critical header");
}

static bool parse(Bytes token, Jwt *ret, GError **error)
{
    gssize first = token.len <= JWT_MAX ? bytes_index(token, '.') : -1;
    Bytes rest = first < 0 ? BYTES_NONE : bytes_sub(token, (size_t)first + 1, SIZE_MAX);
    gssize second = bytes_index(rest, '.');
    if (first < 0 || second < 0) {
        return error_fail(error, POSTERN_ERROR_DATA, "it is no signed token (JWT)");
    }
    ret->signed_part = bytes_sub(token, 0, (size_t)(first + 1 + second));
    ret->signature = decode(bytes_sub(rest, (size_t)second + 1, SIZE_MAX));
    if (!ret->signature) {
        return error_fail(error, POSTERN_ERROR_DATA, "its signature is not base64url");
    }
    json_t *header = decode_object(bytes_sub(token, 0, (size_t)first), "header", error);
    json_t *claims =
        header ? decode_object(bytes_sub(rest, 0, (size_t)second), "body", error) : NULL;
    bool ok = claims && read_header(header, ret, error) && read_claims(claims, ret, error);
    json_decref(header);
    json_decref(claims);
    return ok;
}

bool jwt_parse(const Secret *token, Jwt *ret, GError **error)
{
    *ret = (Jwt){0};
    return parse(secret_reveal(token), ret, error);
}
