/* known.h: what the state knows of a folder's messages, to be found by who they are. */
#pragma once

#include "fetch/source.h"
#include "store/state.h"

typedef struct {
    GArray *rows;        /* of StateMessage */
    GStringChunk *texts; /* what their ids point into */
    GHashTable *by_id;   /* id -> StateMessage*: POP3 */
    GHashTable *by_uid;  /* UID -> StateMessage*: IMAP */
} Known;

/* Rows of UIDs above `above` (POP3: all). IO. */
Known *known_new(State *state, int64_t folder, uint32_t above, GError **error);
void known_free(Known *known);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Known, known_free)

/* The row of a message; `id` NULL: by its UID. NULL: there is none. */
StateMessage *known_find(const Known *known, const SourceMessage *message, const char *id);

/* After UIDVALIDITY has changed: which new message is which old one, told by size and date, each
 * old one once: SourceMessage* -> StateMessage*. The caller unrefs it. */
GHashTable *known_recognise(const Known *known, const SourceListing *listing);
