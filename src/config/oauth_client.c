/* oauth_client.c: asking providers. */
#include <string.h>

#include "base/digest.h"
#include "base/escape.h"
#include "config/oauth_form.h"
#include "config/oauth_json.h"

/* RFC 8628 section 3.5 */
#define SLOW_DOWN_SECONDS 5
#define DEVICE_GRANT "urn:ietf:params:oauth:grant-type:device_code"
/* Requests that fail for a while (RFC 8628 section 3.5 wants more patience each time). */
#define FAILURES_MAX 5

static Deadline request_deadline(const OauthNet *net)
{
    return deadline_in(net->timeout > 0 ? net->timeout : 60);
}

static HttpsPlan plan_of(const OauthNet *net)
{
    return (HttpsPlan){.dial = net->dial,
                       .ca_file = net->ca_file,
                       .ca_path = net->ca_path,
                       .max_bytes = OAUTH_JSON_MAX};
}

static HttpsAnswer *post(const OauthNet *net, const char *url, const OauthField *fields,
                         GError **error)
{
    HttpsPlan plan = plan_of(net);
    g_autoptr(Secret) form = oauth_form(fields);
    HttpsAnswer *answer = https_post_form(&plan, url, form, request_deadline(net), error);
    if (answer && answer->status >= 500) {
        error_fail(error, POSTERN_ERROR_TEMPFAIL, "%s: the provider failed (HTTP status %d)", url,
                   answer->status);
        g_clear_pointer(&answer, https_answer_free);
    } else if (answer && answer->status >= 300 && answer->status < 400) {
        error_fail(error, POSTERN_ERROR_PROTOCOL,
                   "%s: the provider sends us elsewhere (HTTP status %d), which nobody may do with "
                   "secrets",
                   url, answer->status);
        g_clear_pointer(&answer, https_answer_free);
    }
    return answer;
}

/* --- discovery --- */

static char *well_known(const char *issuer, bool openid)
{
    /* RFC 8414 section 3.1 puts the word before the issuer's path, OpenID behind it. */
    g_autofree char *bare =
        g_strndup(issuer, strlen(issuer) - (g_str_has_suffix(issuer, "/") ? 1 : 0));
    const char *path = strchr(bare + strlen("https://"), '/');
    return openid || !path
               ? g_strdup_printf("%s/.well-known/%s", bare,
                                 openid ? "openid-configuration" : "oauth-authorization-server")
               : g_strdup_printf("%.*s/.well-known/oauth-authorization-server%s",
                                 (int)(path - bare), bare, path);
}

bool oauth_discover(const OauthNet *net, OauthProvider *provider, GError **error)
{
    HttpsPlan plan = plan_of(net);
    if (g_ascii_strncasecmp(provider->issuer, "https://", 8) != 0) {
        g_autofree char *shown = escape_line_max(bytes_of(provider->issuer), 100);
        return error_fail(error, POSTERN_ERROR_USAGE, "\"%s\" is no https:// address", shown);
    }
    for (int openid = 1; openid >= 0; openid--) {
        g_autofree char *url = well_known(provider->issuer, openid);
        g_autoptr(HttpsAnswer) answer = https_get(&plan, url, request_deadline(net), error);
        if (!answer) {
            return false;
        }
        if (answer->status == 200) {
            return oauth_json_metadata(bytes_of_array(answer->body), provider, error);
        }
    }
    return error_fail(error, POSTERN_ERROR_UNAVAILABLE,
                      "%s does not tell its endpoints (.well-known/openid-configuration): give "
                      "them by --auth-endpoint, --token-endpoint and --device-endpoint",
                      provider->issuer);
}

/* --- tokens --- */

/* One question to the token endpoint. *ret_code as oauth_json_tokens() has it. */
static bool ask_tokens(const OauthNet *net, const OauthField *fields, OauthGrant *grant,
                       char **ret_code, GError **error)
{
    *ret_code = NULL;
    g_autoptr(HttpsAnswer) answer = post(net, grant->token_endpoint, fields, error);
    if (!answer) {
        return false;
    }
    bool good = oauth_json_tokens(bytes_of_array(answer->body), g_get_real_time() / G_USEC_PER_SEC,
                                  grant, ret_code, error);
    if (!good && !*ret_code && answer->status != 200) {
        error_prefix(error, "%s: HTTP status %d", grant->token_endpoint, answer->status);
    }
    return good;
}

bool oauth_refresh(const OauthNet *net, OauthGrant *grant, GError **error)
{
    if (!grant->refresh_token) {
        return error_fail(
            error, POSTERN_ERROR_AUTH,
            "the token \"%s\" has expired and cannot be refreshed: postern auth oauth "
            "login %s",
            grant->name, grant->name);
    }
    const OauthField fields[] = {{"grant_type", "refresh_token", NULL},
                                 {"refresh_token", NULL, grant->refresh_token},
                                 {"client_id", grant->client_id, NULL},
                                 {"client_secret", NULL, grant->client_secret},
                                 {NULL}};
    g_autofree char *code = NULL;
    if (ask_tokens(net, fields, grant, &code, error)) {
        return true;
    }
    bool again = g_strcmp0(code, "invalid_grant") == 0;
    error_prefix(error, "refreshing the token \"%s\"", grant->name);
    if (again && error && *error) {
        g_autofree char *words = g_strdup((*error)->message);
        g_clear_error(error);
        error_fail(error, POSTERN_ERROR_AUTH, "%s\nlog in again: postern auth oauth login %s",
                   words, grant->name);
    }
    return false;
}

