/* transcript_read.h: what the readers of both forms of a transcript share. */
#pragma once

#include "report/transcript.h"

/* Appends an event to `out`. Takes `octets`: text_len of them are the text, all of them are raw. */
void transcript_add_event(GPtrArray *out, WireEvent event, GByteArray *octets, size_t text_len);
/* Appends a line of its own copy; only a received one keeps the line end. */
void transcript_add_line(GPtrArray *out, WireEvent event, Bytes text, Bytes line_end);
void transcript_append(GByteArray *octets, Bytes b);
/* How many octets at the end are a line end: CRLF, LF or none. */
size_t transcript_line_end(Bytes octets);
/* "2026-11-21T08:15:00.123456Z" -> microseconds since the epoch; 0 when it is none. */
gint64 transcript_parse_time(const char *text);

/* Each appends to `out`. DATA, naming the line. */
bool transcript_read_text(GPtrArray *out, Bytes text, GError **error);
bool transcript_read_json(GPtrArray *out, Bytes text, GError **error);
