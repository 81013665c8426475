/* oauth_json.c: by jansson, whose memory is wiped whenever it gives some back. */
#include "config/oauth_json.h"

#include <jansson.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"

enum { SHOWN_MAX = 200, SECRET_MAX = 64 * 1024, INTERVAL_DEFAULT = 5, DEVICE_SECONDS = 900 };
/* RFC 8628 section 3.2 leaves it open; a server's mistake shall not make us wait for ever. */
#define INTERVAL_MAX 60

static void wiping_free(void *memory)
{
    if (memory) {
        secret_wipe(memory, malloc_usable_size(memory));
        free(memory);
    }
}

/* Jansson has one allocator a process: all JSON is wiped, which costs next to nothing. */
static gpointer set_allocator(gpointer unused)
{
    (void)unused;
    json_set_alloc_funcs(malloc, wiping_free);
    return NULL;
}

static json_t *parse(Bytes text, PosternErrorCode code, GError **error)
{
    static GOnce once = G_ONCE_INIT;
    g_once(&once, set_allocator, NULL);
    json_error_t why;
    json_t *json = text.len > 0 && text.len <= OAUTH_JSON_MAX
                       ? json_loadb(text.data, text.len, JSON_REJECT_DUPLICATES, &why)
                       : NULL;
    if (!json || !json_is_object(json)) {
        json_decref(json);
        /* Jansson's words may quote the text, which may hold a token. */
        error_fail(error, code, "this is not a JSON object (%zu octets)", text.len);
        return NULL;
    }
    return json;
}

/* Borrowed; NULL when it is no string, empty, or holds what no such value has. */
static const char *text_of(const json_t *json, const char *key)
{
    const json_t *value = json_object_get(json, key);
    const char *text = json_string_value(value);
    bool good =
        text && *text && strlen(text) == json_string_length(value) && strlen(text) <= SECRET_MAX;
    for (const char *c = text; good && *c; c++) {
        good = (guchar)*c >= 0x20 && *c != 0x7f;
    }
    return good ? text : NULL;
}

static char *copy_of(const json_t *json, const char *key)
{
    return g_strdup(text_of(json, key));
}

static Secret *secret_of(const json_t *json, const char *key)
{
    const char *text = text_of(json, key);
    return text ? secret_new(text, strlen(text)) : NULL;
}

/* Numbers come as strings too (Microsoft's old endpoints). -1 when there is none. */
static int64_t number_of(const json_t *json, const char *key)
{
    const json_t *value = json_object_get(json, key);
    uint64_t number;
    if (json_is_number(value)) {
        double real = json_number_value(value);
        return real >= 0 && real < 1e15 ? (int64_t)real : -1;
    }
    const char *text = text_of(json, key);
    return text && bytes_number(bytes_of(text), INT32_MAX, &number) ? (int64_t)number : -1;
}

static bool is_https(const char *url)
{
    return g_ascii_strncasecmp(url, "https://", 8) == 0 && url[8];
}

/* --- errors (RFC 6749 section 5.2, RFC 8628 section 3.5) --- */

static const struct {
    const char *code, *words;
} codes[] = {
    {"access_denied", "the login was denied"},
    {"expired_token", "the code has expired: nobody entered it in time"},
    {"invalid_grant", "what was granted has expired, was revoked, or was used before"},
    {"invalid_client", "the provider does not know this client, or its secret is wrong"},
    {"unauthorized_client", "this client may not log in that way"},
    {"unsupported_grant_type", "the provider does not know this way to log in"},
    {"invalid_scope", "the provider does not know the scope, or does not give it to this client"},
    {"invalid_request", "the provider finds the request malformed"},
    {"authorization_pending", "nobody has agreed yet"},
    {"slow_down", "asked too often"},
    {"server_error", "the provider failed"},
    {"temporarily_unavailable", "the provider is overloaded"},
};

