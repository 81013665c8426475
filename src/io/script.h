/* script.h: a stream that plays a written conversation: for tests that replay one, and fuzzing.
 *
 * The text has one direction mark a line, as transcripts do:
 *
 *     <- +OK ready                the peer says this line (CRLF is added)
 *     -> QUIT                     we are expected to send exactly this line
 *     -> PASS *****               ***** stands for any text without a line end (a masked secret)
 *     <~ ... and ~> ...           the same: "inside TLS" makes no difference to a script
 *     <= 0d0a00ff                 the peer says these bytes (hex)
 *     => 0d0a00ff                 we are expected to send exactly these bytes
 *     <eof                        the peer closes; the end of the script does the same
 *     <stall                      the peer says nothing more, and does not close
 *     === ... *** ... # ...       ignored, as are empty lines; blanks before a mark are ignored too
 *
 * What the peer says next becomes readable only once everything expected before it has been sent;
 * until then a read waits for its deadline. A line that differs from what is expected fails the
 * write with DATA; the message shows what was sent up to the first difference only, for the rest
 * may be a secret. */
#pragma once

#include "io/stream.h"

typedef struct {
    bool dribble; /* reads give one byte at a time, writes take one */
    bool loose;   /* what we send is not compared */
} ScriptOptions;

/* Parses text; fails with DATA, naming the line. The stream owns its copy. */
Stream *script_stream(Bytes text, ScriptOptions options, GError **error);
/* True when all was said and all that was expected has been sent. Otherwise false and *error says
 * what differs. */
bool script_finished(const Stream *s, GError **error);
