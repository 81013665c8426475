/* serve.h: what the files of `postern serve` share.
 *
 *   serve.c          options, the plan, the life of the server, exit status
 *   serve_ready.c    what it prints when it is ready
 *   serve_show.c     what happens, live and in the log
 *   serve_script.c   --from-transcript
 *   serve_run.c      --run
 *   serve_control.c  `serve report`, `serve stop`, and the way to the server for `serve wait`
 *   serve_wait.c     `serve wait` */
#pragma once

#include <stdio.h>

#include "cmd/command.h"
#include "proto/wire.h"
#include "server/sandbox.h"

typedef struct {
    char *bind, *host, *token_file, *jwt_key, *jwt_issuer, *jwt_audience, *keytab, *cert, *key,
        *tls_min, *tls_max, *mechanisms, *log, *lmtp_socket, *transcript, *run, *to, *subject,
        *timeout, *print;
    int base_port, exit_after, max_size;
    char **users, **faults;
    bool accept_any, cleartext, env, json, list_faults, show_secrets, quiet, verbose, https, echo,
        discard, assert_client;
} ServeOptions;

/* A user whose password was made up here, and is therefore shown. */
typedef struct {
    char *name, *password;
} ServeMadeUp;

typedef struct {
    const ServeOptions *options;
    Sandbox *box;
    GPtrArray *made_up;    /* of ServeMadeUp */
    FILE *log;             /* or NULL */
    bool live;             /* events are shown on standard error */
    unsigned long folding; /* the session whose answer is shown in part, */
    unsigned folded;       /* and how many of its lines are not */
    bool log_failed;
    int run_status; /* of --run */
} Serve;

/* Ports and files, in the form that was asked for, on standard output; the last line says that it
 * is ready. */
void serve_tell_ready(const Serve *s);
/* The same as variables of the environment, for --run. */
void serve_set_environment(const Serve *s);

/* A SandboxPlan's observer; `user` is the Serve. */
void serve_observe(void *user, const SandboxEvent *event);

/* Reads a transcript into steps (of SandboxStep). NO_INPUT, DATA. */
GPtrArray *serve_read_script(const char *path, GError **error);

/* Starts the command; the sandbox is stopped when it ends. In a task. UNAVAILABLE. */
bool serve_start_command(Serve *s, Sched *sched, GError **error);

/* The control socket of the sandbox in `directory` (NULL: $DIR), and the question sent. NO_INPUT
 * when none is there. Suspends. */
Wire *serve_ask(const char *directory, double timeout, const char *question, GError **error);
/* The subcommands: exit statuses. `args` is what stands behind their name. */
int serve_report(const ServeOptions *o, char **args);
int serve_stop(const ServeOptions *o, char **args);
int serve_wait(const ServeOptions *o, char **args);
