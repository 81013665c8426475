/* auth_oauth.c: `postern auth oauth`: logins that give tokens, and what is kept of them. */
#include "cmd/auth_oauth.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/nearest.h"
#include "cmd/command.h"
#include "cmd/interrupt.h"
#include "config/file.h"
#include "io/child.h"

#define LOCK_SECONDS 30
#define CLIENT_SECRET_MAX 4096

/* --- login: what is known of the provider --- */

static bool unknown_provider(const char *name, GError **error)
{
    Nearest near = {.word = name};
    g_autoptr(GString) all = g_string_new(NULL);
    for (const OauthPreset *row = oauth_presets; row->name; row++) {
        nearest_offer(&near, row->name);
        g_string_append_printf(all, "%s%s", all->len ? ", " : "", row->name);
    }
    g_autofree char *shown = escape_line_max(bytes_of(name), 60);
    return error_fail(error, POSTERN_ERROR_USAGE,
                      "--provider=%s is not known%s%s%s; there are %s; any other: --issuer=URL",
                      shown, near.best ? ": did you mean " : "", near.best ? near.best : "",
                      near.best ? "?" : "", all->str);
}

static void replace(char **slot, const char *value)
{
    if (value) {
        g_free(*slot);
        *slot = g_strdup(value);
    }
}

static bool take_preset(OauthLogin *l, OauthProvider *p, GError **error)
{
    const char *named = l->options->oauth.provider;
    const char *name = named ? named : l->grant->provider;
    const OauthPreset *preset = name ? oauth_preset_find(name) : NULL;
    if (named && !preset) {
        return unknown_provider(named, error);
    }
    l->redirect_host = preset && preset->redirect_host ? preset->redirect_host : "127.0.0.1";
    if (named) {
        oauth_provider_of_preset(preset, p);
        replace(&l->grant->provider, preset->name);
        l->issuer = preset->issuer;
    }
    return true;
}

/* The presets, discovery, single options: each over the one before; and below them all what the
 * last login of that name used. Suspends. */
static bool take_provider(OauthLogin *l, OauthProvider *p, GError **error)
{
    const OauthOptions *o = &l->options->oauth;
    if (!take_preset(l, p, error)) {
        return false;
    }
    replace(&p->authorization, o->auth_endpoint);
    replace(&p->token, o->token_endpoint);
    replace(&p->device, o->device_endpoint);
    if (o->issuer) {
        replace(&p->issuer, o->issuer);
        replace(&l->grant->provider, o->issuer);
        l->issuer = o->issuer;
        if (!oauth_discover(&l->net, p, error)) {
            return false;
        }
    }
    replace(&l->grant->authorization_endpoint, p->authorization);
    replace(&l->grant->token_endpoint, p->token);
    replace(&l->grant->device_endpoint, p->device);
    replace(&l->grant->revocation_endpoint, p->revocation);
    if (!l->grant->provider && l->grant->token_endpoint) {
        l->grant->provider = g_strdup(l->grant->token_endpoint);
    }
    replace(&l->grant->scope, o->scope ? o->scope : p->scope);
    return true;
}

static bool is_https(const char *url)
{
    return !url || g_ascii_strncasecmp(url, "https://", 8) == 0;
}

static bool check_provider(const OauthLogin *l, GError **error)
{
    const OauthGrant *g = l->grant;
    bool device = l->options->oauth.device;
    if (!g->token_endpoint) {
        return error_fail(error, POSTERN_ERROR_USAGE,
                          "which provider? Give --provider=NAME (google, microsoft, ...), or "
                          "--issuer=URL, or the endpoints one by one");
    }
    if (!is_https(g->token_endpoint) || !is_https(g->authorization_endpoint) ||
        !is_https(g->device_endpoint)) {
        return error_fail(error, POSTERN_ERROR_USAGE, "an endpoint is an https:// address");
    }
    if (device ? !g->device_endpoint : !g->authorization_endpoint) {
        return error_fail(error, POSTERN_ERROR_USAGE,
                          "this provider has no way to log in by %s that is known here%s",
                          device ? "a code (--device)" : "the browser",
                          device ? ": leave --device out" : ": try --device");
    }
    if (!g->client_id) {
        const OauthPreset *preset = g->provider ? oauth_preset_find(g->provider) : NULL;
        return error_fail(error, POSTERN_ERROR_USAGE,
                          "--client-id=ID is needed: what the provider calls your application%s%s",
                          preset ? ".\n" : "", preset ? preset->hint : "");
    }
    return true;
}

