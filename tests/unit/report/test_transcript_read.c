#include <string.h>

#include "io/script.h"
#include "report/transcript.h"

#define B BYTES_LITERAL

/* A conversation with everything that is awkward in it. */
static const struct {
    WireEventKind kind;
    bool encrypted, masked;
    Bytes text, raw;
} said[] = {
    {WIRE_CONNECTED, false, false, BYTES_LITERAL("connected to ::1"),
     BYTES_LITERAL("connected to ::1")},
    {WIRE_RECEIVED, false, false, BYTES_LITERAL("+OK <1@x>"), BYTES_LITERAL("+OK <1@x>\r\n")},
    {WIRE_SENT, false, false, BYTES_LITERAL("STLS"), BYTES_LITERAL("STLS")},
    {WIRE_RECEIVED, false, false, BYTES_LITERAL(" +OK\t \\ "), BYTES_LITERAL(" +OK\t \\ \r\n")},
    {WIRE_TLS_STARTED, true, false, BYTES_LITERAL("TLS 1.3"), BYTES_LITERAL("TLS 1.3")},
    {WIRE_RECEIVED, true, false, BYTES_LITERAL("caf\xe9"), BYTES_LITERAL("caf\xe9\n")},
    {WIRE_SENT, true, true, BYTES_LITERAL("PASS *****"), BYTES_LITERAL("PASS *****")},
    {WIRE_RECEIVED, true, false, BYTES_LITERAL(""), BYTES_LITERAL("\r\n")},
    {WIRE_SENT, true, false, BYTES_LITERAL("***** *"), BYTES_LITERAL("***** *")},
    {WIRE_SENT, true, false, BYTES_LITERAL("\xc3\xbc\x80"), BYTES_LITERAL("\xc3\xbc\x80")},
    {WIRE_PAYLOAD_RECEIVED, true, false, BYTES_LITERAL("a\r\n\r\nb\0c\r\n# no\r\n-> no"),
     BYTES_LITERAL("a\r\n\r\nb\0c\r\n# no\r\n-> no")},
    {WIRE_PAYLOAD_SENT, true, false, BYTES_LITERAL("one line\r\n"), BYTES_LITERAL("one line\r\n")},
    {WIRE_PAYLOAD_SENT, true, false, BYTES_NONE, BYTES_NONE},
    {WIRE_PAYLOAD_SENT, true, false, BYTES_LITERAL("*****\r\n"), BYTES_LITERAL("*****\r\n")},
    {WIRE_NOTE, true, false, BYTES_LITERAL("well"), BYTES_LITERAL("well")},
    {WIRE_WARNING, true, false, BYTES_LITERAL("no"), BYTES_LITERAL("no")},
    {WIRE_RECEIVED, true, false, BYTES_LITERAL("no end"), BYTES_LITERAL("no end")},
    {WIRE_CLOSED, true, false, BYTES_LITERAL("closed"), BYTES_LITERAL("closed")},
};

static WireEvent event_of(size_t i)
{
    return (WireEvent){.kind = said[i].kind,
                       .encrypted = said[i].encrypted,
                       .masked = said[i].masked,
                       .text = said[i].text,
                       .raw = said[i].raw,
                       .at_us = (gint64)(1763712000 + i) * G_USEC_PER_SEC + 654321};
}

static const TranscriptLine *line_at(GPtrArray *lines, size_t i)
{
    return g_ptr_array_index(lines, i);
}

static void assert_same(const WireEvent *got, const WireEvent *wanted)
{
    g_assert_cmpint(got->kind, ==, wanted->kind);
    g_assert_cmpint(got->encrypted, ==, wanted->encrypted);
    g_assert_cmpint(got->masked, ==, wanted->masked);
    g_assert_cmpmem(got->text.data, got->text.len, wanted->text.data, wanted->text.len);
    g_assert_cmpmem(got->raw.data, got->raw.len, wanted->raw.data, wanted->raw.len);
}

static void round_trip(char *(*write)(const WireEvent *event), const char *end, bool times)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(said); i++) {
        WireEvent e = event_of(i);
        g_autofree char *written = write(&e);
        g_string_append_printf(text, "%s%s", written, end);
    }
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) lines = transcript_read(bytes_of_string(text), &error);
    g_assert_no_error(error);
    g_assert_cmpuint(lines->len, ==, G_N_ELEMENTS(said));
    for (size_t i = 0; i < G_N_ELEMENTS(said); i++) {
        WireEvent e = event_of(i);
        assert_same(&line_at(lines, i)->event, &e);
        if (times) {
            g_assert_cmpint(line_at(lines, i)->event.at_us, ==, e.at_us);
        }
    }
}

static void test_text_reads_back_without_loss(void)
{
    round_trip(transcript_file_text, "", false);
}

static void test_json_reads_back_without_loss(void)
{
    round_trip(transcript_json_line, "\n", true);
}

static void test_every_octet_survives_both_forms(void)
{
    char all[256];
    for (int i = 0; i < 256; i++) {
        all[i] = (char)i;
    }
    WireEvent e = {.kind = WIRE_PAYLOAD_SENT, .text = {all, 256}, .raw = {all, 256}};
    char *(*const forms[])(const WireEvent *) = {transcript_file_text, transcript_json_line};
    for (size_t i = 0; i < G_N_ELEMENTS(forms); i++) {
        g_autofree char *text = forms[i](&e);
        g_autoptr(GPtrArray) lines = transcript_read(bytes_of(text), NULL);
        g_assert_cmpuint(lines->len, ==, 1);
        assert_same(&line_at(lines, 0)->event, &e);
    }
}

