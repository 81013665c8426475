#include "report/transcript.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <jansson.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../scratch.h"
#include "base/error.h"

#define B BYTES_LITERAL
#define AT                                                                                         \
    (G_GINT64_CONSTANT(1763712000) * G_USEC_PER_SEC + 123456) /* 2025-11-21T08:00:00.123456Z */

static WireEvent event(WireEventKind kind, Bytes text)
{
    return (WireEvent){.kind = kind, .text = text, .raw = text, .at_us = AT};
}

static WireEvent received(Bytes raw, size_t line_end)
{
    return (WireEvent){.kind = WIRE_RECEIVED,
                       .text = bytes_sub(raw, 0, raw.len - line_end),
                       .raw = raw,
                       .at_us = AT};
}

static void test_arrows_tell_direction_and_encryption(void)
{
    static const struct {
        WireEventKind kind;
        bool encrypted;
        const char *arrow;
    } cases[] = {
        {WIRE_SENT, false, "->"},        {WIRE_SENT, true, "~>"},
        {WIRE_RECEIVED, false, "<-"},    {WIRE_RECEIVED, true, "<~"},
        {WIRE_PAYLOAD_SENT, true, "~>"}, {WIRE_PAYLOAD_RECEIVED, false, "<-"},
        {WIRE_NOTE, true, "==="},        {WIRE_WARNING, false, "***"},
        {WIRE_CONNECTED, false, "==="},  {WIRE_TLS_STARTED, true, "==="},
        {WIRE_CLOSED, true, "==="},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        WireEvent e = {.kind = cases[i].kind, .encrypted = cases[i].encrypted};
        g_assert_cmpstr(transcript_arrow(&e), ==, cases[i].arrow);
    }
}

static void test_a_line_for_people_is_escaped(void)
{
    WireEvent e = received(B("* OK \x1b[2J caf\xe9\r\n"), 2);
    g_autofree char *line = transcript_text_line(&e);
    g_assert_cmpstr(line, ==, "<- * OK \\x1B[2J caf\\xE9");

    WireEvent note = event(WIRE_NOTE, B("one\ntwo"));
    g_autofree char *lines = transcript_text_line(&note);
    g_assert_cmpstr(lines, ==, "=== one\n=== two");

    WireEvent binary = event(WIRE_PAYLOAD_SENT, B("\1\n\0\n"));
    g_autofree char *octets = transcript_text_line(&binary);
    g_assert_cmpstr(octets, ==, "-> \\x01\\n\\x00\\n");
}

static void test_plain_lines_stand_as_they_are_in_a_file(void)
{
    WireEvent e = received(B("* FLAGS (\\Seen)  \r\n"), 2);
    g_autofree char *text = transcript_file_text(&e);
    g_assert_cmpstr(text, ==, "<- * FLAGS (\\Seen)  \n");

    WireEvent empty = event(WIRE_SENT, B(""));
    g_autofree char *nothing = transcript_file_text(&empty);
    g_assert_cmpstr(nothing, ==, "->\n");
}

static void test_what_is_not_plain_goes_in_hex(void)
{
    static const struct {
        Bytes raw;
        size_t line_end;
        const char *text;
    } cases[] = {
        {BYTES_LITERAL("caf\xe9\r\n"), 2, "# <- caf\\xE9\n<= 636166e90d0a\n"},
        {BYTES_LITERAL("bare\n"), 1, "# <- bare\n<= 626172650a\n"},
        {BYTES_LITERAL("two\r\r\n"), 2, "# <- two\\r\n<= 74776f0d0d0a\n"},
        {BYTES_LITERAL("cut"), 0, "# <- cut\n<= 637574\n"},
        {BYTES_LITERAL("*****\r\n"), 2,
         "# <- *****\n<= 2a2a2a2a2a0d0a\n"}, /* said by the peer, no mask */
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        WireEvent e = received(cases[i].raw, cases[i].line_end);
        g_autofree char *text = transcript_file_text(&e);
        g_assert_cmpstr(text, ==, cases[i].text);
    }
}

static void test_a_payload_is_counted_and_kept(void)
{
    WireEvent e = event(WIRE_PAYLOAD_SENT, B("Subject: x\r\n\r\nhi \xff\r\nend"));
    e.encrypted = true;
    g_autofree char *text = transcript_file_text(&e);
    g_assert_cmpstr(text, ==,
                    "# ~>{23} Subject: x\\r\\n\\r\\nhi \\xFF\\r\\nend\n"
                    "~> Subject: x\n~>\n=> 686920ff0d0a\n=> 656e64\n");
}

