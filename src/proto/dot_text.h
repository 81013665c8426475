/* dot_text.h: text that a line of one dot ends, as POP3 answers and SMTP's DATA carry it (RFC 1939
 * 3, RFC 5321 4.5.2), in large pieces. Only CRLF begins a line, and only CRLF "." CRLF ends the
 * text: a lone dot between bare LFs is the message's own. Pure; a fuzz target. */
#pragma once

#include "base/bytes.h"

typedef struct {
    int state;
} DotReader;

/* Reading undoes the dots and sees the end wherever the pieces are cut. It begins behind a reply
 * line, that is at a line's beginning. */
void dot_reader_begin(DotReader *reader);
/* Takes the next run of text off the front of *in, borrowed from it (or from a constant). False
 * when no more text can be had from it: either the body's end was in it, then what is left in *in
 * comes behind the body, or *in is used up. */
bool dot_reader_text(DotReader *reader, Bytes *in, Bytes *text);
bool dot_reader_ended(const DotReader *reader);

/* Writing: the next run of `text` from *at on, which then stands behind it; *dot says whether a dot
 * goes before it. False at the end of the text. */
bool dot_text_next(Bytes text, size_t *at, bool *dot, Bytes *run);
/* What ends the text on the wire: the line of one dot, and before it the CRLF that the text itself
 * lacks. A constant. */
Bytes dot_text_end(Bytes text);
