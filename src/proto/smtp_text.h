/* smtp_text.h: the text of a message as SMTP carries it (RFC 5321 2.3.8, 4.5.2). */
#pragma once

#include "proto/wire.h"

/* What a message's octets are, counted in one go. Pure. */
typedef struct {
    size_t longest_line;     /* octets, without the line end */
    bool eight_bit;          /* something above 127 is in it */
    bool ends_in_line;       /* the last line has an end, or the text is empty */
    size_t bare_cr, bare_lf; /* line ends that are none: what smuggling is made of */
    size_t nul;
} SmtpTextFacts;

SmtpTextFacts smtp_text_facts(Bytes text);
/* What is asked of every message. */
bool smtp_text_has_eight_bit(Bytes text);
/* Is there a line of more than 998 octets (RFC 5321 4.5.3.1.6)? Servers refuse or break it. The
 * text's lines end in CRLF. */
bool smtp_text_has_long_line(Bytes text);

/* True when all line ends are CRLF and no NUL is in it: what may go out. Otherwise DATA, with where
 * and what. Pure. */
bool smtp_text_check(Bytes text, GError **error);

/* The same text with every line end (CRLF, LF, or CR by itself) made CRLF, and one at the end. NULs
 * stay. The caller frees it. Pure. */
GByteArray *smtp_text_normalise(Bytes text);

/* Sends a text that passed smtp_text_check() behind a 354: dots at the beginnings of lines doubled,
 * an end for the last line, and the dot that ends it; in large writes. Suspends. */
bool smtp_text_send(Wire *w, Bytes text, GError **error);
