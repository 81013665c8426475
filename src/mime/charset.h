/* charset.h: text in any character set, piece by piece, as UTF-8. */
#pragma once

#include "base/bytes.h"

typedef struct Charset Charset;

/* Does iconv know a set of that name (or one that mail calls so)? */
bool charset_known(const char *name);
/* From the named set; NULL, us-ascii and unknown names: UTF-8 where it is that, windows-1252 octet
 * by octet where it is not. */
Charset *charset_new(const char *name);
void charset_free(Charset *charset);
/* Appends the piece to out as valid UTF-8. What cannot be converted comes as U+FFFD. A character
 * may go on in the next piece. */
void charset_feed(Charset *charset, Bytes piece, GString *out);
/* No more comes. */
void charset_end(Charset *charset, GString *out);
