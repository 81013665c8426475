/* scribe.h: what servers decide goes into the journal on a thread of its own, while the next
 * message is under way. What several connections have decided by the time the disk is ready goes
 * there in one commit. */
#pragma once

#include "send/journal.h"

typedef struct Scribe Scribe;

/* The scribe's from scribe_take() until scribe_done() gives it back. */
typedef struct {
    JournalEntry what; /* borrowed */
    void *user;
    GError *error; /* set by the scribe when it could not be written; the taker's */
} ScribeEntry;

/* Nobody else uses the journal until scribe_finish(). IO. */
Scribe *scribe_new(Journal *journal, GError **error);
/* Does not wait. */
void scribe_take(Scribe *s, ScribeEntry *entry);
/* The next one that is on disk, or could not be put there; NULL: none now. */
ScribeEntry *scribe_done(Scribe *s);
/* Readable when scribe_done() may have something, and after scribe_wake(). */
int scribe_fd(const Scribe *s);
void scribe_wake(Scribe *s);
/* Returns when all that was taken has been written; it is still to be had from scribe_done().
 * Suspends. */
void scribe_finish(Scribe *s);
/* After scribe_finish(). NULL is fine. */
void scribe_free(Scribe *s);
