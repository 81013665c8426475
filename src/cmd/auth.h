/* auth.h: the parts of `postern auth`. Internal to cmd/auth*.c. */
#pragma once

#include "cmd/connect.h"
#include "sasl/sasl.h"

/* Of `auth oauth`. */
typedef struct {
    char *provider, *issuer, *client_id, *client_secret_file, *client_secret_command, *scope;
    char *auth_endpoint, *token_endpoint, *device_endpoint, *store_command, *browser;
    bool device;
    int redirect_port;
    double wait; /* seconds; 0: 300 */
} OauthOptions;

typedef struct {
    ConnectOptions
        connect; /* only what `auth` has rows for: user, account, the ways to a password, -v, -q */
    char *service, *host, *authzid, *realm, *nonce, *binding;
    int port;
    bool server_proof, show_secrets;
    OauthOptions oauth;
} AuthOptions;

/* Computes what to send. `args` are the server's challenges so far. Gives the exit status.
 * Suspends. */
int auth_compute(const AuthOptions *options, const SaslMechanism *mechanism, char **args);
/* `auth apop`: the challenge is in args. Suspends. */
int auth_apop(const AuthOptions *options, char **args);
/* `auth decode`. */
int auth_decode(const AuthOptions *options, char **args);
/* `auth oauth login|token|list|forget`. Suspends. */
int auth_oauth(const AuthOptions *options, char **args);
/* `auth explain`, `auth list`. */
int auth_explain(char **args);
int auth_list(void);

/* The mechanism of that name; else fails with USAGE, naming the nearest. */
const SaslMechanism *auth_find_mechanism(const char *name, GError **error);
/* The user's name: --user, or the account's. The caller frees it; NULL without an error when there
 * is none. */
char *auth_user(const AuthOptions *options, GError **error);
/* Should it be explained, on standard error? On a terminal or with -v, but not with -q. */
bool auth_explains(const AuthOptions *options);

/* What is written in one message, in whatever form it was pasted. The caller frees it. NULL
 * when it looks like base64, but is not. */
GByteArray *auth_unpack(Bytes text);
