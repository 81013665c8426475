/* accounts.h: accounts.conf, a GKeyFile: [account NAME] sections and [defaults].
 * /etc/postern/accounts.conf lies below the user's. An unknown key or a bad value is an error that
 * names file, section, key and what was expected (CONFIG, 78). */
#pragma once

#include "base/error.h"
#include "base/secret.h"

/* Everything as written, defaults merged in; NULL or -1 where the file says nothing. Owns its
 * strings. */
typedef struct {
    char *name;
    char *file; /* where its section stands, for messages */
    char *url, *user;
    char **auth; /* list */
    char *password_command, *password_file, *oauth, *token_command;
    Secret *password;
    char **from;
    char *tls, *tls_min, *ca_file;
    char **pin;
    int dane; /* -1 unset, 0, 1 */
    char *client_cert, *client_key;
    char **via;
    char *ehlo;
    char **folders;
    char *to, *after, *queue, *dsn;
    int keep_days;    /* -1 unset */
    int64_t max_size; /* octets, -1 unset; "10M" in the file */
} Account;

void account_free(Account *account);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Account, account_free)

/* Reads both files (or only `file` when not NULL) and gives all accounts, in file order. Missing
 * files are no error unless named. A file with a `password` key must be 0600 and the caller's own.
 * The caller unrefs the array (of Account). */
GPtrArray *accounts_load(const char *file, GError **error);
/* [defaults] alone (name NULL), empty when there is none. */
Account *accounts_defaults(const char *file, GError **error);
/* One by name. Fails with CONFIG, naming those there are. */
Account *accounts_find(const char *file, const char *name, GError **error);

/* $XDG_CONFIG_HOME/postern, $XDG_STATE_HOME/postern; made 0700 when make is true. The caller frees
 * it. */
char *config_directory(void);
char *config_state_directory(bool make, GError **error);
