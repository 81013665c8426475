/* job.h: one account to collect from, and what is to become of its mail: everything that
 * fetch_account() (run.h) needs to know, whoever put it together: the options of `postern fetch`,
 * accounts.conf, a fetchmailrc.
 *
 * A FetchJob owns its strings. What `plan` borrows from lives in `owner`, which is released with
 * the job. */
#pragma once

#include "deliver/deliver.h"

/* What becomes of a message on the server once it is safely here. */
typedef enum { FETCH_KEEP, FETCH_DELETE, FETCH_MOVE, FETCH_FLAG } FetchAfter;

typedef enum {
    FETCH_NEW,    /* what the state does not know */
    FETCH_UNSEEN, /* of these only messages without \Seen (IMAP) */
    FETCH_ALL,    /* also what was fetched before */
} FetchWhich;

typedef enum {
    FETCH_OVERSIZE_SKIP,   /* left there, told each time */
    FETCH_OVERSIZE_HEADER, /* its header is delivered, once, and the message stays there */
    FETCH_OVERSIZE_DELETE, /* fetchmail's limitflush */
} FetchOversize;

typedef struct FetchJob {
    char *name; /* for people: "work", or "pop3s://joe@pop.example.org" */
    char *key; /* for the state: "pop3://joe@pop.example.org"; who it is, not how it is reached. See
                  fetch_job_key() */
    const SessionPlan *plan; /* how to get there and who one is */
    char **plugin; /* argv of a program that is spoken to instead of a socket; or NULL. It then
                      counts as the way: TLS inside it is what the plan says */
    bool preauthenticated; /* the plugin logs in by itself: IMAP PREAUTH is expected */
    GDestroyNotify release;
    void *owner;

    char **folders; /* patterns, IMAP; NULL: INBOX */
    FetchWhich which;
    int64_t since;     /* IMAP: only messages received from then on; 0: all */
    uint64_t max_size; /* octets; 0: no limit */
    FetchOversize oversize;
    unsigned limit; /* messages a run; 0: no limit */

    FetchAfter after;
    char *after_argument; /* the folder, the flag; else NULL */
    int keep_days;        /* with `after`: only this many days after it was fetched; 0: at once */
    bool flush; /* delete what an earlier run fetched and kept (fetchmail's flush is refused when
                   it would delete what was never fetched) */

    DeliverPlan deliver;
    GHashTable *adopt_only; /* FETCH_ADOPT: only messages with these UIDLs; NULL: all. Owned */
    char *before,
        *after_run;    /* shell commands around the run; the first one's failure cancels it */
    bool idle;         /* wait for news in IDLE after the run, for ever */
    unsigned interval; /* only each Nth round of a daemon; 0 and 1: every */
    struct FetchJob *otherwise; /* the same by another protocol, for a server that does not speak
                                   this one; or NULL. Owned */
    bool no_compress;           /* do not ask for COMPRESS=DEFLATE */
} FetchJob;

/* All zero but what must not be: keeps everything, new messages, INBOX. */
FetchJob *fetch_job_new(const char *name);
void fetch_job_free(FetchJob *job);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FetchJob, fetch_job_free)

/* Who the account is: the protocol without its TLS, user, host, and the port when it is no usual
 * one. Two ways to reach the same maildrop have the same key. The caller frees it. */
char *fetch_job_key(const Target *target, const char *user);

/* "keep", "delete", "move:FOLDER", "flag:FLAG" into the job. USAGE. */
bool fetch_job_set_after(FetchJob *job, const char *text, GError **error);
