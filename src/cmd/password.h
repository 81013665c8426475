/* password.h: the ways to come by a password, in their order (cli.md): --password-command,
 * --password-file, $POSTERN_PASSWORD, the account, ~/.netrc, the terminal. Internal to cmd/;
 * connect.h has what commands use. */
#pragma once

#include "cmd/connect.h"

typedef enum {
    PASSWORD_BY_COMMAND,
    PASSWORD_BY_FILE,
    PASSWORD_BY_ENVIRONMENT,
    PASSWORD_BY_ACCOUNT,
    PASSWORD_BY_NETRC, /* or, when it has none, the terminal */
} PasswordKind;

/* All borrowed from the options and the account. */
typedef struct {
    PasswordKind kind;
    const char *value; /* the command or file */
    char *said; /* who names it: "--password-file", "[account work] password-command"; owned */
    const Secret *secret; /* the account's own */
} PasswordWay;

/* The first way that is given; `account` may be NULL. No I/O. */
PasswordWay password_way(const ConnectOptions *options, const Account *account);
void password_way_clear(PasswordWay *way);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PasswordWay, password_way_clear)

/* Goes that way. `user` and `host` choose in ~/.netrc and stand in the prompt; either may be NULL.
 * `quiet` leaves warnings out. CONFIG, NO_INPUT, AUTH (no terminal), CANCELLED. Suspends. */
Secret *password_get(const PasswordWay *way, const char *user, const char *host, bool quiet,
                     GError **error);