/* --- login: the client --- */

static Secret *secret_by_file(const char *path, GError **error)
{
    g_auto(FileText) text = {0};
    if (!file_text_read(path, CLIENT_SECRET_MAX, &text, error)) {
        error_prefix(error, "--client-secret-file");
        return NULL;
    }
    return secret_new(text.data, strcspn(text.data, "\r\n"));
}

static Secret *secret_by_command(const char *command, GError **error)
{
    g_autoptr(Secret) printed = child_secret(command, CLIENT_SECRET_MAX, DEADLINE_NEVER, error);
    if (!printed) {
        error_prefix(error, "--client-secret-command");
        return NULL;
    }
    return secret_first_line(printed);
}

static bool take_client(OauthLogin *l, GError **error)
{
    const OauthOptions *o = &l->options->oauth;
    bool given = o->client_secret_file || o->client_secret_command;
    if (o->client_id) { /* another client: not with the old one's secret */
        replace(&l->grant->client_id, o->client_id);
        g_clear_pointer(&l->grant->client_secret, secret_free);
    }
    if (!given) {
        return true;
    }
    secret_free(l->grant->client_secret);
    l->grant->client_secret = o->client_secret_file
                                  ? secret_by_file(o->client_secret_file, error)
                                  : secret_by_command(o->client_secret_command, error);
    return l->grant->client_secret != NULL;
}

/* --- login --- */

/* What the last login of that name was made with, or an empty one. Suspends. */
static OauthGrant *last_login(const char *name, GError **error)
{
    g_autoptr(GError) why = NULL;
    OauthGrant *grant = oauth_load(name, true, &why);
    if (!grant && g_error_matches(why, POSTERN_ERROR, POSTERN_ERROR_NO_INPUT)) {
        grant = g_new0(OauthGrant, 1);
        grant->name = g_strdup(name);
    } else if (!grant) {
        g_propagate_error(error, g_steal_pointer(&why));
    }
    return grant;
}

static bool save(const OauthGrant *grant, GError **error)
{
    int lock = oauth_lock(grant->name, deadline_in(LOCK_SECONDS), error);
    bool good = lock >= 0 && oauth_save(grant, error);
    if (lock >= 0) {
        close(lock);
    }
    return good;
}

static void take_place(OauthLogin *l)
{
    const AuthOptions *o = l->options;
    if (o->connect.ca_file) {
        g_free(l->grant->ca_file);
        l->grant->ca_file = g_canonicalize_filename(o->connect.ca_file, NULL);
    }
    replace(&l->grant->store_command, o->oauth.store_command);
    l->net.ca_file = l->grant->ca_file;
}

static bool log_in(OauthLogin *l, GError **error)
{
    g_auto(OauthProvider) provider = {0};
    take_place(l);
    if (!take_client(l, error) || !take_provider(l, &provider, error) ||
        !check_provider(l, error)) {
        return false;
    }
    g_clear_pointer(&l->grant->refresh_token, secret_free);
    bool good =
        l->options->oauth.device ? auth_oauth_by_device(l, error) : auth_oauth_by_browser(l, error);
    if (!good || !save(l->grant, error)) {
        return false;
    }
    if (!l->options->connect.quiet) {
        printf("Logged in. In accounts.conf: oauth = %s\n", l->grant->name);
    }
    if (!l->grant->refresh_token) {
        fprintf(stderr, "postern: warning: the provider gave no refresh token: when this token "
                        "ends, somebody has to log in again (is there a scope such as "
                        "offline_access?)\n");
    }
    return true;
}

static bool run_login(OauthLogin *l, const char *name, GError **error)
{
    l->grant = oauth_name_check(name, error) ? last_login(name, error) : NULL;
    if (!l->grant || !interrupt_begin(error)) {
        return false;
    }
    bool good = log_in(l, error);
    interrupt_end();
    return good;
}

/* --- the others --- */

