/* tree.h: one message, parsed: its parts in order, its headers decoded, what is broken in it.
 *
 * A MimeTree owns everything it points to. It reads the contents from the file descriptor it was
 * given whenever they are asked for: that must stay open as long. Hostile input may take GMime any
 * time and memory: see limits.h. */
#pragma once

#include "base/error.h"
#include "mime/content.h"

typedef enum { MIME_LEAF, MIME_MULTIPART, MIME_MESSAGE } MimeKind;

/* A file that stands inside a text part; its section is "PART#NUMBER". */
typedef struct {
    unsigned number;
    const char *encoding; /* "uuencode", "yEnc" */
    char *name;
    uint64_t bytes;
    char *problem; /* or NULL */
} MimeFile;

typedef struct {
    MimeKind kind;
    unsigned depth; /* below the root, which is 0 */
    bool last;      /* of its siblings */
    char *path; /* section number of IMAP (RFC 3501 6.4.5); "" for a multipart that is a message's
                   whole body */
    char *type; /* "text/plain", lower-case */
    char *charset;     /* as it is named there, or NULL */
    char *cte;         /* lower-case; "7bit" when nothing is said */
    char *disposition; /* lower-case, or NULL */
    char *filename; /* decoded (RFC 2231, RFC 2047), as the sender wrote it: see names.h; or NULL */
    char *note;     /* what it is, in words, or NULL */
    uint64_t bytes; /* of a leaf: the transfer encoding undone */
    char sha256[65];     /* of the same, hex; "" unless asked for */
    GPtrArray *files;    /* of MimeFile, or NULL */
    GMimeObject *object; /* borrowed from the message; NULL where there is none */
} MimeNode;

typedef struct {
    char *name;  /* as it is spelled there */
    char *value; /* unfolded, decoded, UTF-8 */
} MimeHeader;

typedef struct {
    const Gmime *g;
    GMimeMessage *message;
    GPtrArray *nodes;   /* of MimeNode: parents before their children */
    GPtrArray *headers; /* of MimeHeader, those of the message, in their order */
    GPtrArray *defects; /* of char*: what is broken and how it was read; capped */
    unsigned defects_untold;
} MimeTree;

typedef struct {
    bool hash;  /* sha256 of each leaf */
    bool check; /* look into the contents for defects too */
} MimeWish;

/* Parses what lies in fd from start to end. IO when it cannot be read, CONFIG without GMime. */
MimeTree *mime_tree_parse(int fd, uint64_t start, uint64_t end, const MimeWish *wish,
                          GError **error);
void mime_tree_free(MimeTree *tree);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MimeTree, mime_tree_free)

/* The node of a section, or NULL. "" and "TEXT" are the root; "1" is a message's only part too. */
const MimeNode *mime_tree_find(const MimeTree *tree, const char *section);
/* The first header of that name (no case), or NULL. */
const char *mime_tree_header(const MimeTree *tree, const char *name);
/* Adds a defect, up to the cap. Takes the text. */
void mime_tree_add_defect(MimeTree *tree, char *text);
/* Is it a body to be read, rather than a file to be kept? A leaf of text without a name that is not
 * called an attachment. */
bool mime_node_is_body(const MimeNode *node);