static bool tell_error(const json_t *json, const char *code, GError **error)
{
    g_autofree char *shown = escape_line_max(bytes_of(code), 60);
    const char *words = NULL;
    for (size_t i = 0; i < G_N_ELEMENTS(codes); i++) {
        words = strcmp(codes[i].code, code) == 0 ? codes[i].words : words;
    }
    const char *description = json_string_value(json_object_get(json, "error_description"));
    g_autofree char *said = description ? escape_line_max(bytes_of(description), SHOWN_MAX) : NULL;
    return error_fail(error, POSTERN_ERROR_AUTH, "%s%s%s%s%s%s%s", words ? words : "",
                      words ? " (" : "", shown, words ? ")" : "", said ? "; it says: \"" : "",
                      said ? said : "", said ? "\"" : "");
}

/* --- answers --- */

bool oauth_json_tokens(Bytes text, int64_t now, OauthGrant *grant, char **ret_code, GError **error)
{
    *ret_code = NULL;
    json_t *json = parse(text, POSTERN_ERROR_PROTOCOL, error);
    if (!json) {
        return error_prefix(error, "the provider's answer");
    }
    const char *code = text_of(json, "error");
    Secret *access = code ? NULL : secret_of(json, "access_token");
    const char *type = text_of(json, "token_type");
    bool bearer = !type || g_ascii_strcasecmp(type, "bearer") == 0;
    bool good = access && bearer;
    if (good) {
        int64_t seconds = number_of(json, "expires_in");
        secret_free(grant->access_token);
        grant->access_token = g_steal_pointer(&access);
        grant->expires_at = seconds >= 0 ? now + seconds : 0;
        Secret *refresh = secret_of(json, "refresh_token");
        if (refresh) { /* rotation; else the old one stays good (RFC 6749 section 6) */
            secret_free(grant->refresh_token);
            grant->refresh_token = refresh;
        }
        if (text_of(json, "scope")) {
            g_free(grant->scope);
            grant->scope = copy_of(json, "scope");
        }
    } else if (code) {
        *ret_code = g_strdup(code);
        tell_error(json, code, error);
    } else {
        error_fail(error, POSTERN_ERROR_PROTOCOL, "the provider's answer has no %s",
                   bearer ? "access_token" : "bearer token");
    }
    secret_free(access);
    json_decref(json);
    return good;
}

bool oauth_json_device(Bytes text, OauthDevice *ret, GError **error)
{
    *ret = (OauthDevice){0};
    json_t *json = parse(text, POSTERN_ERROR_PROTOCOL, error);
    if (!json) {
        return error_prefix(error, "the provider's answer");
    }
    const char *code = text_of(json, "error");
    int64_t interval = number_of(json, "interval");
    int64_t seconds = number_of(json, "expires_in");
    ret->device_code = secret_of(json, "device_code");
    ret->user_code = copy_of(json, "user_code");
    /* Google says verification_url. */
    const char *key = text_of(json, "verification_uri") ? "verification_uri" : "verification_url";
    ret->verification_uri = copy_of(json, key);
    ret->verification_uri_complete = copy_of(json, "verification_uri_complete");
    ret->interval = interval < 0 ? INTERVAL_DEFAULT : (double)CLAMP(interval, 1, INTERVAL_MAX);
    ret->expires = deadline_in(seconds > 0 ? (double)MIN(seconds, 86400) : DEVICE_SECONDS);
    bool good = !code && ret->device_code && ret->user_code && ret->verification_uri;
    if (code) {
        tell_error(json, code, error);
    } else if (!good) {
        error_fail(error, POSTERN_ERROR_PROTOCOL,
                   "the provider's answer lacks a code or the address to enter it at");
    }
    json_decref(json);
    return good;
}

/* --- metadata --- */

static bool take_endpoint(const json_t *json, const char *key, char **slot, GError **error)
{
    const char *url = text_of(json, key);
    if (*slot || !url) {
        return true;
    }
    if (!is_https(url)) {
        return error_fail(error, POSTERN_ERROR_INSECURE, "the provider's %s is no https:// address",
                          key);
    }
    *slot = g_strdup(url);
    return true;
}

static bool same_issuer(const char *a, const char *b)
{
    size_t len_a = strlen(a);
    size_t len_b = strlen(b);
    len_a -= len_a > 0 && a[len_a - 1] == '/';
    len_b -= len_b > 0 && b[len_b - 1] == '/';
    return len_a == len_b && strncmp(a, b, len_a) == 0;
}

