/* transcript_read.c: transcripts read back, whichever form they have: the inverse of
 * transcript_format.c. */
#include "report/transcript_read.h"

#include "base/error.h"

static void line_free(gpointer data)
{
    TranscriptLine *line = data;
    g_byte_array_unref(line->bytes);
    g_free(line);
}

void transcript_add_event(GPtrArray *out, WireEvent event, GByteArray *octets, size_t text_len)
{
    TranscriptLine *line = g_new0(TranscriptLine, 1);
    line->event = event;
    line->bytes = octets;
    Bytes all = bytes_of_array(octets);
    line->event.text = bytes_sub(all, 0, text_len);
    line->event.raw = event.kind == WIRE_RECEIVED ? all : line->event.text;
    g_ptr_array_add(out, line);
}

void transcript_append(GByteArray *octets, Bytes b)
{
    if (b.len > 0) {
        g_byte_array_append(octets, (const guint8 *)b.data, (guint)b.len);
    }
}

void transcript_add_line(GPtrArray *out, WireEvent event, Bytes text, Bytes line_end)
{
    GByteArray *octets = g_byte_array_new();
    transcript_append(octets, text);
    if (event.kind == WIRE_RECEIVED) {
        transcript_append(octets, line_end);
    }
    transcript_add_event(out, event, octets, text.len);
}

size_t transcript_line_end(Bytes octets)
{
    if (octets.len == 0 || octets.data[octets.len - 1] != '\n') {
        return 0;
    }
    return octets.len > 1 && octets.data[octets.len - 2] == '\r' ? 2 : 1;
}

gint64 transcript_parse_time(const char *text)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_iso8601(text, NULL);
    if (time == NULL) {
        return 0;
    }
    return g_date_time_to_unix(time) * G_USEC_PER_SEC + g_date_time_get_microsecond(time);
}

GPtrArray *transcript_read(Bytes text, GError **error)
{
    g_autoptr(GPtrArray) out = g_ptr_array_new_with_free_func(line_free);
    bool json = bytes_starts(bytes_trim(text), "{");
    bool good =
        json ? transcript_read_json(out, text, error) : transcript_read_text(out, text, error);
    if (!good) {
        error_prefix(error, "the transcript cannot be read");
        return NULL;
    }
    return g_steal_pointer(&out);
}
