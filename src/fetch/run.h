/* run.h: collects one account: connect, list, fetch, make durable, write down, then only remove.
 *
 * The order of work for each batch (design.md, law 7): written, made durable, renamed, the
 * directory synced; the state committed; the server told to delete; the state told that it was.
 * While a batch is made durable on a thread, the next one is downloaded. */
#pragma once

#include "fetch/job.h"
#include "fetch/source.h"
#include "store/state.h"

typedef struct {
    unsigned listed;       /* on the server */
    unsigned wanted;       /* of these, to be fetched */
    uint64_t wanted_bytes; /* as announced; 0: not known */
    unsigned fetched;      /* delivered, durable and written down */
    uint64_t bytes;        /* of these, as on the wire */
    unsigned known;        /* recognised in the target after a crash: not fetched again */
    unsigned removed;      /* deleted, moved or flagged on the server */
    unsigned oversize;     /* left there */
    unsigned kept_back;    /* the target took them not: they stay there for the next run */
    unsigned gone;         /* expunged by somebody else meanwhile */
} FetchTotals;

void fetch_totals_add(FetchTotals *to, const FetchTotals *from);

typedef enum {
    FETCH_EVENT_CONNECTED, /* text: to whom */
    FETCH_EVENT_LISTED,    /* totals: listed, wanted, wanted_bytes */
    FETCH_EVENT_BYTES,     /* `bytes` more octets have come */
    FETCH_EVENT_MESSAGE,   /* one is here: message, folder; text: NULL, or what of it */
    FETCH_EVENT_SETTLED,   /* a batch is durable and written down */
    FETCH_EVENT_OVERSIZE,  /* message, folder */
    FETCH_EVENT_KEPT_BACK, /* message, folder; text: what the target said */
    FETCH_EVENT_GONE,      /* message, folder; text: what the server said */
    FETCH_EVENT_REMOVED,   /* `count` were removed from `folder` */
    FETCH_EVENT_WARNING,   /* text */
    FETCH_EVENT_NOTE,      /* text */
    FETCH_EVENT_PASSED, /* with FetchJob.idle: what had come is here, now it waits for more; totals:
                           since the last time; count: how often there was one before */
    FETCH_EVENT_WOULD,  /* a dry run: message, folder; text: "fetch", "skip: known", "delete" ... */
} FetchEventKind;

typedef struct {
    FetchEventKind kind;
    const char *folder; /* borrowed, as everything here; or NULL */
    const SourceMessage *message;
    const char *text; /* raw: to be escaped by whoever shows it */
    uint64_t bytes;
    unsigned count;
    const FetchTotals *totals;
} FetchEvent;

/* Told of everything, on the task that collects. Must not wait. */
typedef struct {
    void (*told)(void *user, const FetchJob *job, const FetchEvent *event);
    void *user;
} FetchWatcher;

typedef enum {
    FETCH_RUN,     /* the real thing */
    FETCH_DRY,     /* lists and tells what would happen; changes nothing anywhere */
    FETCH_ADOPT,   /* takes what is there as fetched */
    FETCH_COMPARE, /* tells what is here and not there, and the other way round */
} FetchMode;

/* How a job ended. */
typedef struct {
    const FetchJob *job;
    FetchTotals totals; /* with FetchJob.idle: since the last FETCH_EVENT_PASSED */
    unsigned passes;    /* how many of those there were */
    GError *error;      /* NULL: it was done */
    Stage reached; /* how far up the ladder the session came: tells connecting from logging in */
    int command_status; /* of `before`, when that failed; else 0 */
} FetchOutcome;

void fetch_outcome_clear(FetchOutcome *outcome);

/* One run over one account. The state is shared by all jobs of one thread. False with
 * outcome->error set. What was settled before a failure stays settled and is in the totals.
 * Suspends. */
bool fetch_account(const FetchJob *job, FetchMode mode, State *state, const FetchWatcher *watcher,
                   FetchOutcome *outcome);
