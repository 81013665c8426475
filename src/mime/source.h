/* source.h: the messages of an input, one after another: a file, standard input, an mbox, a
 * Maildir.
 *
 * Nothing is held in memory but a buffer: what has to be rewritten (a transcript) goes to a
 * nameless file. */
#pragma once

#include "base/error.h"
#include "mime/pasted.h"

typedef struct {
    const char *name; /* the file it lies in; "-" for standard input */
    int fd;
    uint64_t start, end; /* in fd */
    uint64_t content;    /* where what came begins: behind a header that was made up */
    unsigned number;     /* 1 is the input's first */
    const char *words;   /* how it was read when it was no message as it is, or NULL */
} MimeItem;

/* How to read a file: NULL or "auto" judges; "message" and "mbox" are as they say, "body" and
 * "base64" lack a header, "transcript" is a conversation. */
typedef struct MimeSource MimeSource;
MimeSource *mime_source_open(const char *path, const char *format, GError **error);
void mime_source_free(MimeSource *source);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MimeSource, mime_source_free)

/* The next message; *item is valid until the next call. False without an error at the end. */
bool mime_source_next(MimeSource *source, MimeItem *item, GError **error);
/* Is it known that there is no more than one? */
bool mime_source_is_single(const MimeSource *source);
/* A file without a name that goes away when it is closed; -1 with errno. The caller closes it. */
int mime_nameless_file(void);
/* Copies what can be read from fd into such a file. */
int mime_spool(int fd, GError **error);