bool oauth_json_metadata(Bytes text, OauthProvider *p, GError **error)
{
    json_t *json = parse(text, POSTERN_ERROR_PROTOCOL, error);
    if (!json) {
        return error_prefix(error, "the provider's description of itself");
    }
    /* RFC 8414 section 3.3: else one provider could stand in for another. */
    const char *issuer = text_of(json, "issuer");
    bool good = issuer && same_issuer(issuer, p->issuer);
    if (!good) {
        g_autofree char *shown = escape_line_max(bytes_of(issuer ? issuer : "none"), SHOWN_MAX);
        error_fail(error, POSTERN_ERROR_PROTOCOL,
                   "the description found at %s is of another provider: %s", p->issuer, shown);
    }
    good = good && take_endpoint(json, "authorization_endpoint", &p->authorization, error) &&
           take_endpoint(json, "token_endpoint", &p->token, error) &&
           take_endpoint(json, "device_authorization_endpoint", &p->device, error) &&
           take_endpoint(json, "revocation_endpoint", &p->revocation, error);
    json_decref(json);
    return good;
}

/* --- the store --- */

static const struct {
    const char *key;
    size_t offset;
} facts_rows[] =
    {
        {"provider", offsetof(OauthGrant, provider)},
        {"client_id", offsetof(OauthGrant, client_id)},
        {"scope", offsetof(OauthGrant, scope)},
        {"token_endpoint", offsetof(OauthGrant, token_endpoint)},
        {"revocation_endpoint", offsetof(OauthGrant, revocation_endpoint)},
        {"authorization_endpoint", offsetof(OauthGrant, authorization_endpoint)},
        {"device_endpoint", offsetof(OauthGrant, device_endpoint)},
        {"ca_file", offsetof(OauthGrant, ca_file)},
        {"store_command", offsetof(OauthGrant, store_command)},
},
  secret_rows[] = {
      {"client_secret", offsetof(OauthGrant, client_secret)},
      {"access_token", offsetof(OauthGrant, access_token)},
      {"refresh_token", offsetof(OauthGrant, refresh_token)},
};

Secret *oauth_json_of_grant(const OauthGrant *grant, bool facts, bool secrets)
{
    static GOnce once = G_ONCE_INIT;
    g_once(&once, set_allocator, NULL);
    json_t *json = json_object();
    for (size_t i = 0; facts && i < G_N_ELEMENTS(facts_rows); i++) {
        const char *value = *(char *const *)((const char *)grant + facts_rows[i].offset);
        if (value) {
            json_object_set_new(json, facts_rows[i].key, json_string(value));
        }
    }
    if (facts) {
        json_object_set_new(json, "expires_at", json_integer(grant->expires_at));
    }
    for (size_t i = 0; secrets && i < G_N_ELEMENTS(secret_rows); i++) {
        const Secret *value = *(Secret *const *)((const char *)grant + secret_rows[i].offset);
        if (value) {
            Bytes plain = secret_reveal(value);
            json_object_set_new(json, secret_rows[i].key, json_stringn(plain.data, plain.len));
        }
    }
    char *text = json_dumps(json, JSON_INDENT(2));
    Secret *whole = secret_new(text, strlen(text));
    wiping_free(text);
    json_decref(json);
    return whole;
}

bool oauth_json_to_grant(Bytes text, OauthGrant *grant, GError **error)
{
    json_t *json = parse(text, POSTERN_ERROR_DATA, error);
    if (!json) {
        return false;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(facts_rows); i++) {
        char **slot = (char **)((char *)grant + facts_rows[i].offset);
        *slot = *slot ? *slot : copy_of(json, facts_rows[i].key);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(secret_rows); i++) {
        Secret **slot = (Secret **)((char *)grant + secret_rows[i].offset);
        *slot = *slot ? *slot : secret_of(json, secret_rows[i].key);
    }
    int64_t expires = number_of(json, "expires_at");
    grant->expires_at = expires > 0 ? expires : grant->expires_at;
    json_decref(json);
    return true;
}
