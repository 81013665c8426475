/* mime_text.h: mail as people read it, for SEARCH: encoded words, transfer encodings and charsets
 * undone, case folded. Pure. What cannot be decoded stays as it is. */
#pragma once

#include "server/mime_walk.h"

/* A header's value in UTF-8, unfolded, encoded words decoded (RFC 2047). The caller frees it. */
char *mime_header_text(Bytes value);
/* Is `folded` (UTF-8, g_utf8_casefold) in the text, whatever its case? */
bool mime_text_has(const char *text, const char *folded);
/* Is it in the text of a part, decoded as its header says? Parts that are not text have none. */
bool mime_part_has(const MimeParts *tree, const MimePart *part, const char *folded);
/* The same in any field of a part's header. */
bool mime_header_has(Bytes header, const char *folded);
/* "Sat, 14 Nov 2026 09:30:00 +0000" as 20261114, the zone left aside; 0: none. */
uint32_t mime_date(Bytes value);
