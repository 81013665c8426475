/* tunnel.h: what the files of `postern tunnel` share.
 *
 *   tunnel.c             options, the life of a tunnel, exit status
 *   tunnel_accept.c      who connects, and whether he may
 *   tunnel_way.c         one connection: the way is opened, both ends are joined
 *   tunnel_background.c  --background: the same program again, away from the terminal
 *   tunnel_command.c     -- COMMAND */
#pragma once

#include "cmd/command.h"
#include "cmd/connect.h"
#include "io/listen.h"
#include "io/sched.h"
#include "io/ssh_share.h"
#include "io/together.h"
#include "io/via_ssh.h"
#include "proto/front.h"

typedef struct {
    ConnectOptions connect; /* first: command.h */
    bool background, once;
    char *duration, *pid_file;
    char **allow;
    int max_connections;
} TunnelOptions;

typedef struct Tunnel {
    const TunnelOptions *options;
    Connection *connection;
    SessionPlan *plan;
    bool pipe;          /* octets only; else verified TLS is spoken here */
    SshShare *share;    /* through SSH: one login for all; or NULL */
    Gate opening;       /* ways that are being opened: servers and hops mind a crowd */
    const Front *front; /* to tell a client in his own language why he is not served, or NULL */
    GPtrArray *listeners;
    bool anyone;    /* whoever connects may */
    GArray *others; /* of uid_t: who may beside the caller */
    double seconds; /* --for; negative: no end */

    Sched *sched;
    GPtrArray *accepting; /* of Task: one a listener; NULL in the place of one that has ended */
    unsigned open;        /* connections now */
    unsigned served;      /* connections that were let in */
    bool closing;         /* no more are taken */
    int last_status;      /* how the last connection's way went: 0, or an exit status */

    char **command; /* borrowed from the arguments, or NULL */
    bool command_runs;
    int command_status;
    GError *failure; /* what ends the tunnel */
} Tunnel;

/* "postern: ..." on standard error, unless -q; with `verbose` only under -v. Escaped. */
void tunnel_say(const Tunnel *t, bool verbose, const char *format, ...) G_GNUC_PRINTF(3, 4);
/* Takes no more connections; the tunnel ends when those there are have. */
void tunnel_stop_accepting(Tunnel *t);

/* --- tunnel_accept.c --- */
/* --allow; USAGE. */
bool tunnel_take_allow(Tunnel *t, GError **error);
/* Opens, or takes over, what is listened on. */
bool tunnel_listen(Tunnel *t, const char *local, GError **error);
/* Starts a task a listener. */
bool tunnel_accept_all(Tunnel *t, GError **error);

/* --- tunnel_way.c --- */
/* Opens the way once, hears the server's greeting where it has one, and leaves. Suspends. */
bool tunnel_prove(Tunnel *t, GError **error);
/* Serves one client, and frees his stream. Suspends. */
void tunnel_serve(Tunnel *t, Stream *client, const char *who);
/* Tells a client in his language that he is not served, and frees his stream. Suspends. */
void tunnel_turn_away(const Tunnel *t, Stream *client, const char *words);

/* --- tunnel_background.c --- */
/* Is this the process that is to stay in the background? */
bool tunnel_is_background(void);
/* Starts that one, and waits until it is ready. Gives the exit status. Suspends. */
int tunnel_start_background(const Tunnel *t);
/* In that one: tells the waiting process, and leaves the terminal. */
bool tunnel_detach(Tunnel *t, GError **error);

/* --- tunnel_command.c --- */
/* Starts it; a task waits for its end, which ends the tunnel. */
bool tunnel_start_command(Tunnel *t, GError **error);
