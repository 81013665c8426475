/* auth.c: `postern auth`: what to send for a login, what was sent, and what it all means; offline,
 * for paper and pencil. */
#include "cmd/auth.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/nearest.h"
#include "cmd/command.h"

#define OWN(member) offsetof(AuthOptions, member)
#define USUAL(member) (offsetof(AuthOptions, connect) + offsetof(ConnectOptions, member))

#define OAUTH(member) (offsetof(AuthOptions, oauth) + offsetof(OauthOptions, member))

/* name, letter, kind, offset, argument, help, choices */
static const Option options[] = {
    {"user", 0, OPTION_STRING, USUAL(user), "NAME", "log in as NAME", NULL},
    {"authzid", 0, OPTION_STRING, OWN(authzid), "NAME", "act as NAME, where the mechanism can",
     NULL},
    {"password-command", 0, OPTION_STRING, USUAL(password_command), "CMD",
     "the password is the first line CMD prints", NULL},
    {"password-file", 0, OPTION_FILE, USUAL(password_file), "FILE",
     "the password is the first line of FILE", NULL},
    {"token-command", 0, OPTION_STRING, USUAL(token_command), "CMD",
     "the token for XOAUTH2 and OAUTHBEARER is what CMD prints", NULL},
    {"account", 0, OPTION_STRING, USUAL(account), "NAME",
     "take user, password and token from an account", NULL},
    {"config", 0, OPTION_FILE, USUAL(config), "FILE",
     "read accounts here instead of in postern/accounts.conf", NULL},
    {"service", 0, OPTION_STRING, OWN(service), "NAME",
     "what is logged in to: imap, pop, smtp, sieve (digest-md5)", NULL},
    {"host", 0, OPTION_STRING, OWN(host), "NAME", "the server's name (digest-md5, oauthbearer)",
     NULL},
    {"port", 0, OPTION_INT, OWN(port), "NUMBER", "the server's port (oauthbearer)", NULL},
    {"realm", 0, OPTION_STRING, OWN(realm), "NAME",
     "the realm (digest-md5) or domain (ntlm), instead of the server's", NULL},
    {"nonce", 0, OPTION_STRING, OWN(nonce), "TEXT",
     "our nonce: the one of the first message (scram), or the cnonce (digest-md5)", NULL},
    {"binding", 0, OPTION_STRING, OWN(binding), "TYPE:HEX",
     "channel binding for the -PLUS forms: tls-exporter, tls-unique or tls-server-end-point", NULL},
    {"server-proof", 0, OPTION_BOOL, OWN(server_proof), NULL,
     "print what the server must answer instead of what to send (scram, digest-md5)", NULL},
    {"show-secrets", 0, OPTION_BOOL, OWN(show_secrets), NULL,
     "decode: show passwords, tokens and proofs", NULL},
    {"provider", 0, OPTION_STRING, OAUTH(provider), "NAME",
     "oauth login: one of the large providers: google, microsoft, yahoo, fastmail, yandex, mailru",
     NULL},
    {"issuer", 0, OPTION_STRING, OAUTH(issuer), "URL",
     "oauth login: a provider that tells its endpoints itself (.well-known)", NULL},
    {"auth-endpoint", 0, OPTION_STRING, OAUTH(auth_endpoint), "URL",
     "oauth login: where the browser is sent", NULL},
    {"token-endpoint", 0, OPTION_STRING, OAUTH(token_endpoint), "URL",
     "oauth login: where tokens are had", NULL},
    {"device-endpoint", 0, OPTION_STRING, OAUTH(device_endpoint), "URL",
     "oauth login: where codes for --device are had", NULL},
    {"client-id", 0, OPTION_STRING, OAUTH(client_id), "ID",
     "oauth login: what the provider calls your application", NULL},
    {"client-secret-file", 0, OPTION_FILE, OAUTH(client_secret_file), "FILE",
     "oauth login: its secret is the first line of FILE, where it has one", NULL},
    {"client-secret-command", 0, OPTION_STRING, OAUTH(client_secret_command), "CMD",
     "oauth login: the same, the first line CMD prints", NULL},
    {"scope", 0, OPTION_STRING, OAUTH(scope), "WORDS",
     "oauth login: what the token shall be good for", NULL},
    {"device", 0, OPTION_BOOL, OAUTH(device), NULL,
     "oauth login: by a code that is typed in on any device, instead of a browser here", NULL},
    {"browser", 0, OPTION_STRING, OAUTH(browser), "CMD",
     "oauth login: run CMD with the address behind it, instead of only printing that", NULL},
    {"redirect-port", 0, OPTION_INT, OAUTH(redirect_port), "PORT",
     "oauth login: the port on this machine the browser comes back to (default: any)", NULL},
    {"wait", 0, OPTION_DOUBLE, OAUTH(wait), "SECONDS",
     "oauth login: how long to wait for the person (default: 300)", NULL},
    {"store-command", 0, OPTION_STRING, OAUTH(store_command), "CMD",
     "oauth login: keep the tokens by CMD get|store|erase NAME, not in a file", NULL},
    {"ca-file", 0, OPTION_FILE, USUAL(ca_file), "FILE",
     "oauth: trust these authorities (PEM) instead of the system's", NULL},
    {"connect-to", 0, OPTION_LIST, USUAL(connect_to), "[HOST:PORT:]ADDR:PORT",
     "oauth: dial ADDR:PORT instead; repeatable", NULL},
    {"via", 0, OPTION_LIST, USUAL(via), "URL", "oauth: go through ssh:// or socks5://", NULL},
    {"dns", 0, OPTION_STRING, USUAL(dns), "ADDR[@PORT]", "oauth: resolver to ask", NULL},
    {"timeout", 0, OPTION_DOUBLE, USUAL(timeout), "SECONDS",
     "oauth: how long to wait for each answer (default: 60)", NULL},
    {"verbose", 'v', OPTION_BOOL, USUAL(verbose), NULL,
     "explain on standard error, also when the output goes to a file", NULL},
    {"quiet", 'q', OPTION_BOOL, USUAL(quiet), NULL, "explain nothing, also on a terminal", NULL},
    {NULL},
};

