/* connection.h: what connect.c puts together and connect_describe.c tells. Internal to cmd/. */
#pragma once

#include "cmd/connect.h"
#include "cmd/password.h"

struct Connection {
    const ConnectOptions *options; /* borrowed */
    Account *account;              /* the one named, or [defaults] (its name is NULL); never NULL */
    Target *target;
    SessionPlan plan; /* borrows from all of these */
    Dns *dns;
    char **auth, **alpn, **ssh_options;
    char *netrc_user;
    PasswordWay way;
    Secret *password;      /* once it was asked for or computed, for the next login */
    char *passphrase_file; /* which key the passphrase is of */
    Secret *passphrase;
    char *proxy; /* the SOCKS proxy that password is of, "USER@HOST" */
    Secret *proxy_password;
    Gate *asking;    /* connection_ask_in_turn() */
    Credentials own; /* the plan's, before questions had to wait their turn */
};
