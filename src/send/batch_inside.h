/* batch_inside.h: what the files of batch.h share: batch.c (the queue and those who work it off)
 * and batch_settle.c (what becomes of a message that was handed over). Not for others. */
#pragma once

#include "io/together.h"
#include "send/batch.h"

/* A message with what became of it so far. */
typedef struct {
    const BatchItem *item;
    Outgoing *message;   /* read ahead of its turn, or NULL */
    int64_t read_ahead;  /* that was tried, for so many octets: once is enough */
    GPtrArray *decided;  /* of char*: recipients nothing is left to be done for */
    bool taken, refused; /* some recipient was, in an earlier try of this run */
    unsigned tries;
    Deadline not_before;
} BatchWork;

typedef struct {
    const BatchPlan *plan;
    BatchCount *count;
    GQueue queue;    /* of BatchWork */
    GQueue unsynced; /* of BatchSettled: in the journal, not yet told */
    GError *fatal;
    Bell bell;        /* there may be something to be done meanwhile */
    unsigned working; /* workers that have not ended */
    unsigned large;   /* large messages that are under way */
    bool telling;     /* batch_meanwhile() runs beside the workers */
} BatchRun;

typedef struct {
    BatchRun *batch;
    Session *session;   /* or NULL */
    uint64_t mails_max; /* as many transactions as its server wants; 0: not told */
    unsigned failures;  /* connections that could not be made, in a row */
    bool unsynced;      /* a message of this one's is not told yet ... */
    Bell told;          /* ... now it is */
} BatchWorker;

/* A message that was handed over, until what was decided is on disk and told. */
typedef struct {
    BatchWorker *worker;
    BatchWork *work;
    Outgoing *message;
    Submission submission;
    GError *error; /* why the transaction broke, or NULL */
    bool complete; /* nobody is left to be tried again */
} BatchSettled;

void batch_work_free(BatchWork *w);
/* It is to be tried again, in so many seconds; at once: before all others. */
void batch_put_back(BatchRun *b, BatchWork *w, double seconds);
/* The wait before the try behind so many. Seconds. */
double batch_backoff(const BatchPlan *plan, unsigned tries);
void batch_tell(const BatchRun *b, BatchEvent event);
/* Nothing more is begun. The first reason is the one that is told; takes the error. */
void batch_stop(BatchRun *b, GError *error);

/* Nothing was or will be sent of it: it cannot be read, or is no message, or does not fit. Takes
 * the work and the error. */
void batch_give_up(BatchRun *b, BatchWork *w, const Outgoing *message, GError *error);
/* What the server said is written down, and on disk before anybody hears of it. Takes `d`.
 * Suspends. */
void batch_settle(BatchWorker *worker, BatchSettled *d);
/* Syncs what was written down, and tells it. Suspends. */
void batch_conclude(BatchRun *b);
/* Beside the workers, while they wait for their servers: what they have written down is synced and
 * told, and the messages whose turn is next are read. `run` is the BatchRun. When it is interrupted
 * the rest is for batch_conclude(). Suspends. */
void batch_meanwhile(void *run);
