#include "cmd/connect.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/nearest.h"
#include "cmd/connection.h"
#include "config/netrc.h"
#include "config/oauth.h"
#include "io/child.h"

#define TOKEN_MAX 65536

/* Only when it is set to something. */
static const char *environment(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

/* What the account says was checked when it was read, but not against the layers above it. */
static bool from_account(const Connection *c, const char *key, GError **error)
{
    if (!error || !*error) {
        return false;
    }
    (*error)->code = POSTERN_ERROR_CONFIG;
    const Account *a = c->account;
    return a->name ? error_prefix(error, "%s: [account %s] %s", a->file, a->name, key)
                   : error_prefix(error, "%s: [defaults] %s", a->file, key);
}

/* --- the account and the address --- */

static bool load_account(Connection *c, GError **error)
{
    const ConnectOptions *o = c->options;
    c->account = o->account ? accounts_find(o->config, o->account, error)
                            : accounts_defaults(o->config, error);
    return c->account != NULL;
}

/* [defaults] are of accounts: without one they say how to connect, but not with which secret, so
 * that no password goes to a server that is only being looked at. */
static const Account *account_of_secrets(const Connection *c)
{
    return c->account->name ? c->account : NULL;
}

static bool take_target(Connection *c, const char *url, const char *default_scheme, GError **error)
{
    if (url) {
        c->target = target_parse(url, default_scheme, error);
        return c->target != NULL;
    }
    if (!c->account->name) {
        return error_fail(
            error, POSTERN_ERROR_USAGE,
            "no server is named: give an address such as imaps://mail.example.org, or "
            "--account=NAME");
    }
    if (!c->account->url) {
        return error_fail(error, POSTERN_ERROR_CONFIG,
                          "%s: [account %s] has no url, and no address was given", c->account->file,
                          c->account->name);
    }
    c->target = target_parse(c->account->url, NULL, error);
    return c->target || from_account(c, "url", error);
}

/* --- TLS --- */

static bool fits_scheme(const Connection *c, TlsDemand demand, GError **error)
{
    const Scheme *scheme = c->target->scheme;
    if (!c->options->tls) {
        return true;
    }
    if (scheme->tls_first && demand == TLS_OFF) {
        return error_fail(
            error, POSTERN_ERROR_USAGE,
            "%s:// is TLS from the start, so --tls=off does not fit it (for plain text "
            "on that port: tcp://HOST:PORT)",
            scheme->name);
    }
    if (!scheme->tls_first && !scheme->port && demand == TLS_REQUIRED) {
        return error_fail(error, POSTERN_ERROR_USAGE,
                          "%s:// knows no way to TLS, so --tls=required does not fit it (from the "
                          "start: tls://HOST:PORT)",
                          scheme->name);
    }
    return true;
}

static bool take_versions(Connection *c, GError **error)
{
    TlsPlan *tls = &c->plan.tls;
    const ConnectOptions *o = c->options;
    const char *demand = o->tls ? o->tls : c->account->tls;
    const char *min = o->tls_min ? o->tls_min : c->account->tls_min;
    if (demand && !tls_demand_parse(demand, &tls->demand, error)) {
        return false;
    }
    if (min && !tls_version_parse(min, &tls->min, error)) {
        return error_prefix(error, "--tls-min");
    }
    if (o->tls_max && !tls_version_parse(o->tls_max, &tls->max, error)) {
        return error_prefix(error, "--tls-max");
    }
    return fits_scheme(c, tls->demand, error);
}

/* A TlsAskPassphrase; asks once for a file, however often the session is opened. */
static Secret *ask_passphrase(void *user, const char *file)
{
    Connection *c = user;
    if (!c->passphrase || strcmp(c->passphrase_file, file) != 0) {
        g_autofree char *prompt = g_strdup_printf("Passphrase for %s: ", file);
        g_clear_pointer(&c->passphrase, secret_free);
        g_free(c->passphrase_file);
        c->passphrase_file = g_strdup(file);
        c->passphrase = password_ask(prompt, NULL);
    }
    return c->passphrase ? secret_copy(c->passphrase) : NULL;
}

/* --trace=tls, for verbs that do not show it in a place of their own. */
static void trace_line(void *user, const char *line)
{
    (void)user;
    g_autofree char *shown = escape_line(bytes_of(line));
    fprintf(stderr, "=== %s\n", shown);
}

static char **split_words(const char *list)
{
    g_autoptr(GPtrArray) words = g_ptr_array_new();
    g_auto(GStrv) parts = g_strsplit(list, ",", -1);
    for (char **part = parts; *part; part++) {
        if (*g_strstrip(*part)) {
            g_ptr_array_add(words, g_strdup(*part));
        }
    }
    g_ptr_array_add(words, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&words), FALSE);
}

