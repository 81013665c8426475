/* batch_inside.h: what the files of batch.h share: batch.c (the queue and those who work it off)
 * and batch_settle.c (what becomes of a message that was handed over). Not for others. */
#pragma once

#include "io/together.h"
#include "send/batch.h"
#include "send/scribe.h"

/* A message with what became of it so far. */
typedef struct {
    const BatchItem *item;
    GPtrArray *decided;  /* of char*: recipients nothing is left to be done for */
    bool taken, refused; /* some recipient was, in an earlier try of this run */
    unsigned tries;
    Deadline not_before;
} BatchWork;

typedef struct {
    const BatchPlan *plan;
    BatchCount *count;
    GQueue queue; /* of BatchWork */
    GError *fatal;
    Scribe *scribe;             /* NULL without a journal */
    unsigned working, settling; /* workers that have not ended; what the scribe has */
} BatchRun;

typedef struct {
    BatchRun *batch;
    Session *session;  /* or NULL */
    unsigned mails;    /* transactions of this session */
    unsigned failures; /* connections that could not be made, in a row */
    Gate unsettled;    /* one message at a time is with the scribe */
} BatchWorker;

/* A message that was handed over, until what was decided is on disk and told. */
typedef struct {
    BatchWorker *worker;
    BatchWork *work;
    Outgoing *message;
    Submission submission;
    GError *error; /* why the transaction broke, or NULL */
    bool complete, in_gate;
    ScribeEntry entry;
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
/* What the server said is on disk before anybody hears of it. Takes all of `d`. Suspends. */
void batch_settle(BatchWorker *worker, BatchSettled *d);
/* Tells what has come to disk, beside the workers; `run` is the BatchRun. When it is interrupted
 * the rest is for batch_conclude_done(). Suspends. */
void batch_tell_settled(void *run);
/* Tells what has come to disk by now. */
void batch_conclude_done(BatchRun *b);
