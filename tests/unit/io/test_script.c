#include "io/script.h"

#include <string.h>

static Stream *script(const char *text, ScriptOptions options)
{
    g_autoptr(GError) error = NULL;
    Stream *s = script_stream(bytes_of(text), options, &error);
    g_assert_no_error(error);
    g_assert_nonnull(s);
    return s;
}

/* Reads what there is until nothing more is ready. */
static char *read_ready(Stream *s, bool *eof)
{
    GString *all = g_string_new(NULL);
    char buffer[7];
    size_t got;
    *eof = false;
    do {
        g_assert_true(stream_read_now(s, buffer, sizeof buffer, &got, eof, NULL));
        g_string_append_len(all, buffer, (gssize)got);
    } while (got > 0);
    return g_string_free(all, FALSE);
}

static void assert_says(Stream *s, const char *expected)
{
    bool eof;
    g_autofree char *said = read_ready(s, &eof);
    g_assert_cmpstr(said, ==, expected);
    g_assert_false(eof);
}

static bool send(Stream *s, const char *text, GError **error)
{
    return stream_write(s, bytes_of(text), DEADLINE_NEVER, error);
}

static const char *const conversation = "# a comment\n"
                                        "=== connected\n"
                                        "\n"
                                        "<- +OK ready\n"
                                        "    -> USER alice\n"
                                        "<~ +OK\r\n"
                                        "~> PASS *****\n"
                                        "<= 2b4f4b0d0a\n"
                                        "=> 00 ff 0d 0a\n"
                                        "<- \n"
                                        "<-\n"
                                        "-> QUIT\n"
                                        "*** a warning\n"
                                        "<eof\n";

static void play(ScriptOptions options)
{
    g_autoptr(Stream) s = script(conversation, options);
    g_assert_true(stream_has_pending(s));
    assert_says(s, "+OK ready\r\n");
    g_assert_false(stream_has_pending(s));
    g_assert_true(send(s, "USER alice\r\n", NULL));
    assert_says(s, "+OK\r\n");
    g_assert_true(send(s, "PASS any thing * at all\r\n", NULL));
    assert_says(s, "+OK\r\n");
    g_autoptr(GError) error = NULL;
    g_assert_false(script_finished(s, &error));
    g_assert_nonnull(strstr(error->message, "line 9"));
    g_assert_true(stream_write(s, (Bytes){"\0\xff\r\n", 4}, DEADLINE_NEVER, NULL));
    assert_says(s, "\r\n\r\n");
    g_assert_true(send(s, "QUIT\r\n", NULL));
    bool eof;
    g_autofree char *rest = read_ready(s, &eof);
    g_assert_cmpstr(rest, ==, "");
    g_assert_true(eof);
    g_assert_true(script_finished(s, NULL));
}

static void test_a_conversation_is_played_in_order(void)
{
    play((ScriptOptions){0});
}

static void test_a_conversation_is_played_byte_by_byte(void)
{
    play((ScriptOptions){.dribble = true});
    g_autoptr(Stream) s = script("<- abc\n", (ScriptOptions){.dribble = true});
    char buffer[10];
    size_t got;
    g_assert_true(stream_read(s, buffer, sizeof buffer, &got, DEADLINE_NEVER, NULL));
    g_assert_cmpuint(got, ==, 1);
}

