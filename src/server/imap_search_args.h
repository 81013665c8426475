/* imap_search_args.h: what SEARCH asks for (RFC 3501 6.4.4, RFC 4731), as a tree. Pure. */
#pragma once

#include "server/imap_command.h"

enum { IMAP_SEARCH_DEPTH = 32, IMAP_SEARCH_KEYS = 1000 };

typedef enum {
    IMAP_SEARCH_AND, /* ALL is one without children */
    IMAP_SEARCH_OR,
    IMAP_SEARCH_NOT,
    IMAP_SEARCH_NUMBERS,
    IMAP_SEARCH_UIDS,
    IMAP_SEARCH_SEEN,
    IMAP_SEARCH_ANSWERED,
    IMAP_SEARCH_FLAGGED,
    IMAP_SEARCH_DELETED,
    IMAP_SEARCH_DRAFT,
    IMAP_SEARCH_RECENT,
    IMAP_SEARCH_NEW,
    IMAP_SEARCH_KEYWORD,
    IMAP_SEARCH_BEFORE,
    IMAP_SEARCH_ON,
    IMAP_SEARCH_SINCE,
    IMAP_SEARCH_SENTBEFORE,
    IMAP_SEARCH_SENTON,
    IMAP_SEARCH_SENTSINCE,
    IMAP_SEARCH_LARGER,
    IMAP_SEARCH_SMALLER,
    IMAP_SEARCH_HEADER,
    IMAP_SEARCH_BODY,
    IMAP_SEARCH_TEXT,
} ImapSearchKind;

typedef struct {
    ImapSearchKind kind;
    GPtrArray *children; /* of ImapSearchKey */
    ImapSet *set;
    char *field;     /* HEADER */
    char *text;      /* UTF-8, case folded; of KEYWORD as it came */
    uint32_t date;   /* 20261121 */
    uint64_t octets; /* LARGER, SMALLER */
} ImapSearchKey;

typedef struct {
    ImapSearchKey *key;
    bool bad_charset;          /* the charset is none of ours: all else is unset */
    bool extended;             /* RETURN was said */
    bool min, max, all, count; /* of RETURN; () is ALL */
} ImapSearch;

/* What is behind SEARCH. exists and last_uid are what "*" means. False when it is not to be
 * understood. */
bool imap_parse_search(Bytes args, uint32_t exists, uint32_t last_uid, ImapSearch *ret);
void imap_search_clear(ImapSearch *search);