const SaslMechanism *auth_find_mechanism(const char *name, GError **error)
{
    const SaslMechanism *found = sasl_mechanism_find(bytes_of(name));
    if (found) {
        return found;
    }
    Nearest near = {.word = name};
    for (const SaslMechanism *m = sasl_mechanisms; m->name; m++) {
        nearest_offer(&near, m->name);
    }
    g_autofree char *shown = escape_line_max(bytes_of(name), 40);
    error_fail(error, POSTERN_ERROR_USAGE,
               "no mechanism is called \"%s\"%s%s%s `postern auth list` names them all", shown,
               near.best ? ": did you mean " : ";", near.best ? near.best : "",
               near.best ? "?" : "");
    return NULL;
}

char *auth_user(const AuthOptions *o, GError **error)
{
    if (o->connect.user || !o->connect.account) {
        return g_strdup(o->connect.user);
    }
    g_autoptr(Account) account = accounts_find(o->connect.config, o->connect.account, error);
    return account ? g_strdup(account->user) : NULL;
}

bool auth_explains(const AuthOptions *o)
{
    return !o->connect.quiet && (o->connect.verbose || isatty(STDOUT_FILENO));
}

static int compute(const AuthOptions *o, char **args)
{
    GError *error = NULL;
    const SaslMechanism *mechanism = auth_find_mechanism(args[0], &error);
    if (!mechanism) {
        return command_fail(error);
    }
    bool is_apop = strcmp(mechanism->name, "APOP") == 0;
    return is_apop ? auth_apop(o, args + 1) : auth_compute(o, mechanism, args + 1);
}

static int run(void *values, char **args)
{
    const AuthOptions *o = values;
    GError *error = NULL;
    if (!args[0]) {
        error_fail(&error, POSTERN_ERROR_USAGE,
                   "what should be computed? Give a mechanism, or decode, explain, list; see "
                   "`postern auth --help`");
        return command_fail(error);
    }
    if (strcmp(args[0], "decode") == 0) {
        return auth_decode(o, args + 1);
    }
    if (strcmp(args[0], "explain") == 0) {
        return auth_explain(args + 1);
    }
    if (strcmp(args[0], "oauth") == 0) {
        return auth_oauth(o, args + 1);
    }
    if (strcmp(args[0], "list") == 0) {
        return auth_list();
    }
    return compute(o, args);
}

const Command cmd_auth = {
    .name = "auth",
    .summary = "compute, decode, explain authentication exchanges, offline; get OAuth tokens",
    .arguments = "MECH [CHALLENGE...] | decode TEXT... | explain MECH | list |\n"
                 "       oauth login|token|forget NAME | oauth list",
    .words = "MECH|decode|explain|list|oauth",
    .text =
        "Prints exactly what to send to the server: base64, or for apop the command.\n"
        "A challenge is given as the server sent it: base64, with or without its \"334 \" or\n"
        "\"+ \", or decoded. Passwords come by the usual ways, never as an argument.\n"
        "decode says what messages of an exchange mean, secrets masked; \"-\" reads them from\n"
        "standard input. explain tells of a mechanism in plain words; list names them all.\n"
        "oauth login gets a token that accounts.conf takes as oauth = NAME; it is refreshed when\n"
        "it is old, and printed only by oauth token.",
    .examples = "  postern auth plain --user=joe\n"
                "  postern auth apop '<1896.697170952@dbc.mtview.ca.us>' --user=mrose\n"
                "  postern auth cram-md5 PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2U+ --user=tim\n"
                "  postern auth decode AHRpbQB0YW5zdGFhZg==\n"
                "  postern auth explain SCRAM-SHA-256\n"
                "  postern auth oauth login work --provider=microsoft --client-id=ID --device\n",
    .options = options,
    .values_size = sizeof(AuthOptions),
    .run = run,
};
