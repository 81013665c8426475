/* imap_set.h: sets of UIDs (RFC 3501 9 "sequence-set"): what commands name, and what ESEARCH,
 * VANISHED and COPYUID answer. */
#pragma once

#include "base/bytes.h"

typedef struct {
    uint32_t first, last; /* first is not above last */
} ImapRange;

typedef struct {
    GArray *ranges; /* of ImapRange, in the order added until imap_set_tidy() */
} ImapSet;

ImapSet *imap_set_new(void);
void imap_set_free(ImapSet *set);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ImapSet, imap_set_free)

/* One more; what follows on the last one makes its range longer. */
void imap_set_add(ImapSet *set, uint32_t uid);
/* Adds "1:3,7,12:10"; "*" is no part of an answer. False when it is no set, or there would be more
 * than max ranges; then some may have been added. */
bool imap_set_parse(ImapSet *set, Bytes text, size_t max);
/* Ranges in ascending order that neither touch nor overlap. */
void imap_set_tidy(ImapSet *set);
/* Only after imap_set_tidy(). */
bool imap_set_has(const ImapSet *set, uint32_t uid);
/* How many numbers; after imap_set_tidy() each counts once. */
uint64_t imap_set_count(const ImapSet *set);
/* The next ranges from *at on as text of at most max_len octets (at least one range), for commands
 * whose length servers limit; NULL at the end. *at starts at 0. The caller frees it. */
char *imap_set_text(const ImapSet *set, size_t *at, size_t max_len);
