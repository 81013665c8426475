/* txt_tags.h: the "v=X; key=value; ..." of TXT records (DMARC, MTA-STS, TLS-RPT), and lists of such
 * records, one a line. Pure; everything is borrowed from the text that is read. */
#pragma once

#include "base/bytes.h"

typedef struct {
    Bytes name, value; /* trimmed */
} TxtTag;

/* Takes the next line off the front of *rest, without its line end; false at the end. */
bool txt_next_line(Bytes *rest, Bytes *line);
/* Takes the next tag off the front of *rest; empty ones are skipped. A tag without "=" has an empty
 * value. False at the end. */
bool txt_next_tag(Bytes *rest, TxtTag *tag);
/* Counts the lines that begin with `version` ("v=STSv1") as a whole tag; *ret_record is the first.
 */
unsigned txt_records(Bytes text, const char *version, Bytes *ret_record);
