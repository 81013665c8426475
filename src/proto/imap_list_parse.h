/* imap_list_parse.h: LIST responses (RFC 3501 7.2.2, RFC 5258, special uses of RFC 6154) and
 * STATUS. Pure. */
#pragma once

#include "base/bytes.h"

typedef struct {
    bool no_select; /* \Noselect or \NonExistent */
    bool all, flagged, important,
        trash;      /* special uses; the first three show what lies elsewhere */
    char delimiter; /* 0: NIL, a flat name */
    char *name;     /* as it came, quotes undone; owned */
} ImapFolder;

/* What stands behind "* LIST". False when it is none; *ret needs clearing only on success. */
bool imap_parse_list(Bytes rest, ImapFolder *ret);

/* What stands behind "* STATUS" (RFC 3501 7.2.4), as LIST brings it along (RFC 5819). */
typedef struct {
    char *name;                  /* as it came, quotes undone; owned by the caller */
    uint32_t validity, uid_next; /* 0: not told */
} ImapStatusLine;

/* False when it is none; *ret needs its name freed only on success. */
bool imap_parse_status(Bytes rest, ImapStatusLine *ret);
void imap_folder_clear(ImapFolder *folder);