static bool take_tls(Connection *c, GError **error)
{
    const ConnectOptions *o = c->options;
    const Account *a = c->account;
    TlsPlan *tls = &c->plan.tls;
    bool own_trust = o->ca_file || o->ca_path;
    bool own_certificate = o->client_cert != NULL;
    c->alpn = o->alpn ? split_words(o->alpn) : NULL;
    tls->no_verify = o->no_verify;
    tls->ciphers = o->ciphers;
    tls->groups = o->groups;
    tls->ca_file = own_trust ? o->ca_file : a->ca_file;
    tls->ca_path = o->ca_path;
    tls->pins = (const char *const *)(o->pins ? o->pins : a->pin);
    tls->dane = o->dane || a->dane == 1;
    tls->client_cert = own_certificate ? o->client_cert : a->client_cert;
    tls->client_key = own_certificate || o->client_key ? o->client_key : a->client_key;
    tls->ask_passphrase = ask_passphrase;
    tls->ask_user = c;
    tls->sni = o->sni;
    tls->alpn = (const char *const *)c->alpn;
    tls->keylog_file = environment("SSLKEYLOGFILE");
    tls->trace = o->trace != NULL;
    tls->trace_line = trace_line;
    if (!take_versions(c, error) || !tls_plan_check(tls, error)) {
        return false;
    }
    if (tls->demand != TLS_OFF) {
        io_meanwhile(tls_prepare);
    }
    return true;
}

/* --- the way there --- */

static bool has_terminal(void)
{
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (fd >= 0) {
        close(fd);
    }
    return fd >= 0;
}

static char **ssh_options(const ConnectOptions *o)
{
    GPtrArray *list = g_ptr_array_new();
    for (char **option = o->ssh_option; option && *option; option++) {
        g_ptr_array_add(list, g_strdup(*option));
    }
    if (o->compress) {
        g_ptr_array_add(list, g_strdup("-C"));
    }
    g_ptr_array_add(list, NULL);
    return (char **)g_ptr_array_free(list, FALSE);
}

/* A DialPlan.proxy_password: ~/.netrc by the proxy's name, else asked for; once for a proxy,
 * however often the session is opened. Suspends. */
static Secret *proxy_password(void *user, const char *name, const char *host, GError **error)
{
    Connection *c = user;
    g_autofree char *key = g_strdup_printf("%s@%s", name, host);
    if (c->proxy_password && strcmp(c->proxy, key) == 0) {
        return secret_copy(c->proxy_password);
    }
    g_autoptr(GError) failure = NULL;
    Secret *found = netrc_password(NULL, host, name, NULL, &failure);
    if (failure) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return NULL;
    }
    if (!found) {
        g_autofree char *prompt =
            g_strdup_printf("Password for %s at the SOCKS proxy %s: ", name, host);
        found = password_ask(prompt, error);
    }
    if (found) {
        secret_free(c->proxy_password);
        g_free(c->proxy);
        c->proxy_password = secret_copy(found);
        c->proxy = g_steal_pointer(&key);
    }
    return found;
}

