/* check.h: what the files of `postern check` share.
 *
 *     check.c           options; which of its jobs is wanted
 *     check_targets.c   words of the command line -> services to look at
 *     check_domain.c    a mail domain -> its services
 *     check_run.c       looks at them, several at once, until done or interrupted
 *     check_progress.c  tells how far it is, on a terminal
 *     check_output.c    which formats go where; writes them
 *     check_list.c      --list and --explain;  check_diff.c  --diff */
#pragma once

#include "audit/probe.h"
#include "cmd/command.h"
#include "cmd/connect.h"
#include "report/audit_render.h"

typedef struct {
    ConnectOptions connect;
    char **domains, **mx;
    char **formats, **outputs;
    char *fail_on;
    bool strict, full;
    int max_connections, parallel, warn_days;
    char *rate;
    char *next_cert;
    char **only, **skip, **fix; /* comma lists */
    char *baseline;
    bool list, diff;
    char *explain;
} CheckOptions;

/* One service to look at, at one address. */
typedef struct {
    Connection *connection;
    char **connect_to;   /* how to reach this very address, or NULL: as the user said */
    char *address;       /* that address, or NULL */
    const char *word;    /* which word of the command line it comes from; borrowed */
    bool optional;       /* from a bare HOST: a closed port is told, and no failure */
    DomainFacts *domain; /* borrowed, or NULL */
    Facts *facts;        /* what was found; NULL until then. The report takes it */
    int status;          /* 68 or 69 when it could not be reached */
    bool unresolved;
} CheckJob;

typedef struct CheckProgress CheckProgress;

/* One run. Owns all it points to but options. */
typedef struct {
    const CheckOptions *options;
    char **only, **skip;
    int fail_on; /* a Severity; above all of them: none */
    double per_minute;
    GArray *outputs;       /* of CheckOutput */
    GPtrArray *jobs;       /* of CheckJob */
    GPtrArray *carriers;   /* of Connection: what domains were looked up by */
    GPtrArray *baseline;   /* of AuditRecord, or NULL; taken by the changes */
    AuditChanges *changes; /* or NULL */
    AuditReport *report;
    Dns *dns; /* borrowed from the first connection: one for all */
    struct Transcript *transcript;
    CheckProgress *progress; /* NULL: none is shown */
    Gate gate;               /* so many connections at once, of all services together */
    size_t next;             /* the job to begin with next */
} CheckRun;

/* "a,b", "c" -> a b c; NULL for an empty list. g_strfreev(). */
char **check_split(char *const *lists);
/* A Severity as a number; above all of them for "none". */
int check_fail_on(const CheckOptions *options);
/* How postern was called, as it can be pasted; commands that give passwords are masked. The caller
 * frees it. */
char *check_invocation(const CheckOptions *options, char *const *args);

/* The words -> jobs. USAGE, CONFIG. */
bool check_targets(CheckRun *run, char *const *args, GError **error);
/* Adds a job for `url`, as target_parse() takes it, with the word, address and way (both taken),
 * domain and optional of `like`; one that is there already is not added again. */
bool check_job_add(CheckRun *run, const char *url, CheckJob like, GError **error);
void check_job_free(CheckJob *job);
/* Looks up --domain and --mx, and adds jobs for what they name. Suspends. */
bool check_domains(CheckRun *run, GError **error);
/* Looks at all jobs. Never fails because of a server. Suspends. */
bool check_services(CheckRun *run, GError **error);
/* Facts into the report, and what they mean. */
void check_judge(CheckRun *run);
/* The ProbePlan of one job, all of whose members the run owns. */
ProbePlan check_probe_plan(CheckRun *run, const SessionPlan *plan);

typedef struct {
    const AuditFormat *format;
    const char *path; /* NULL: standard output */
} CheckOutput;
/* Pairs --format with --output. USAGE; CANT_CREATE for a place where nothing can be written. */
bool check_outputs(CheckRun *run, GError **error);
bool check_has_format(const CheckRun *run, const char *name);
/* Renders and writes everything. CANT_CREATE, IO. */
bool check_write(const CheckRun *run, GError **error);
/* How the run is looked at. */
AuditView check_view(const CheckRun *run, bool to_terminal);

/* NULL when no progress should be shown. `total` may grow later. */
CheckProgress *check_progress_new(const CheckOptions *options);
void check_progress_total(CheckProgress *progress, size_t total);
/* A job was begun, is at something, is done. NULL is fine. */
void check_progress_tell(CheckProgress *progress, const char *name, const char *what);
void check_progress_done(CheckProgress *progress);
/* Clears the line. NULL is fine. */
void check_progress_end(CheckProgress *progress);

int check_list(void);
int check_explain(const char *id);
int check_diff(const CheckOptions *options, char *const *args);
