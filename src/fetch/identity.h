/* identity.h: which message is which, from one run to the next. Never by \Seen: by UIDVALIDITY and
 * UID, or by UIDL. Pure. */
#pragma once

#include "fetch/source.h"
#include "store/maildir.h"

/* The ids of the messages of a POP3 listing, in its order: the UIDL; where several have the same
 * one, "UIDL/SIZE#N", N counting those of that UIDL and size: none of them is taken for another,
 * and when one goes away, the others are not taken for new. The strings live in `texts`. The caller
 * frees the array (not the strings). */
const char **identity_pop3(const SourceListing *listing, GStringChunk *texts);

/* The id a message had while it was the only one with its UIDL, when this is "UIDL/SIZE#1"; else
 * NULL. The caller frees it. */
char *identity_alone(const char *id, uint64_t *ret_size);

/* 32 hex digits of who a message is. `id` NULL: IMAP, the UID counts. `again` makes it another
 * message: for --all. */
void identity_marker(const char *account, const char *folder, uint32_t validity, uint32_t uid,
                     const char *id, int64_t again, char ret[MAILDIR_MARKER_LENGTH + 1]);
