/* mime_walk.h: where the parts of a message begin and end in its raw text (RFC 2045, 2046). Pure;
 * one pass over the text, no recursion, nothing copied. */
#pragma once

#include "server/mime_header.h"

enum { MIME_DEPTH_MAX = 30, MIME_PARTS_MAX = 10000 };
#define MIME_NO_PART UINT32_MAX

typedef enum { MIME_LEAF, MIME_MULTIPART, MIME_MESSAGE } MimeKind;

typedef struct {
    MimeKind kind;
    size_t header, body, end;           /* the blank line belongs to the header */
    uint32_t parent, first, last, next; /* places in the tree, or MIME_NO_PART */
    unsigned depth;
    bool digest;    /* multipart/digest: what is in it is messages by default */
    char *boundary; /* MULTIPART */
} MimePart;

/* The first is the message; a MESSAGE has one child, the message within. Deeper than
 * MIME_DEPTH_MAX, or past MIME_PARTS_MAX, all are leaves. */
typedef struct {
    Bytes text;
    GArray *parts; /* of MimePart, in the order of the text */
} MimeParts;

/* The text is borrowed. */
MimeParts *mime_walk(Bytes text);
void mime_parts_free(MimeParts *tree);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MimeParts, mime_parts_free)

const MimePart *mime_part(const MimeParts *tree, uint32_t place);
Bytes mime_part_header(const MimeParts *tree, const MimePart *part);
Bytes mime_part_body(const MimeParts *tree, const MimePart *part);
/* Only the header of a message, with its blank line: where no parts are wanted. */
Bytes mime_header_of(Bytes text);
/* Part "1.2.3" as IMAP counts (RFC 3501 6.4.5); MIME_NO_PART: there is none. A path of nothing is
 * the message. */
uint32_t mime_find(const MimeParts *tree, const uint32_t *path, unsigned depth);
/* Of what type it is, defaults included; the caller clears it. */
void mime_part_type(const MimeParts *tree, const MimePart *part, MimeContent *ret);
