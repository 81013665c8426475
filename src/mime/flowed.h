/* flowed.h: text/plain with format=flowed (RFC 3676): lines that a sender broke only to keep them
 * short are one line again. Piece by piece, in constant memory. Pure. */
#pragma once

#include "base/bytes.h"

typedef struct Flowed Flowed;

/* `delsp`: the blank at the end of a broken line was put there with the break (section 4.5). */
Flowed *flowed_new(bool delsp);
void flowed_free(Flowed *flowed);
/* UTF-8 with LF at the ends of lines, in pieces of any size; text is appended to out. Quoted
 * paragraphs keep their depth, written as ">> ". */
void flowed_feed(Flowed *flowed, Bytes piece, GString *out);
/* No more comes. */
void flowed_end(Flowed *flowed, GString *out);
