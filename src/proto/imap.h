/* imap.h: IMAP on the ladder (RFC 3501, 9051, 2595, 4959), and the commands that later verbs build
 * on. */
#pragma once

#include "proto/imap_parse.h"
#include "proto/session.h"

/* The next tag, "P1", "P2" ...; talk's own are different, so that the two are told apart. Counts
 * s->tag up. */
typedef struct {
    char text[16];
} ImapTag;
ImapTag imap_next_tag(Session *s);

/* Reads one response, at most 1 MB; PROTOCOL when it is none. Borrows from `whole`. Suspends. */
bool imap_read(Session *s, GByteArray *whole, ImapResponse *ret, GError **error);
/* Reads up to the tagged response, or to a continuation request when `stop_at_continue`.
 * Capabilities on the way are taken; a BYE outside LOGOUT fails. Suspends. */
bool imap_complete(Session *s, ImapTag tag, bool stop_at_continue, GByteArray *whole,
                   ImapResponse *ret, GError **error);
