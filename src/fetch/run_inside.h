/* run_inside.h: what the files behind run.h share.
 *
 *     run.c       one account: the ladder, its folders, the end
 *     folder.c    one folder: list, choose, collect, settle
 *     collect.c   messages from the source into the target, a batch at a time
 *     remove.c    what becomes of them on the server
 *     inspect.c   --dry-run, --adopt, --compare
 *     hook.c      commands around a run */
#pragma once

#include "fetch/choose.h"
#include "fetch/identity.h"
#include "fetch/run.h"

typedef struct {
    const FetchJob *job;
    FetchMode mode;
    State *state;
    const FetchWatcher *watcher;
    FetchOutcome *outcome;
    FetchTotals *totals; /* the outcome's */
    Session *session;
    Source *source;
    Delivery *delivery;
    int64_t account;
    unsigned left;   /* how many may still be fetched */
    int64_t again;   /* with --all: what makes the copies of this run others; else 0 */
    char *local;     /* this host's name */
    GArray *leaving; /* of Leaving: POP3 messages that go away with QUIT */
} Run;

typedef struct {
    int64_t folder;
    StateMessage row; /* its id is owned */
} Leaving;

/* One folder under way. */
typedef struct {
    Run *run;
    const char *name;
    StateFolder state;
    SourceListing *listing;
    GStringChunk *texts;
    const char **ids; /* POP3, until it was chosen: one for each message of the listing; or NULL */
    Known *known;
    GArray *choices;     /* of Choice, beside the listing's messages */
    GHashTable *present; /* markers that are in the target already, or NULL */
} Folder;

void run_tell(const Run *run, FetchEvent event);
void run_warn(const Run *run, const char *format, ...) G_GNUC_PRINTF(2, 3);
const char *run_host(const Run *run);

/* Only what is new counts, not all that is there. */
bool run_wants_news_only(const Run *run);

/* Lists one folder and does with it what the mode says. Suspends. */
bool folder_do(Run *run, const char *name, GError **error);
/* Whether the rows of this run are to be removed from the server at once. */
bool folder_removes_at_once(const Run *run);
void folder_marker(const Folder *f, const Choice *c, char ret[MAILDIR_MARKER_LENGTH + 1]);
/* The row of a choice as it is once that is done. */
StateMessage folder_row(const Choice *c, StateWhat what);

/* Fetches everything chosen; what has come is settled also when it fails. Suspends. */
bool folder_collect(Folder *f, GError **error);
/* Removes (or moves, or flags) on the server whatever is due, of this run and former ones.
 * Suspends. */
bool folder_remove(Folder *f, GError **error);
/* Does a message that a former run fetched go away (or is it moved, or flagged) in this one? */
bool folder_is_due(const FetchJob *job, const Choice *c);
/* POP3: the server has confirmed the end of the session. */
bool run_removed(Run *run, GError **error);

/* Tells what would happen. */
void folder_dry_run(const Folder *f);
bool folder_adopt(Folder *f, GError **error);
bool folder_compare(Folder *f, GError **error);

/* Runs a shell command; false with *ret_status when it fails. UNAVAILABLE. Suspends. */
bool run_hook(const char *command, const char *what, int *ret_status, GError **error);
