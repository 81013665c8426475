/* compose.h: a message made of its parts (RFC 5322, 2045-2049, 2231, 2392, 3676), through GMime.
 * What goes in is the user's own, so it is done in this process. Nothing suspends; files are read.
 */
#pragma once

#include "base/bytes.h"
#include "base/error.h"

typedef struct {
    Bytes content;
    const char *name; /* file name, UTF-8; NULL: none */
    const char *type; /* "image/png"; NULL: guessed from name and content */
    const char *cid;  /* inline: Content-ID without brackets; NULL: attached */
} ComposePart;

typedef struct {
    const char *from;                  /* lists of addresses with names, UTF-8 */
    const char *const *to, *const *cc; /* NULL-terminated; may be NULL */
    const char *subject;               /* UTF-8; NULL: none */
    const char *text, *html;           /* UTF-8; NULL: none */
    const ComposePart *parts;
    size_t n_parts;
    const char *const *headers;    /* "Name: value", NULL-terminated; may be NULL */
    const char *date, *message_id; /* as they stand in the header; given unless a header has them */
} ComposePlan;

/* The message with CRLF line ends, at most 78 characters a line where that can be, 998 always. Text
 * is format=flowed, as 8-bit UTF-8 where it can be, else quoted-printable. CR, LF or NUL in
 * anything that becomes a header fails with DATA, as do text that is not UTF-8 and an address that
 * is none. The caller owns the array. CONFIG when GMime is missing. */
GByteArray *compose(const ComposePlan *plan, GError **error);

/* The same message with every part that has 8-bit octets or lines above 998 encoded (base64 or
 * quoted-printable). A signature over such a part is broken by it: refused with DATA. The caller
 * owns the array. */
GByteArray *compose_seven_bit(Bytes text, GError **error);

/* "report.pdf" -> "application/pdf"; what is not known is text/plain when it looks so, else
 * application/octet-stream. Static. Pure. */
const char *compose_guess_type(const char *name, Bytes content);
