/* transcript.h: what was said, written down: text with swaks' arrows, or JSON lines; and read back.
 *
 *   -> QUIT        we said, in the clear          ~> the same inside TLS
 *   <- +OK         the peer said, in the clear    <~ the same inside TLS
 *   === ...        Postern says                   *** Postern warns
 *
 * A text transcript is also a script for io/script.h. A file is made 0600. Secrets are "*****" already when they get here. */
#pragma once

#include <stdio.h>

#include "proto/wire.h"

typedef struct Transcript Transcript;

/* JSON lines when path ends in ".jsonl". "-" is standard error. CANT_CREATE. */
Transcript *transcript_open(const char *path, GError **error);
/* A WireObserver; user is the Transcript. */
void transcript_observe(void *transcript, const WireEvent *event);
/* Flushes and closes; false when something could not be written. NULL is fine. */
bool transcript_close(Transcript *t, GError **error);

/* "->", "<~" ...; static. */
const char *transcript_arrow(const WireEvent *event);
/* One event as a line of text, escaped, with arrow, without line end. The caller frees it. */
char *transcript_text_line(const WireEvent *event);
/* As one line of JSON: {"time","dir","encrypted","bytes","masked","text"|"base64"}. The caller frees it. */
char *transcript_json_line(const WireEvent *event);

/* Reads a transcript of either form: an array of TranscriptLine, unref by the caller. DATA, naming the line. */
typedef struct {
    WireEvent event; /* text and raw point into `bytes` */
    GByteArray *bytes;
} TranscriptLine;
GPtrArray *transcript_read(Bytes text, GError **error);