static void put(Stream *s, const char *text)
{
    for (size_t moved; *text != '\0'; text += moved) {
        g_assert_cmpint(s->kind->try_write(s, text, strlen(text), &moved, NULL), ==, STREAM_OK);
    }
}

/* What was written down plays as a script: the client that says the same hears the same. */
static void test_a_text_transcript_is_a_script(void)
{
    static const WireEvent events[] = {
        {.kind = WIRE_CONNECTED, .text = BYTES_LITERAL("connected")},
        {.kind = WIRE_RECEIVED,
         .text = BYTES_LITERAL("+OK \xe9"),
         .raw = BYTES_LITERAL("+OK \xe9\n")},
        {.kind = WIRE_SENT, .masked = true, .text = BYTES_LITERAL("PASS *****")},
        {.kind = WIRE_RECEIVED,
         .text = BYTES_LITERAL("+OK in"),
         .raw = BYTES_LITERAL("+OK in\r\n")},
        {.kind = WIRE_PAYLOAD_SENT, .text = BYTES_LITERAL("body\r\nend")},
        {.kind = WIRE_PAYLOAD_RECEIVED,
         .text = BYTES_LITERAL("\0\1"),
         .raw = BYTES_LITERAL("\0\1")},
    };
    g_autoptr(GString) text = g_string_new(NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(events); i++) {
        g_autofree char *written = transcript_file_text(&events[i]);
        g_string_append(text, written);
    }
    g_autoptr(GError) error = NULL;
    g_autoptr(Stream) s = script_stream(bytes_of_string(text), (ScriptOptions){0}, &error);
    g_assert_no_error(error);
    char buffer[64];
    size_t moved;
    g_assert_cmpint(s->kind->try_read(s, buffer, sizeof buffer, &moved, NULL), ==, STREAM_OK);
    g_assert_cmpmem(buffer, moved, "+OK \xe9\n", 6);
    put(s, "PASS sesame\r\n");
    g_assert_cmpint(s->kind->try_read(s, buffer, sizeof buffer, &moved, NULL), ==, STREAM_OK);
    g_assert_cmpmem(buffer, moved, "+OK in\r\n", 8);
    put(s, "body\r\nend");
    g_assert_cmpint(s->kind->try_read(s, buffer, sizeof buffer, &moved, NULL), ==, STREAM_OK);
    g_assert_cmpmem(buffer, moved, "\0\1", 2);
    g_assert_true(script_finished(s, &error));
    g_assert_no_error(error);
}

static void test_hand_written_scripts_are_read_too(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) lines = transcript_read(
        B("# a comment\n\n  <- +OK\r\n-> QUIT\n<= 410d0a\n=> 4142\n<stall\n<eof\n"), &error);
    g_assert_no_error(error);
    g_assert_cmpuint(lines->len, ==, 5);
    g_assert_cmpint(line_at(lines, 2)->event.kind, ==, WIRE_RECEIVED);
    g_assert_cmpmem(line_at(lines, 2)->event.text.data, line_at(lines, 2)->event.text.len, "A", 1);
    g_assert_cmpint(line_at(lines, 3)->event.kind, ==, WIRE_PAYLOAD_SENT);
    g_assert_cmpint(line_at(lines, 4)->event.kind, ==, WIRE_CLOSED);
}

static void test_what_is_broken_names_its_line(void)
{
    static const struct {
        Bytes text;
        const char *where;
    } cases[] = {
        {BYTES_LITERAL("<- a\nwhat\n"), "line 2"},
        {BYTES_LITERAL("<- a\n\n<= 0\n"), "line 3"},
        {BYTES_LITERAL("{\"dir\":\"in\",\"text\":\"\"}\n[]\n"), "line 2"},
        {BYTES_LITERAL("{\"dir\":\"up\",\"text\":\"\"}\n"), "line 1"},
        {BYTES_LITERAL("{\"dir\":\"in\"}\n"), "line 1"},
        {BYTES_LITERAL("{\"dir\":\"in\",\"base64\":\"!\"}\n"), "line 1"},
        {BYTES_LITERAL("{\"dir\":\n{\"dir\":\"in\",\"text\":\"\"}\n"), "line 1"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(transcript_read(cases[i].text, &error));
        g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_DATA);
        g_assert_nonnull(strstr(error->message, cases[i].where));
    }
}

static void test_what_a_crash_cut_off_is_left_out(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) lines =
        transcript_read(B("{\"dir\":\"in\",\"text\":\"a\"}\n{\"dir\":\"in\",\"te"), &error);
    g_assert_no_error(error);
    g_assert_cmpuint(lines->len, ==, 1);

    /* A payload of which not all was written keeps what there is. */
    g_autoptr(GPtrArray) payload = transcript_read(B("# ->{100}\n-> a\n-> b\n"), &error);
    g_assert_no_error(error);
    g_assert_cmpuint(payload->len, ==, 1);
    g_assert_cmpuint(line_at(payload, 0)->event.text.len, ==, 6);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/transcript-read/text", test_text_reads_back_without_loss);
    g_test_add_func("/transcript-read/json", test_json_reads_back_without_loss);
    g_test_add_func("/transcript-read/octets", test_every_octet_survives_both_forms);
    g_test_add_func("/transcript-read/script", test_a_text_transcript_is_a_script);
    g_test_add_func("/transcript-read/by-hand", test_hand_written_scripts_are_read_too);
    g_test_add_func("/transcript-read/broken", test_what_is_broken_names_its_line);
    g_test_add_func("/transcript-read/crash", test_what_a_crash_cut_off_is_left_out);
    return g_test_run();
}
