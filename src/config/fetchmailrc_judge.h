/* fetchmailrc_judge.h: what of a fetchmailrc Postern does not do, or does not like. Pure: rows of
 * predicates over what was read. */
#pragma once

#include "config/fetchmailrc.h"

typedef enum {
    FETCHMAIL_REFUSED, /* nothing is polled as long as this stands there */
    FETCHMAIL_UNSAFE,  /* done as told, but mail or passwords are at risk */
    FETCHMAIL_IGNORED, /* left undone; no mail is lost by that */
} FetchmailVerdict;

typedef struct {
    FetchmailVerdict verdict;
    unsigned line;
    const char *entry; /* the server's name, borrowed; NULL: a `set` line */
    char *words;       /* "KEYWORD: reason, and what to do instead"; raw */
} FetchmailJudgement;

/* Everything there is to say, by line. Servers for which `wanted` is false are left out (NULL: all
 * that are not skipped). The caller unrefs the array (of FetchmailJudgement). */
GPtrArray *fetchmailrc_judge(const FetchmailRc *rc,
                             bool (*wanted)(const FetchmailServer *server, void *user), void *user);

/* The first REFUSED ones as an error (CONFIG): "FILE:LINE: ...", a line each. */
bool fetchmailrc_accept(const FetchmailRc *rc, const GPtrArray *judgements, GError **error);

/* The host that is really spoken to. */
const char *fetchmail_host(const FetchmailServer *server);
/* Is the protocol that is meant POP3 or IMAP? `auto` is judged by port, and by options that only
 * one of them has. "pop3", "imap", or "auto": it cannot be told. */
const char *fetchmail_protocol(const FetchmailServer *server);

/* Does the entry reach its server through ssh: it polls loopback behind a preconnect or plugin that
 * runs ssh, or its plugin is an ssh to the very host? Then TLS is not needed, and a certificate for
 * another name will do. */
bool fetchmail_through_ssh(const FetchmailServer *server, const FetchmailUser *user);
/* Does a shell command run ssh (or autossh)? */
bool fetchmail_runs_ssh(const char *command);
