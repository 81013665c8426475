/* compose_text.h: plain text made fit to travel. Pure. */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* Every line end (CRLF, CR, LF) as LF, and one at the end of a text that is not empty. The caller
 * frees it. */
char *compose_unix_lines(const char *text);

/* The text as format=flowed (RFC 3676): lines above 78 characters are broken at blanks, which stay
 * at the end of the line; lines that would be misread get a blank in front. *flowed is false when
 * some word is too long for that to give lines of at most 998 octets: then it is the text as it
 * was. The caller frees it. */
char *compose_flowed(const char *text, bool *flowed);