static bool take_dial(Connection *c, GError **error)
{
    const ConnectOptions *o = c->options;
    DialPlan *dial = &c->plan.dial;
    if (o->ipv4 && o->ipv6) {
        return error_fail(error, POSTERN_ERROR_USAGE, "-4 and -6 exclude each other");
    }
    DnsConfig dns = {.server = o->dns, .anchor_file = o->dns_anchor};
    c->dns = dns_new(&dns, error);
    if (!c->dns) {
        return false;
    }
    c->ssh_options = ssh_options(o);
    dial->host = c->target->host;
    dial->port = c->target->port;
    dial->unix_path = c->target->unix_path;
    dial->family = o->ipv4 ? AF_INET : o->ipv6 ? AF_INET6 : AF_UNSPEC;
    dial->via = (const char *const *)(o->via ? o->via : c->account->via);
    dial->proxy_password = proxy_password;
    dial->proxy_user = c;
    dial->connect_to = (const char *const *)o->connect_to;
    dial->ssh_command = o->ssh_command ? o->ssh_command : environment("POSTERN_SSH");
    dial->ssh_options = (const char *const *)c->ssh_options;
    dial->ssh_batch = !has_terminal() && !environment("SSH_ASKPASS");
    dial->dns = c->dns;
    return dial_plan_check(dial, error);
}

/* --- who one is --- */

/* As sasl_choose() reads them: case does not matter, '-' may stand for a blank, "user" for
 * "USER/PASS". */
static bool is_way(const char *word, const char *way)
{
    g_autofree char *plain = g_strdelimit(g_ascii_strup(word, -1), "-", ' ');
    g_autofree char *name = g_strdelimit(g_ascii_strup(way, -1), "-", ' ');
    size_t slash = strcspn(name, "/");
    return strcmp(plain, name) == 0 || (strncmp(plain, name, slash) == 0 && plain[slash] == '\0');
}

static bool check_way(const char *word, GError **error)
{
    Nearest near = {.word = word};
    for (const SaslMechanism *m = sasl_mechanisms; m->name; m++) {
        if (is_way(word, m->name)) {
            return true;
        }
        nearest_offer(&near, m->name);
    }
    g_autofree char *shown = escape_line_max(bytes_of(word), 40);
    return error_fail(error, POSTERN_ERROR_USAGE,
                      "unknown mechanism \"%s\"%s%s%s; \"postern auth list\" tells those there are",
                      shown, near.best ? "; did you mean " : "", near.best ? near.best : "",
                      near.best ? "?" : "");
}

static bool take_auth(Connection *c, GError **error)
{
    const ConnectOptions *o = c->options;
    char **lists = o->auth ? o->auth : c->account->auth;
    if (!lists) {
        return true;
    }
    g_autofree char *joined = g_strjoinv(",", lists);
    c->auth = split_words(joined);
    for (char **word = c->auth; *word; word++) {
        if (!check_way(*word, error)) {
            return o->auth ? error_prefix(error, "--auth") : from_account(c, "auth", error);
        }
    }
    if (!*c->auth) {
        return error_fail(error, POSTERN_ERROR_USAGE, "--auth names no mechanism");
    }
    c->plan.auth = (const char *const *)c->auth;
    return true;
}

/* What the command line says wins over the address, the address over the account; ~/.netrc knows a
 * login for the host. */
static const char *choose_user(Connection *c)
{
    const char *named = c->options->user   ? c->options->user
                        : c->target->user  ? c->target->user
                        : c->account->user ? c->account->user
                                           : NULL;
    if (named || !c->target->host || c->way.kind != PASSWORD_BY_NETRC) {
        return named;
    }
    /* A file that cannot be used is told when a password is needed. */
    g_autoptr(Secret) password = netrc_password(NULL, c->target->host, NULL, &c->netrc_user, NULL);
    return password ? c->netrc_user : NULL;
}

static Secret *ask_password(void *user, GError **error)
{
    return connection_password(user, error);
}

static const char *token_command(const Connection *c)
{
    const Account *account = account_of_secrets(c);
    return c->options->token_command ? c->options->token_command
           : account                 ? account->token_command
                                     : NULL;
}

