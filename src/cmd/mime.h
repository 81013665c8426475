/* mime.h: what the files of `postern mime` share.
 *
 *   mime.c         options, and the process that watches: it starts a worker, and says so when a
 * limit ended it mime_worker.c  the worker: goes over the messages mime_show.c    what is done with
 * one message */
#pragma once

#include "cmd/command.h"
#include "mime/limits.h"
#include "mime/save.h"
#include "mime/source.h"

typedef struct {
    bool json, tree, text, headers, check, raw, overwrite;
    char *part, *save, *format;
    int message, cpu_limit, memory_limit; /* 0: not given */
} MimeOptions;
extern const Option mime_options[];

MimeLimits mime_limits(const MimeOptions *o);

/* What goes to standard output: gathered, and written between messages, so that a worker that is
 * ended in a message has written all of those before it and nothing of it. */
typedef struct {
    GString *pending;
    bool may_flush; /* this message is not tried again: it may be written in pieces */
    bool to_terminal;
    bool failed; /* standard output is gone */
} MimeOutput;
/* Writes what is pending. IO. */
bool mime_flush(MimeOutput *out, GError **error);

typedef struct {
    const MimeOptions *options;
    MimeOutput *out;
    SaveDir *save; /* or NULL */
    bool single;   /* the input holds no more than this message */
    bool broken;   /* set by --check when something is */
} MimeShow;
/* Does with the message what the options say. */
bool mime_show(MimeShow *show, const MimeItem *item, GError **error);

/* A line of the worker's standard error that begins so tells how many messages are done with. */
#define MIME_PROGRESS '\001'
