/* script.h: a stream that plays a written conversation: for replay tests, fuzzing, and `talk --replay` material.
 *
 * The text has one direction mark a line, as transcripts do:
 *
 *     <- +OK ready                the peer says this line (CRLF is added)
 *     -> QUIT                     we are expected to send exactly this line
 *     -> *****                    we are expected to send one line, any (a masked secret)
 *     -> PASS *****               a line that begins so; ***** stands for any rest
 *     <~ ... and ~> ...           the same: "inside TLS" makes no difference to a script
 *     <= 0d0a00ff                 the peer says these bytes (hex)
 *     => 0d0a00ff                 we are expected to send exactly these bytes (hex)
 *     <eof                        the peer closes
 *     <stall                      the peer says nothing more, and does not close
 *     === ... *** ... # ...       ignored, as are empty lines
 *
 * One blank stands behind a mark; what follows it is taken as it is, blanks at either end and backslashes too ("<-" alone is
 * an empty line). report/transcript.h writes this form: a line that is not printable UTF-8 ended by CRLF it writes in hex.
 *
 * What the peer says next becomes readable only once everything expected before it has been sent. */
#pragma once

#include "io/stream.h"

typedef struct {
    bool dribble; /* reads give one byte at a time, writes take one */
    bool loose;   /* what we send is not compared */
} ScriptOptions;

/* Parses text; fails with DATA, naming the line. The stream owns its copy. */
Stream *script_stream(Bytes text, ScriptOptions options, GError **error);
/* True when all was said and all that was expected has been sent. Otherwise false and *error says what differs. */
bool script_finished(const Stream *s, GError **error);
