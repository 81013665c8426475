/* embedded.h: files that stand inside a text: uuencode ("begin 644 NAME") and yEnc ("=ybegin").
 *
 * A scan is fed the text in pieces of any size and gives what it finds as it goes, in constant
 * memory. Pure. */
#pragma once

#include "base/bytes.h"

typedef enum { EMBEDDED_UUENCODE, EMBEDDED_YENC } EmbeddedKind;

typedef struct {
    EmbeddedKind kind;
    unsigned number; /* 1 is the first of this text */
    char *name;      /* as it stands there; never NULL */
    uint64_t bytes;  /* decoded, so far */
    bool ended;      /* this is its last call */
    char *problem;   /* at the end: what is wrong with it ("its checksum differs"), or NULL */
} EmbeddedFile;

/* Called for each decoded piece of a file (borrowed), and once more with an empty one when it has
 * ended. */
typedef void (*EmbeddedFunc)(void *user, const EmbeddedFile *file, Bytes piece);

typedef struct EmbeddedScan EmbeddedScan;
EmbeddedScan *embedded_new(EmbeddedFunc func, void *user);
void embedded_free(EmbeddedScan *scan);
void embedded_feed(EmbeddedScan *scan, Bytes text);
/* The text ends here; a file that has not ended yet is given with a problem. */
void embedded_end(EmbeddedScan *scan);
/* "uuencode" or "yEnc". */
const char *embedded_word(EmbeddedKind kind);
