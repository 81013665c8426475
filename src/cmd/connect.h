/* connect.h: the options every connecting command has (cli.md), and the way from them, an account
 * and a URL to a SessionPlan. */
#pragma once

#include "cmd/options.h"
#include "config/accounts.h"
#include "io/together.h"
#include "proto/session.h"

typedef struct {
    char *tls, *tls_min, *tls_max, *ciphers, *groups, *ca_file, *ca_path;
    bool dane, no_verify;
    char **pins;
    char *client_cert, *client_key, *sni;
    char *alpn; /* comma list */
    char **via, **connect_to;
    char *ssh_command;
    char **ssh_option;
    bool compress; /* -C: the same as --ssh-option=-C */
    bool ipv4, ipv6;
    double timeout; /* seconds; 0 unset */
    char *ehlo, *dns, *dns_anchor;
    char *user;
    char **auth; /* comma lists */
    char *password_command, *password_file, *token_command;
    bool allow_cleartext_auth;
    double auth_wait;
    bool no_initial_response;
    char *channel_binding;
    char *account, *config, *transcript;
    bool dry_run;
    char *trace, *color;
    bool verbose, quiet;
} ConnectOptions;

extern const Option connect_options[];

/* A SessionPlan with everything it borrows. */
typedef struct Connection Connection;

/* Resolves options over the account over the defaults: options win. `url` may be NULL when
 * --account names one with a url. Checks the TLS and dial plans. The options must outlive it.
 * USAGE, CONFIG, NO_INPUT. */
Connection *connection_new(const ConnectOptions *options, const char *url,
                           const char *default_scheme, GError **error);
void connection_free(Connection *c);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Connection, connection_free)

/* To be passed to session_new(); the caller may still set the observer and others. */
SessionPlan *connection_plan(Connection *c);
const Target *connection_target(const Connection *c);
/* What --dry-run prints: effective target, TLS policy, way, account, where the password would come
 * from. Never a secret. The caller frees it. */
char *connection_describe(const Connection *c);
/* The password by the usual ways: --password-command, --password-file, $POSTERN_PASSWORD, the
 * account, ~/.netrc, the terminal without echo. Fails with CONFIG or AUTH, naming the ways. The
 * same function is behind Credentials.password. */
Secret *connection_password(Connection *c, GError **error);
/* The password got by connection_password() is kept for the next session; this makes it be asked
 * for again, after the server refused it. */
void connection_forget_password(Connection *c);
/* Several connections at once do not ask for passwords and tokens across each other: what comes by
 * Credentials goes through this gate from now on. Called once. */
void connection_ask_in_turn(Connection *c, Gate *asking);

/* The access token of an OAuth login, refreshed if need be, over this network: for what is no
 * session. Suspends. */
Secret *token_of_login(const ConnectOptions *options, Dns *dns, const char *name, GError **error);
/* The password of an offline command (`auth`), by the same ways but without a target. */
Secret *password_for(const ConnectOptions *options, const char *user, const char *host,
                     GError **error);
/* Takes POSTERN_PASSWORD out of the environment, once, at start, before any child; keeps it for the
 * above. */
void password_take_environment(void);
/* Asks on /dev/tty without echo. Fails with AUTH when there is no terminal, CANCELLED on Ctrl-C or
 * Ctrl-D. The terminal is restored whatever ends it. Suspends. */
Secret *password_ask(const char *prompt, GError **error);
