/* mbox_append.h: batches into an mbox that others use too, locked as they lock it: fcntl() and
 * FILE.lock. Internal to deliver/.
 *
 * Beside FILE lie, hidden, .FILE.postern-ID.*:
 *   spool.PID.N   what is held and not appended; a left-over is worth nothing
 *   append.AT     a whole batch, durable, that was being appended to FILE at octet AT
 *   last          the markers of the batch that was appended last
 * A run that finds an append file completes its work: what is half there is completed, what is
 * there stays; where somebody has rewritten FILE meanwhile, its messages are fetched again. */
#pragma once

#include <sys/types.h>

#include "base/error.h"

typedef struct {
    gatomicrefcount refs;
    char *path;
    char *directory;
    char *prefix; /* ".FILE.postern-ID." */
} MboxPlace;

typedef struct {
    MboxPlace *place;
    char *name; /* its path */
    int fd;
    GString *markers; /* of its whole messages, one a line */
} MboxSpool;

MboxPlace *mbox_place_new(const char *path, const char *account);
void mbox_place_unref(MboxPlace *place);

/* CANT_CREATE. */
MboxSpool *mbox_spool_new(MboxPlace *place, GError **error);
/* Removes what was not appended. */
void mbox_spool_free(MboxSpool *spool);

/* Makes the spool durable and appends it. Blocks. TEMPFAIL when somebody keeps the file locked. */
bool mbox_append(MboxSpool *spool, GError **error);
/* Brings a former run's work to its end. Blocks. */
bool mbox_recover(MboxPlace *place, GError **error);
void mbox_markers(const MboxPlace *place, GHashTable *set);
unsigned mbox_sweep(const MboxPlace *place);