static bool run_token(OauthLogin *l, const char *name, GError **error)
{
    g_autoptr(Secret) token = oauth_token(&l->net, name, error);
    return token && oauth_print(STDOUT_FILENO, token, error);
}

static char *when(int64_t seconds)
{
    if (seconds == 0) {
        return g_strdup("not told");
    }
    int64_t left = seconds - g_get_real_time() / G_USEC_PER_SEC;
    g_autoptr(GDateTime) at = g_date_time_new_from_unix_local(seconds);
    g_autofree char *text = at ? g_date_time_format(at, "%Y-%m-%d %H:%M") : g_strdup("?");
    return g_strdup_printf("%s%s", text, left > 0 ? "" : " (over)");
}

static bool run_list(OauthLogin *l, const char *unused, GError **error)
{
    (void)unused;
    g_auto(GStrv) names = oauth_names(error);
    if (!names) {
        return false;
    }
    if (!names[0] && !l->options->connect.quiet) {
        fprintf(stderr, "postern: no OAuth logins; postern auth oauth login NAME makes one\n");
    }
    for (char **name = names; *name; name++) {
        g_autoptr(GError) why = NULL;
        g_autoptr(OauthGrant) grant = oauth_load(*name, false, &why);
        g_autofree char *until = grant ? when(grant->expires_at) : NULL;
        g_autofree char *line =
            grant ? g_strdup_printf("%s  %s  token until %s  %s%s", *name,
                                    grant->provider ? grant->provider : "?", until,
                                    grant->scope ? grant->scope : "",
                                    grant->store_command ? "  (kept by a command)" : "")
                  : g_strdup_printf("%s  %s", *name, why->message);
        g_autofree char *shown = escape_line(bytes_of(line));
        puts(shown);
    }
    return true;
}

static bool run_forget(OauthLogin *l, const char *name, GError **error)
{
    g_autoptr(GError) why = NULL;
    g_autoptr(GError) no = NULL;
    l->grant = oauth_load(name, true, &why);
    if (!l->grant && !(l->grant = oauth_load(name, false, error))) {
        return false;
    }
    OauthNet net = l->net;
    net.ca_file = l->grant->ca_file;
    if (!oauth_revoke(&net, l->grant, &no)) {
        g_autofree char *shown = escape_line(bytes_of(no->message));
        fprintf(stderr, "postern: warning: forgotten here, but not revoked at the provider: %s\n",
                shown);
    }
    return oauth_remove(l->grant, error);
}

static const struct {
    const char *word;
    bool named; /* takes a NAME */
    bool (*run)(OauthLogin *l, const char *name, GError **error);
} words[] = {
    {"login", true, run_login},
    {"token", true, run_token},
    {"list", false, run_list},
    {"forget", true, run_forget},
};

static bool run_word(OauthLogin *l, char **args, GError **error)
{
    for (size_t i = 0; args[0] && i < G_N_ELEMENTS(words); i++) {
        if (strcmp(args[0], words[i].word) != 0) {
            continue;
        }
        bool fits = words[i].named ? args[1] && !args[2] : !args[1];
        return fits ? words[i].run(l, args[1], error)
                    : error_fail(error, POSTERN_ERROR_USAGE, "postern auth oauth %s%s",
                                 words[i].word,
                                 words[i].named ? " takes one name: that of the login"
                                                : " takes nothing else");
    }
    return error_fail(error, POSTERN_ERROR_USAGE,
                      "postern auth oauth login NAME, token NAME, list, or forget NAME");
}

int auth_oauth(const AuthOptions *o, char **args)
{
    GError *error = NULL;
    g_autoptr(Dns) dns = dns_new(&(DnsConfig){.server = o->connect.dns}, &error);
    if (!dns) {
        return command_fail(error);
    }
    const DialPlan dial = {.dns = dns,
                           .via = (const char *const *)o->connect.via,
                           .connect_to = (const char *const *)o->connect.connect_to};
    OauthLogin login = {
        .options = o,
        .net = {.dial = &dial, .ca_file = o->connect.ca_file, .timeout = o->connect.timeout}};
    bool good = run_word(&login, args, &error);
    oauth_grant_free(login.grant);
    return good ? 0 : command_fail(error);
}
