/* pop3_body.h: the body of a POP3 answer in large pieces (RFC 1939 3): dots undone, and the end
 * seen wherever the pieces are cut. Only CRLF "." CRLF ends a body: a lone dot between bare LFs is
 * the message's own. Pure; a fuzz target. */
#pragma once

#include "base/bytes.h"

typedef struct {
    int state;
} Pop3Body;

/* Begins behind a status line, that is at a line's beginning. */
void pop3_body_begin(Pop3Body *body);
/* Takes the next run of text off the front of *in, borrowed from it (or from a constant). False
 * when no more text can be had from it: either the body's end was in it, then what is left in *in
 * comes behind the body, or *in is used up. */
bool pop3_body_text(Pop3Body *body, Bytes *in, Bytes *text);
bool pop3_body_ended(const Pop3Body *body);