static void test_masked_events_never_tell_a_length(void)
{
    WireEvent line = event(WIRE_SENT, B("PASS *****"));
    line.masked = true;
    g_autofree char *text = transcript_file_text(&line);
    g_assert_cmpstr(text, ==, "-> PASS *****\n");
    g_autofree char *json = transcript_json_line(&line);
    g_assert_nonnull(strstr(json, "\"bytes\":null"));

    /* Even if whoever raises the event forgets to take the secret out of a payload. */
    WireEvent payload = event(WIRE_PAYLOAD_SENT, B("hunter2"));
    payload.masked = true;
    g_autofree char *file = transcript_file_text(&payload);
    g_autofree char *shown = transcript_text_line(&payload);
    g_autofree char *object = transcript_json_line(&payload);
    g_assert_cmpstr(file, ==, "-> *****\n");
    g_assert_cmpstr(shown, ==, "-> *****");
    g_assert_null(strstr(object, "hunter2"));
    g_assert_nonnull(strstr(object, "\"bytes\":null"));
    g_assert_null(strstr(object, "7"));
}

static void test_milestones_carry_the_time(void)
{
    WireEvent e = event(WIRE_CONNECTED, B("connected to [::1]:110"));
    g_autofree char *text = transcript_file_text(&e);
    g_assert_cmpstr(text, ==,
                    "# connected 2025-11-21T08:00:00.123456Z\n=== connected to [::1]:110\n");
}

