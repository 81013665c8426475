/* batch.h: many messages over a few kept connections, each decided exactly once as far as anybody
 * can tell. One transaction is in flight a connection, while the one before it is being written
 * down; a connection that breaks is made anew and its message sent again unless it was
 * acknowledged. */
#pragma once

#include "send/journal.h"

/* One message to be sent. Owns its strings. */
typedef struct {
    char *key;         /* what the journal knows it by */
    char *name;        /* what people know it by */
    char *file;        /* where it is read from, when its turn comes */
    int64_t offset;    /* in the file (an mbox) */
    int64_t length;    /* octets; -1: to its end */
    char *sender;      /* envelope, or NULL: as the header has it */
    char **recipients; /* lists, or NULL: as the header has them */
} BatchItem;

void batch_item_free(BatchItem *item);

/* Lists what lies at `path`: the files of a Maildir (new and cur), those of a directory, in the
 * order of their names, or the messages of an mbox. NO_INPUT, DATA. The caller unrefs the array (of
 * BatchItem). */
GPtrArray *batch_list(const char *path, GError **error);

typedef enum {
    BATCH_DONE,    /* every recipient is decided, well or not */
    BATCH_AGAIN,   /* it will be tried again */
    BATCH_LEFT,    /* the tries are used up; a later run takes it up */
    BATCH_SKIPPED, /* the journal says it was done before */
} BatchStep;

/* What happened to one message; all borrowed and any may be NULL but the item. */
typedef struct {
    const BatchItem *item;
    BatchStep step;
    const Outgoing *message;
    const Submission *submission;
    const GError *error;
} BatchEvent;

typedef struct {
    const SessionPlan *session;
    Stage upto;
    SubmitWishes wishes;
    SubmitRecode recode;
    OutgoingPlan outgoing; /* what items do not say themselves */
    Journal *journal;      /* or NULL: nobody else uses it while the batch runs */
    /* Writes down what was decided instead of the journal, with the plan's user; on the thread's
     * own stack. May be NULL. When it fails nothing more is sent. */
    bool (*write)(void *user, const BatchItem *item, const Submission *s, GError **error);
    unsigned connections; /* at least 1 */
    unsigned retries;     /* tries behind the first, of a message and of a connection */
    double retry_after;   /* seconds before the first of them; doubled each time */
    void (*told)(void *user, const BatchEvent *event);
    /* A connection could not be made and is tried again in so many seconds. May be NULL. */
    void (*waiting)(void *user, const GError *error, double seconds);
    void *user;
} BatchPlan;

typedef struct {
    size_t accepted, partly, refused, left, skipped; /* messages */
} BatchCount;

/* Works through the items (of BatchItem). False when it had to stop before the end: the login was
 * refused, the server stayed away, it was interrupted, the journal could not be written; what is
 * left is counted as such. Suspends. */
bool batch_run(const BatchPlan *plan, const GPtrArray *items, BatchCount *ret, GError **error);
