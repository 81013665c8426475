/* imap_fetch_parse.h: the data of FETCH responses (RFC 3501 7.4.2, 7162) as far as mail is
 * collected by it. Pure; a fuzz target. */
#pragma once

#include "proto/tokens.h"

typedef enum {
    IMAP_BODY_NONE,   /* there is no BODY[...] in it */
    IMAP_BODY_NIL,    /* NIL */
    IMAP_BODY_TEXT,   /* a quoted string or a literal: `body` */
    IMAP_BODY_BEHIND, /* its literal comes behind what was parsed */
} ImapBodyKind;

typedef struct {
    bool has_uid, has_size, has_flags;
    uint32_t uid;
    uint64_t size, modseq;
    int64_t received; /* INTERNALDATE, seconds since the epoch; 0: not there, or no date */
    bool seen, answered, flagged, draft, deleted;
    ImapBodyKind body_kind;
    Token body; /* TEXT: token_text() undoes the escapes of a quoted one */
} ImapFetch;

/* What stands behind "* 12 FETCH": the whole list, or its beginning as far as it has come ("(UID 5
 * BODY[] {4711}": BEHIND). False when it is no such list; what stood before the fault is in *ret.
 */
bool imap_parse_fetch(Bytes rest, ImapFetch *ret);

/* "17-Jul-1996 02:44:25 -0700", also with a leading blank. False when it is no date. */
bool imap_parse_date(Bytes text, int64_t *ret);

/* How a response's line ends. */
typedef enum {
    IMAP_LINE_ENDS,     /* the response ends with it */
    IMAP_LINE_LITERAL,  /* a literal of *ret_octets follows */
    IMAP_LINE_NONSENSE, /* a literal of a length that is none: nobody knows what follows */
} ImapLineEnd;

/* `line` is one of a response with data (not a status response: its text may end in anything). */
ImapLineEnd imap_line_end(Bytes line, uint64_t *ret_octets);
