/* transcript.h: what was said, written down: text with swaks' arrows, or JSON lines; and read back.
 *
 *   -> QUIT        we said, in the clear          ~> the same inside TLS
 *   <- +OK         the peer said, in the clear    <~ the same inside TLS
 *   === ...        Postern says                   *** Postern warns
 *
 * Secrets are "*****" already when they get here. What a file holds is enough to get back every
 * octet that was not masked, and a text transcript is a script for io/script.h as it stands. So a
 * line is written as it is only when it is printable UTF-8 ended by CRLF; any other goes in hex,
 * below a comment that shows it escaped:
 *
 *   # <~ caf\xE9
 *   <= 636166e90d0a
 *
 * Pieces of a body or literal stand below "# ~>{120}", which says that the next 120 octets belong
 * together. "# connected",
 * "# tls" and "# closed", each with the time, stand above the === line of that milestone. */
#pragma once

#include <stdio.h>

#include "proto/wire.h"

typedef struct Transcript Transcript;

/* JSON lines when path ends in ".jsonl". "-" is standard error. A file is made 0600 and emptied; a
 * symbolic link to a file, and a file of somebody else, are refused. CANT_CREATE. */
Transcript *transcript_open(const char *path, GError **error);
/* A WireObserver; user is the Transcript. What it writes is with the kernel when it returns: a
 * crash loses no line. */
void transcript_observe(void *transcript, const WireEvent *event);
/* Closes and frees; false when something could not be written (IO). NULL is fine. */
bool transcript_close(Transcript *t, GError **error);

/* "->", "<~" ...; static. */
const char *transcript_arrow(const WireEvent *event);
/* One event for people: escaped, with arrow, without line end at the end; a note or a body of
 * several lines gives several, each with its arrow. The caller frees it. */
char *transcript_text_line(const WireEvent *event);
/* One event as a text file has it: without loss, every line ended by LF. The caller frees it. */
char *transcript_file_text(const WireEvent *event);
/* As one line of JSON, without line end. The caller frees it.
 * {"time": "2026-11-21T08:15:00.123456Z", "dir":
 * "out"|"in"|"note"|"warning"|"connected"|"tls"|"closed", "payload": true (a piece of a body or
 * literal; else left out), "encrypted": bool, "masked": bool, "bytes": octets with the line end
 * (only of "out" and "in"; null when masked: the length of a secret is one too), "text": "..." or,
 * when it is not UTF-8, "base64": "...", "line_end": "..." (only when it is not CRLF), "tls": the
 * object of tls_summary_json() (only of "tls")} */
char *transcript_json_line(const WireEvent *event);

/* Reads a transcript of either form: an array of TranscriptLine, unref by the caller. DATA, naming
 * the line. An unfinished last line of JSON (a crash) is left out. A TLS_STARTED event has no peer.
 * The text form keeps times of milestones only (the events between have the time of the one
 * before), and gives the second and later lines of a note as notes of their own. */
typedef struct {
    WireEvent event; /* text and raw point into `bytes` */
    GByteArray *bytes;
} TranscriptLine;
GPtrArray *transcript_read(Bytes text, GError **error);
