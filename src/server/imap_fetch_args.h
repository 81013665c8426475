/* imap_fetch_args.h: what FETCH asks for (RFC 3501 6.4.5), taken apart. Pure. */
#pragma once

#include "server/imap_command.h"

enum { IMAP_SECTION_DEPTH = 32, IMAP_ITEMS_MAX = 100, IMAP_FIELDS_MAX = 200 };

typedef enum {
    IMAP_SECTION_ALL,
    IMAP_SECTION_HEADER,
    IMAP_SECTION_FIELDS,
    IMAP_SECTION_FIELDS_NOT,
    IMAP_SECTION_TEXT,
    IMAP_SECTION_MIME,
} ImapSectionKind;

/* "1.2.HEADER.FIELDS (FROM TO)" */
typedef struct {
    ImapSectionKind kind;
    unsigned depth;
    uint32_t path[IMAP_SECTION_DEPTH];
    GPtrArray *fields; /* of char*, upper case; NULL: none */
} ImapSection;

typedef enum {
    IMAP_FETCH_UID,
    IMAP_FETCH_FLAGS,
    IMAP_FETCH_INTERNALDATE,
    IMAP_FETCH_SIZE,
    IMAP_FETCH_ENVELOPE,
    IMAP_FETCH_BODY,          /* the structure without extensions */
    IMAP_FETCH_BODYSTRUCTURE, /* with them */
    IMAP_FETCH_SECTION,
} ImapFetchKind;

typedef struct {
    ImapFetchKind kind;
    bool peek;         /* does not set \Seen */
    const char *label; /* "RFC822"; NULL: made from the section */
    ImapSection section;
    bool partial;
    uint32_t offset, count;
} ImapFetchItem;

/* One item, a macro, or a list: an array of ImapFetchItem, which takes what is behind the set to
 * the end. NULL when it is none. The caller unrefs it. */
GArray *imap_parse_fetch_items(Bytes in);
/* As the response names it: "BODY[1.TEXT]<0>". The caller frees it. */
char *imap_fetch_label(const ImapFetchItem *item);