static json_t *parse(const WireEvent *e)
{
    g_autofree char *line = transcript_json_line(e);
    g_assert_null(strchr(line, '\n'));
    json_t *object = json_loads(line, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    g_assert_nonnull(object);
    return object;
}

static const char *member(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static void test_json_line_has_every_member(void)
{
    WireEvent e = received(B("+OK\r\n"), 2);
    e.encrypted = true;
    json_t *object = parse(&e);
    g_assert_cmpstr(member(object, "time"), ==, "2025-11-21T08:00:00.123456Z");
    g_assert_cmpstr(member(object, "dir"), ==, "in");
    g_assert_cmpstr(member(object, "text"), ==, "+OK");
    g_assert_true(json_is_true(json_object_get(object, "encrypted")));
    g_assert_true(json_is_false(json_object_get(object, "masked")));
    g_assert_cmpint(json_integer_value(json_object_get(object, "bytes")), ==, 5);
    g_assert_null(json_object_get(object, "line_end"));
    g_assert_null(json_object_get(object, "payload"));
    json_decref(object);
}

static void test_json_puts_what_is_not_utf8_in_base64(void)
{
    WireEvent e = received(B("\xff\xfe\n"), 1);
    json_t *object = parse(&e);
    g_assert_cmpstr(member(object, "base64"), ==, "//4=");
    g_assert_cmpstr(member(object, "line_end"), ==, "\n");
    g_assert_null(json_object_get(object, "text"));
    json_decref(object);
}

static void test_json_is_safe_for_a_terminal(void)
{
    WireEvent e = received(B("\xe2\x80\xaetxt \xc2\x9b"
                             "2J\r\n"),
                           2);
    g_autofree char *line = transcript_json_line(&e);
    g_assert_true(g_str_is_ascii(line));
    WireEvent fine = received(B("Gr\xc3\xbc\xc3\x9f"
                                "e\r\n"),
                              2);
    g_autofree char *readable = transcript_json_line(&fine);
    g_assert_nonnull(strstr(readable, "Gr\xc3\xbc\xc3\x9f"
                                      "e"));
}

/* ---- the file ---- */

static char *folder(void)
{
    char *dir = g_dir_make_tmp("postern-transcript-XXXXXX", NULL);
    g_assert_nonnull(dir);
    return dir;
}

static char *in_folder(const char *dir, const char *name)
{
    return g_build_filename(dir, name, NULL);
}

static char *contents(const char *path)
{
    char *text;
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    return text;
}

static void test_a_file_is_private_emptied_and_complete_at_every_line(void)
{
    g_autofree char *dir = folder();
    g_autofree char *path = in_folder(dir, "t.txt");
    g_assert_true(g_file_set_contents(path, "old and longer than what comes", -1, NULL));
    g_assert_cmpint(g_chmod(path, 0644), ==, 0);
    g_autoptr(GError) error = NULL;
    Transcript *t = transcript_open(path, &error);
    g_assert_no_error(error);
    WireEvent e = event(WIRE_SENT, B("QUIT"));
    transcript_observe(t, &e);
    g_autofree char *before_close = contents(path);
    g_assert_cmpstr(before_close, ==, "-> QUIT\n");
    struct stat st;
    g_assert_cmpint(stat(path, &st), ==, 0);
    g_assert_cmpint(st.st_mode & 0777, ==, 0600);
    g_assert_true(transcript_close(t, &error));
    scratch_remove(dir);
}

static void test_a_name_in_jsonl_gives_json_lines(void)
{
    g_autofree char *dir = folder();
    g_autofree char *path = in_folder(dir, "t.jsonl");
    Transcript *t = transcript_open(path, NULL);
    WireEvent e = event(WIRE_SENT, B("QUIT"));
    transcript_observe(t, &e);
    transcript_observe(t, &e);
    g_assert_true(transcript_close(t, NULL));
    g_autofree char *text = contents(path);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    g_assert_cmpuint(g_strv_length(lines), ==, 3);
    g_assert_true(g_str_has_prefix(lines[1], "{\"time\":"));
    scratch_remove(dir);
}

static void test_a_link_to_a_file_is_refused_and_the_file_left_alone(void)
{
    g_autofree char *dir = folder();
    g_autofree char *victim = in_folder(dir, "victim");
    g_autofree char *link = in_folder(dir, "link");
    g_assert_true(g_file_set_contents(victim, "precious", -1, NULL));
    g_assert_cmpint(symlink(victim, link), ==, 0);
    g_autoptr(GError) error = NULL;
    g_assert_null(transcript_open(link, &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_CANT_CREATE);
    g_assert_nonnull(strstr(error->message, link));
    g_autofree char *text = contents(victim);
    g_assert_cmpstr(text, ==, "precious");
    scratch_remove(dir);
}

static void test_devices_behind_links_are_fine(void)
{
    g_autofree char *dir = folder();
    g_autofree char *link = in_folder(dir, "null");
    g_assert_cmpint(symlink("/dev/null", link), ==, 0);
    g_autoptr(GError) error = NULL;
    Transcript *t = transcript_open(link, &error);
    g_assert_no_error(error);
    g_assert_true(transcript_close(t, NULL));
    scratch_remove(dir);
}

static void test_a_full_disk_is_told_at_the_end(void)
{
    g_autoptr(GError) error = NULL;
    Transcript *t = transcript_open("/dev/full", &error);
    g_assert_no_error(error);
    WireEvent e = event(WIRE_SENT, B("QUIT"));
    transcript_observe(t, &e);
    g_assert_false(transcript_close(t, &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_IO);
}

static void test_a_folder_that_is_not_there_is_an_error(void)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(transcript_open("/nonexistent/folder/t.txt", &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_CANT_CREATE);
    g_assert_true(transcript_close(NULL, NULL));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/transcript/arrows", test_arrows_tell_direction_and_encryption);
    g_test_add_func("/transcript/escaped", test_a_line_for_people_is_escaped);
    g_test_add_func("/transcript/plain", test_plain_lines_stand_as_they_are_in_a_file);
    g_test_add_func("/transcript/hex", test_what_is_not_plain_goes_in_hex);
    g_test_add_func("/transcript/payload", test_a_payload_is_counted_and_kept);
    g_test_add_func("/transcript/masked", test_masked_events_never_tell_a_length);
    g_test_add_func("/transcript/milestones", test_milestones_carry_the_time);
    g_test_add_func("/transcript/json", test_json_line_has_every_member);
    g_test_add_func("/transcript/json-base64", test_json_puts_what_is_not_utf8_in_base64);
    g_test_add_func("/transcript/json-safe", test_json_is_safe_for_a_terminal);
    g_test_add_func("/transcript/file", test_a_file_is_private_emptied_and_complete_at_every_line);
    g_test_add_func("/transcript/jsonl", test_a_name_in_jsonl_gives_json_lines);
    g_test_add_func("/transcript/link", test_a_link_to_a_file_is_refused_and_the_file_left_alone);
    g_test_add_func("/transcript/device", test_devices_behind_links_are_fine);
    g_test_add_func("/transcript/full", test_a_full_disk_is_told_at_the_end);
    g_test_add_func("/transcript/no-folder", test_a_folder_that_is_not_there_is_an_error);
    return g_test_run();
}
