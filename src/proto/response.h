/* response.h: one whole response of IMAP or ManageSieve from the wire, literals and all. */
#pragma once

#include "proto/wire.h"

/* Reads a line, and as long as it ends in a literal's length the literal and the line behind it.
 * The whole, at most max octets (LIMIT), replaces what is in `whole`; the last line's end is cut
 * off. Suspends. */
bool response_read(Wire *w, size_t max, GByteArray *whole, GError **error);
