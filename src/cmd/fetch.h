/* fetch.h: what the files of `postern fetch` share.
 *
 *     fetch.c           options, and which of its jobs is wanted
 *     fetch_options.c   their table
 *     fetch_jobs.c      options and accounts -> FetchJobs
 *     fetch_rc*.c       a fetchmailrc -> FetchJobs, fetchmail's exit codes
 *     fetch_adopt.c     --adopt-from
 *     fetch_round.c     one round: all jobs, several at once
 *     fetch_share.c     one ssh login for those behind the same hop
 *     fetch_daemon.c    without end: when, and what signals do to it (fetch_signals.c)
 *     fetch_progress.c  what a person sees of it
 *     fetch_status.c    --status, the Prometheus file, syslog, sd_notify */
#pragma once

#include "cmd/command.h"
#include "cmd/connect.h"
#include "fetch/job.h"
#include "fetch/run.h"
#include "io/together.h"

typedef struct {
    ConnectOptions connect; /* first: command.h */
    char *to;
    char **recipients;
    bool shell, invisible, crlf, flat;
    char **folders; /* comma lists */
    bool keep, all, unseen;
    char *after, *since, *max_size, *oversize;
    int keep_days, limit, parallel;
    bool adopt;
    char **adopt_from; /* FILE, or KIND:FILE */
    bool compare;
    bool wait;    /* for another run to end, instead of status 75 */
    char *daemon; /* "300", "5m" */
    bool idle;
    char *before, *after_run;
    bool no_imap_compress;
    char *fetchmailrc;
    bool fetchmail_exit_codes;
    bool status, json, syslog;
    char *prometheus;
    char *state; /* a directory instead of $XDG_STATE_HOME/postern */
} FetchOptions;

extern const Option fetch_options[]; /* fetch_options.c */

typedef struct FetchProgress FetchProgress;

/* One run of the verb. Owns all it points to but the options. */
typedef struct FetchRun {
    const FetchOptions *options;
    FetchMode mode;
    GPtrArray *jobs; /* of FetchJob */
    State *state;
    FetchProgress *progress;
    FetchWatcher watcher; /* of all jobs */
    struct Transcript *transcript;
    Gate asking;     /* one question at a time on the terminal */
    double interval; /* seconds between rounds; 0: one round */
    bool syslog;
    bool fetchmail_exit_codes;
    int rc_failure;     /* fetchmail's status for a fetchmailrc that could not be used: 5 or 6 */
    unsigned round;     /* counts from 1 */
    FetchTotals totals; /* of the last round */
    int status;         /* exit status of the last round: the worst */
    GArray *outcomes;   /* of FetchOutcome, one a job, of the last round */
} FetchRun;

/* Jobs from words of the command line (addresses and account names) and options; no words: every
 * account that has an address of POP3 or IMAP. USAGE, CONFIG. */
bool fetch_jobs_from_words(FetchRun *run, char *const *words, GError **error);

/* "90", "90s", "5m", "2h", "1d" in seconds; false when it is none. */
bool fetch_parse_interval(const char *text, double *ret);

/* fetch.c: jobs by whatever the options say. */
bool fetch_jobs(FetchRun *run, char *const *words, GError **error);

/* fetch_adopt.c: the lists of --adopt-from, each to the jobs it is of. NO_INPUT, DATA. */
bool fetch_take_adopted(FetchRun *run, GError **error);

/* One round over all jobs; fills totals, status and outcomes. False only when there could be no
 * round at all. Suspends. */
bool fetch_round(FetchRun *run, GError **error);
/* One job of it, the result into its outcome. Suspends. */
void fetch_do_job(FetchRun *run, guint index);
/* Does any of the jobs stay connected? */
bool fetch_idles(const FetchRun *run);
/* Until a signal ends it: rounds; or, when a job stays connected, each by itself. `words` are for
 * reading everything anew. Gives the exit status. */
int fetch_daemon(FetchRun *run, char *const *words);

/* One ssh login a round for all jobs that go the same way through ssh; the jobs' plans use it until
 * it is freed. Freeing suspends. */
typedef struct FetchShares FetchShares;
FetchShares *fetch_shares_new(const FetchRun *run);
void fetch_shares_free(FetchShares *shares);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FetchShares, fetch_shares_free)

FetchProgress *fetch_progress_new(const FetchRun *run);
/* A FetchWatcher's; user is the FetchProgress. */
void fetch_progress_told(void *progress, const FetchJob *job, const FetchEvent *event);
/* The line that sums up one job, if anybody is to be told. */
void fetch_progress_job(FetchProgress *progress, const FetchOutcome *outcome);
/* The round is over: the bar goes away, the lines of all jobs come. */
void fetch_progress_round(FetchProgress *progress);
void fetch_progress_free(FetchProgress *progress);

/* fetch_rc.c: jobs from options->fetchmailrc; `words` choose among its entries. Sets interval,
 * syslog and what else `set` lines say, where the command line does not. Everything that is not
 * supported is refused here, by name, line and reason. CONFIG, NO_INPUT. */
bool fetch_jobs_from_rc(FetchRun *run, char *const *words, GError **error);
/* fetch_rc.c: the exit status fetchmail would give. */
int fetch_rc_exit_status(const FetchRun *run);

/* fetch_status.c: what is known of each account, as text or JSON. Gives the exit status. */
int fetch_status(const FetchOptions *options);
/* fetch_status.c: one line for the log (syslog or the journal when asked for, else standard error),
 * and its like. */
void fetch_log_open(const FetchRun *run);
void fetch_log(const FetchRun *run, bool warning, const char *format, ...) G_GNUC_PRINTF(3, 4);
/* fetch_status.c: tells systemd ("READY=1", "STATUS=..."); nothing without $NOTIFY_SOCKET. */
void fetch_notify(const char *text);
/* fetch_status.c: writes options->prometheus, if given, after each round. */
bool fetch_prometheus(const FetchRun *run, GError **error);