bool oauth_revoke(const OauthNet *net, const OauthGrant *grant, GError **error)
{
    const Secret *token = grant->refresh_token ? grant->refresh_token : grant->access_token;
    if (!grant->revocation_endpoint || !token) {
        return true;
    }
    const OauthField fields[] = {{"token", NULL, token},
                                 {"client_id", grant->client_id, NULL},
                                 {"client_secret", NULL, grant->client_secret},
                                 {NULL}};
    g_autoptr(HttpsAnswer) answer = post(net, grant->revocation_endpoint, fields, error);
    return answer && (answer->status == 200 ||
                      error_fail(error, POSTERN_ERROR_UNAVAILABLE, "%s: HTTP status %d",
                                 grant->revocation_endpoint, answer->status));
}

/* --- the device flow --- */

void oauth_device_clear(OauthDevice *d)
{
    secret_free(d->device_code);
    g_free(d->user_code);
    g_free(d->verification_uri);
    g_free(d->verification_uri_complete);
    *d = (OauthDevice){0};
}

bool oauth_device_start(const OauthNet *net, const OauthGrant *grant, const char *endpoint,
                        OauthDevice *ret, GError **error)
{
    *ret = (OauthDevice){0};
    const OauthField fields[] = {
        {"client_id", grant->client_id, NULL}, {"scope", grant->scope, NULL}, {NULL}};
    g_autoptr(HttpsAnswer) answer = post(net, endpoint, fields, error);
    return answer && oauth_json_device(bytes_of_array(answer->body), ret, error);
}

/* Should it be asked again? What is passing is forgotten, and how it was asked may change. */
static bool goes_on(OauthDevice *device, const char *code, unsigned *failures, GError **error)
{
    const GError *why = *error;
    bool slow = g_strcmp0(code, "slow_down") == 0;
    bool passing = !code && (g_error_matches(why, POSTERN_ERROR, POSTERN_ERROR_TEMPFAIL) ||
                             g_error_matches(why, POSTERN_ERROR, POSTERN_ERROR_TIMEOUT) ||
                             g_error_matches(why, POSTERN_ERROR, POSTERN_ERROR_UNAVAILABLE));
    if (slow) {
        device->interval += SLOW_DOWN_SECONDS;
    } else if (passing && ++*failures < FAILURES_MAX) {
        device->interval *= 2;
    } else if (g_strcmp0(code, "authorization_pending") != 0) {
        return false;
    }
    g_clear_error(error);
    return true;
}

bool oauth_device_wait(const OauthNet *net, OauthDevice *device, OauthGrant *grant, GError **error)
{
    const OauthField fields[] = {{"grant_type", DEVICE_GRANT, NULL},
                                 {"device_code", NULL, device->device_code},
                                 {"client_id", grant->client_id, NULL},
                                 {"client_secret", NULL, grant->client_secret},
                                 {NULL}};
    unsigned failures = 0;
    while (!deadline_passed(device->expires)) {
        g_autofree char *code = NULL;
        g_autoptr(GError) why = NULL;
        if (!io_sleep(deadline_in(device->interval), error)) {
            return false;
        }
        if (ask_tokens(net, fields, grant, &code, &why)) {
            return true;
        }
        if (!goes_on(device, code, &failures, &why)) {
            g_propagate_error(error, g_steal_pointer(&why));
            return false;
        }
    }
    return error_fail(error, POSTERN_ERROR_AUTH,
                      "the code has expired: nobody entered it in time; log in again");
}

/* --- the browser's flow --- */

void oauth_browser_init(OauthBrowser *b, const char *redirect_uri)
{
    uint8_t random[32];
    digest_random(random, sizeof random);
    b->state = oauth_base64url(random, sizeof random);
    digest_random(random, sizeof random);
    char *verifier = oauth_base64url(random, sizeof random);
    b->verifier = secret_take_string(verifier);
    g_free(verifier);
    b->redirect_uri = g_strdup(redirect_uri);
    secret_wipe(random, sizeof random);
}

void oauth_browser_clear(OauthBrowser *b)
{
    g_free(b->state);
    g_free(b->redirect_uri);
    secret_free(b->verifier);
    *b = (OauthBrowser){0};
}

char *oauth_browser_url(const OauthBrowser *b, const OauthGrant *grant, const char *endpoint,
                        const char *user)
{
    g_autofree char *challenge = oauth_challenge(b->verifier);
    /* What says that a refresh token is wanted is each provider's own: Google's is access_type. */
    const OauthField fields[] = {{"response_type", "code", NULL},
                                 {"client_id", grant->client_id, NULL},
                                 {"redirect_uri", b->redirect_uri, NULL},
                                 {"scope", grant->scope, NULL},
                                 {"state", b->state, NULL},
                                 {"code_challenge", challenge, NULL},
                                 {"code_challenge_method", "S256", NULL},
                                 {"access_type", "offline", NULL},
                                 {"prompt", "consent", NULL},
                                 {"login_hint", user, NULL},
                                 {NULL}};
    return oauth_url(endpoint, fields);
}

bool oauth_browser_finish(const OauthNet *net, const OauthBrowser *b, const Secret *code,
                          OauthGrant *grant, GError **error)
{
    const OauthField fields[] = {{"grant_type", "authorization_code", NULL},
                                 {"code", NULL, code},
                                 {"redirect_uri", b->redirect_uri, NULL},
                                 {"code_verifier", NULL, b->verifier},
                                 {"client_id", grant->client_id, NULL},
                                 {"client_secret", NULL, grant->client_secret},
                                 {NULL}};
    g_autofree char *refused = NULL;
    return ask_tokens(net, fields, grant, &refused, error) ||
           error_prefix(error, "trading the code for a token");
}
