/* mime_json.h: a message as one JSON object on one line (docs/man/postern-mime.1.scd). */
#pragma once

#include "mime/tree.h"

typedef struct {
    const char *file;   /* where it lies */
    const char *sha256; /* of the message's octets */
    uint64_t bytes;
    const char *words; /* how it was read when it was no message as it is, or NULL */
} MimeJsonFacts;

/* With a line end. The caller frees it. */
char *mime_json(const MimeTree *tree, const MimeJsonFacts *facts);
