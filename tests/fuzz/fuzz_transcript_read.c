/* Any text gives events or an error; and what was read, written again in either form, reads back
 * the same. */
#include "report/transcript.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const WireEvent *event_at(GPtrArray *lines, guint i)
{
    const TranscriptLine *line = g_ptr_array_index(lines, i);
    return &line->event;
}

static void assert_same(const WireEvent *a, const WireEvent *b)
{
    g_assert_cmpint(a->kind, ==, b->kind);
    g_assert_cmpint(a->masked, ==, b->masked);
    if (!a->masked) {
        g_assert_true(bytes_equal(a->text, b->text));
        g_assert_true(bytes_equal(a->raw, b->raw));
    }
}

/* The text form keeps conversation, not notes: those may be of several lines, and are escaped. */
static bool is_said(const WireEvent *event)
{
    return event->kind <= WIRE_PAYLOAD_RECEIVED && !event->masked;
}

static void write_again(GPtrArray *lines, char *(*write)(const WireEvent *), const char *end,
                        bool only_said)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(GPtrArray) wanted = g_ptr_array_new();
    for (guint i = 0; i < lines->len; i++) {
        const WireEvent *event = event_at(lines, i);
        if (!only_said || is_said(event)) {
            g_autofree char *written = write(event);
            g_string_append_printf(text, "%s%s", written, end);
            g_ptr_array_add(wanted, (gpointer)event);
        }
    }
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) again = transcript_read(bytes_of_string(text), &error);
    g_assert_no_error(error);
    g_assert_cmpuint(again->len, ==, wanted->len);
    for (guint i = 0; i < wanted->len; i++) {
        assert_same(event_at(again, i), g_ptr_array_index(wanted, i));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) lines = transcript_read((Bytes){(const char *)data, size}, &error);
    g_assert_true((lines == NULL) == (error != NULL));
    if (lines != NULL) {
        for (guint i = 0; i < lines->len; i++) {
            g_autofree char *shown = transcript_text_line(event_at(lines, i));
            g_assert_true(g_utf8_validate(shown, -1, NULL));
        }
        write_again(lines, transcript_file_text, "", true);
        write_again(lines, transcript_json_line, "\n", false);
    }
    return 0;
}