static void test_a_difference_is_told_without_what_follows_it(void)
{
    g_autoptr(Stream) s = script("-> USER alice\n", (ScriptOptions){0});
    g_autoptr(GError) error = NULL;
    g_assert_false(send(s, "USER bob-secret\r\n", &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_DATA);
    g_assert_nonnull(strstr(error->message, "USER alice"));
    g_assert_nonnull(strstr(error->message, "\"USER b\""));
    g_assert_null(strstr(error->message, "secret"));
}

static void test_masks_stand_for_anything_but_the_rest_counts(void)
{
    static const struct {
        const char *expected, *sent;
        bool matches;
    } cases[] = {
        {"-> A ***** B", "A x B\r\n", true},
        {"-> A ***** B", "A  B\r\n", true},
        {"-> A ***** B", "A x C\r\n", false},
        {"-> A ***** B", "A B\r\n", false},
        {"-> ***** x *****", "a x b\r\n", true},
        {"-> ***** x *****", "a y b\r\n", false},
        {"-> *****", "\r\n", true},
        {"-> *****", "anything\r\n", true},
        {"-> a*****a", "a\r\n", false},
        {"-> QUIT", "QUIT \r\n", false},
        {"-> QUIT", "QUIT\n", false},
        {"-> QUIT", "quit\r\n", false},
        {"=> 4142", "AB", true},
        {"=> 4142", "AC", false},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(Stream) s = script(cases[i].expected, (ScriptOptions){0});
        bool matches = send(s, cases[i].sent, NULL) && script_finished(s, NULL);
        if (matches != cases[i].matches) {
            g_error("%s against %s", cases[i].expected, cases[i].sent);
        }
    }
}

static void test_loose_takes_whatever_is_sent(void)
{
    g_autoptr(Stream) s =
        script("-> USER alice\n<- +OK\n=> 0000\n", (ScriptOptions){.loose = true});
    g_assert_true(send(s, "NOOP\r\n", NULL));
    assert_says(s, "+OK\r\n");
    g_assert_true(send(s, "xyMORE", NULL));
    g_assert_true(script_finished(s, NULL));
}

static void test_pipelined_commands_are_taken_before_the_answers_are_read(void)
{
    g_autoptr(Stream) s = script("-> A\n<- 1\n-> B\n<- 2\n", (ScriptOptions){0});
    g_assert_true(send(s, "A\r\nB\r\n", NULL));
    bool eof;
    g_autofree char *said = read_ready(s, &eof);
    g_assert_cmpstr(said, ==, "1\r\n2\r\n");
    g_assert_true(eof);
}

static void test_nothing_is_readable_before_what_was_expected(void)
{
    g_autoptr(Stream) s = script("-> A\n<- 1\n", (ScriptOptions){0});
    assert_says(s, "");
    g_assert_true(send(s, "A\r", NULL));
    assert_says(s, "");
    g_assert_true(send(s, "\n", NULL));
    bool eof;
    g_autofree char *said = read_ready(s, &eof);
    g_assert_cmpstr(said, ==, "1\r\n");
}

static void test_a_stall_lasts_until_the_deadline(void)
{
    g_autoptr(Stream) s = script("<- hello\n<stall\n", (ScriptOptions){0});
    assert_says(s, "hello\r\n");
    char c;
    size_t got;
    g_autoptr(GError) error = NULL;
    g_assert_false(stream_read(s, &c, 1, &got, deadline_in(0.02), &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_TIMEOUT);
    g_assert_true(script_finished(s, NULL));
}

static void test_what_was_not_read_or_too_much_is_told(void)
{
    g_autoptr(Stream) s = script("<- hello\n", (ScriptOptions){0});
    g_autoptr(GError) unread = NULL;
    g_assert_false(script_finished(s, &unread));
    g_assert_nonnull(strstr(unread->message, "was not read"));
    g_autoptr(GError) more = NULL;
    g_assert_false(send(s, "x", &more));
    g_assert_error(more, POSTERN_ERROR, POSTERN_ERROR_DATA);
}

static void test_malformed_scripts_are_refused_with_the_line(void)
{
    static const char *const bad[] = {"<- ok\nhello\n", "#\n<= 0\n", "\n<= zz", "\n<eof now\n"};
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(script_stream(bytes_of(bad[i]), (ScriptOptions){0}, &error));
        g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_DATA);
        g_assert_nonnull(strstr(error->message, "line 2"));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/script/play", test_a_conversation_is_played_in_order);
    g_test_add_func("/script/dribble", test_a_conversation_is_played_byte_by_byte);
    g_test_add_func("/script/difference", test_a_difference_is_told_without_what_follows_it);
    g_test_add_func("/script/masks", test_masks_stand_for_anything_but_the_rest_counts);
    g_test_add_func("/script/loose", test_loose_takes_whatever_is_sent);
    g_test_add_func("/script/pipelined",
                    test_pipelined_commands_are_taken_before_the_answers_are_read);
    g_test_add_func("/script/order", test_nothing_is_readable_before_what_was_expected);
    g_test_add_func("/script/stall", test_a_stall_lasts_until_the_deadline);
    g_test_add_func("/script/rest", test_what_was_not_read_or_too_much_is_told);
    g_test_add_func("/script/malformed", test_malformed_scripts_are_refused_with_the_line);
    return g_test_run();
}
