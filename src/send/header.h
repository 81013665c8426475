/* header.h: the fields of a message's header, looked at without taking the message apart (RFC 5322
 * 2.2). Line ends are CRLF. Pure; everything is borrowed from the message. */
#pragma once

#include "base/bytes.h"

typedef struct {
    Bytes name;  /* without blanks before the colon */
    Bytes value; /* what follows the colon, folding and all, without the last CRLF */
    Bytes whole; /* all its lines with their ends */
} HeaderField;

/* Takes the next field off *rest. False at the empty line, at the end, and at a line that is no
 * field: *rest stands there. */
bool header_next(Bytes *rest, HeaderField *ret);
/* The fields without the empty line; what follows it is *body (may be NULL). When the first line is
 * no field, the header is empty and all is body. */
Bytes header_split(Bytes message, Bytes *body);
/* The first field of that name; false when there is none. */
bool header_find(Bytes header, const char *name, HeaderField *ret);
bool header_has(Bytes header, const char *name);