Secret *token_of_login(const ConnectOptions *o, Dns *dns, const char *name, GError **error)
{
    /* The way to the mail server (its hops) is not the way to the provider. */
    const DialPlan dial = {.dns = dns, .connect_to = (const char *const *)o->connect_to};
    const OauthNet net = {.dial = &dial, .timeout = o->timeout};
    return oauth_token(&net, name, error);
}

static Secret *get_oauth_token(void *user, GError **error)
{
    Connection *c = user;
    Secret *token = token_of_login(c->options, c->dns, c->account->oauth, error);
    if (!token) {
        error_prefix(error, "[account %s] oauth", c->account->name);
    }
    return token;
}

static Secret *get_token(void *user, GError **error)
{
    Secret *token = child_secret(token_command(user), TOKEN_MAX, DEADLINE_NEVER, error);
    if (!token) {
        error_prefix(error, "the token command");
    }
    return token;
}

static bool take_credentials(Connection *c, GError **error)
{
    Credentials *credentials = &c->plan.credentials;
    const Account *account = account_of_secrets(c);
    const char *token = token_command(c);
    bool oauth = account && account->oauth && !token;
    if (oauth && !oauth_name_check(account->oauth, error)) {
        return from_account(c, "oauth", error);
    }
    c->way = password_way(c->options, account);
    credentials->user = choose_user(c);
    /* Who gives a token and no password is not asked for a password because some mechanism would
     * like one. */
    bool token_only = (token || oauth) && c->way.kind == PASSWORD_BY_NETRC && !c->netrc_user;
    credentials->password = token_only ? NULL : ask_password;
    credentials->token = oauth ? get_oauth_token : token ? get_token : NULL;
    credentials->callback_user = c;
    return take_auth(c, error);
}

Secret *connection_password(Connection *c, GError **error)
{
    if (!c->password) {
        c->password = password_get(&c->way, c->plan.credentials.user, c->target->host,
                                   c->options->quiet, error);
    }
    return c->password ? secret_copy(c->password) : NULL;
}

void connection_forget_password(Connection *c)
{
    g_clear_pointer(&c->password, secret_free);
}

/* --- all of it --- */

static bool take_session(Connection *c, GError **error)
{
    const ConnectOptions *o = c->options;
    SessionPlan *plan = &c->plan;
    plan->target = c->target;
    plan->allow_cleartext_auth = o->allow_cleartext_auth;
    plan->auth_wait = o->auth_wait;
    plan->no_initial_response = o->no_initial_response;
    plan->channel_binding = o->channel_binding;
    plan->timeout = o->timeout;
    plan->ehlo = o->ehlo ? o->ehlo : c->account->ehlo;
    bool good = !plan->ehlo || (*plan->ehlo && !strpbrk(plan->ehlo, " \t\r\n"));
    return good || error_fail(error, POSTERN_ERROR_USAGE,
                              "--ehlo takes one host name or [address], without blanks");
}

Connection *connection_new(const ConnectOptions *options, const char *url,
                           const char *default_scheme, GError **error)
{
    Connection *c = g_new0(Connection, 1);
    c->options = options;
    bool good = load_account(c, error) && take_target(c, url, default_scheme, error) &&
                take_session(c, error) && take_tls(c, error) && take_dial(c, error) &&
                take_credentials(c, error);
    if (!good) {
        connection_free(c);
        return NULL;
    }
    return c;
}

void connection_free(Connection *c)
{
    if (!c) {
        return;
    }
    account_free(c->account);
    target_free(c->target);
    dns_free(c->dns);
    g_strfreev(c->auth);
    g_strfreev(c->alpn);
    g_strfreev(c->ssh_options);
    g_free(c->netrc_user);
    password_way_clear(&c->way);
    secret_free(c->password);
    g_free(c->passphrase_file);
    secret_free(c->passphrase);
    g_free(c->proxy);
    secret_free(c->proxy_password);
    g_free(c);
}

SessionPlan *connection_plan(Connection *c)
{
    return &c->plan;
}

const Target *connection_target(const Connection *c)
{
    return c->target;
}
