#include "proto/wire.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/script.h"

/* --- helpers --- */

static Wire *wire_on(const char *script, bool dribble)
{
    GError *error = NULL;
    Stream *stream = script_stream(bytes_of(script), (ScriptOptions){.dribble = dribble}, &error);
    g_assert_no_error(error);
    return wire_new(stream, 0.02);
}

static void assert_line(Wire *w, const char *expected)
{
    g_autoptr(GError) error = NULL;
    Bytes line;
    g_assert_true(wire_line(w, &line, &error));
    g_assert_no_error(error);
    g_assert_true(bytes_equal(line, bytes_of(expected)));
}

static void assert_fails(bool ok, GError **error, int code, const char *words)
{
    g_assert_false(ok);
    g_assert_error(*error, POSTERN_ERROR, code);
    if (!strstr((*error)->message, words)) {
        g_error("\"%s\" does not say \"%s\"", (*error)->message, words);
    }
    g_clear_error(error);
}

/* --- lines --- */

static void read_lines(bool dribble)
{
    g_autoptr(Wire) w = wire_on("<- +OK one\n<= 74776f0a\n<-\n<= 610d620d0a\n<- 5\n", dribble);
    assert_line(w, "+OK one");
    g_assert_true(bytes_equal(wire_last_raw(w), BYTES_LITERAL("+OK one\r\n")));
    assert_line(w, "two"); /* a bare LF ends a line too */
    g_assert_true(bytes_equal(wire_last_raw(w), BYTES_LITERAL("two\n")));
    assert_line(w, "");
    assert_line(w, "a\rb");
    assert_line(w, "5");
    g_assert_cmpuint(wire_bytes_in(w), ==, 9 + 4 + 2 + 5 + 3);
}

static void test_lines_come_whole(void)
{
    read_lines(false);
}

static void test_lines_come_whole_from_single_bytes(void)
{
    read_lines(true);
}

static void test_a_line_at_the_cap_passes_and_one_beyond_fails(void)
{
    GError *error = NULL;
    Bytes line;
    g_autoptr(Wire) w = wire_on("<- 12345678\n<- 123456789\n", false);
    wire_set_max_line(w, 10); /* with its line end */
    assert_line(w, "12345678");
    assert_fails(wire_line(w, &line, &error), &error, POSTERN_ERROR_LIMIT, "more than 10 octets");
}

static void test_a_line_without_end_is_given_up_at_the_cap(void)
{
    GError *error = NULL;
    Bytes line;
    g_autoptr(Wire) w = wire_on("<= 41414141414141414141414141414141\n<stall\n", true);
    wire_set_max_line(w, 10);
    assert_fails(wire_line(w, &line, &error), &error, POSTERN_ERROR_LIMIT, "more than 10 octets");
}

static void test_the_end_in_mid_line_is_told_from_the_end_between_lines(void)
{
    GError *error = NULL;
    Bytes line;
    g_autoptr(Wire) between = wire_on("<- one\n<eof\n", false);
    assert_line(between, "one");
    assert_fails(wire_line(between, &line, &error), &error, POSTERN_ERROR_EOF,
                 "while we waited for");
    g_autoptr(Wire) within = wire_on("<= 2b4f1b\n<eof\n", false);
    assert_fails(wire_line(within, &line, &error), &error, POSTERN_ERROR_EOF,
                 "in the middle of a line (\"+O\\x1B\")");
}

static void test_a_timeout_says_what_was_awaited(void)
{
    GError *error = NULL;
    Bytes line;
    g_autoptr(Wire) w = wire_on("-> NOOP\n-> PASS *****\n<= 2b\n<stall\n", false);
    g_assert_true(wire_sendf(w, NULL, "NOOP"));
    assert_fails(wire_line(w, &line, &error), &error, POSTERN_ERROR_TIMEOUT, "a reply to \"NOOP\"");
    g_autoptr(Secret) secret = secret_new("hush", 4);
    g_assert_true(wire_send_secret(w, "PASS ", secret, NULL));
    assert_fails(wire_line(w, &line, &error), &error, POSTERN_ERROR_TIMEOUT,
                 "a reply to \"PASS *****\": 1 octets came");
}

static void test_a_deadline_ends_every_wait(void)
{
    GError *error = NULL;
    Bytes line;
    g_autoptr(Wire) w = wire_on("<stall\n", false);
    wire_set_timeout(w, 3600);
    wire_set_deadline(w, deadline_in(0.01));
    assert_fails(wire_line(w, &line, &error), &error, POSTERN_ERROR_TIMEOUT, "timed out");
}

static void test_lines_that_are_there_now(void)
{
    Bytes line;
    bool got, eof;
    g_autoptr(Wire) w = wire_on("<- one\n<- two\n-> GO\n<= 746872\n<eof\n", false);
    g_assert_true(wire_line_now(w, &line, &got, &eof, NULL));
    g_assert_true(got && bytes_equal_ci(line, "one"));
    g_assert_true(wire_has_buffered(w));
    g_assert_true(wire_line_now(w, &line, &got, &eof, NULL));
    g_assert_true(got && bytes_equal_ci(line, "two"));
    g_assert_true(wire_line_now(w, &line, &got, &eof, NULL));
    g_assert_false(got || eof);
    g_assert_true(wire_sendf(w, NULL, "GO"));
    g_assert_true(wire_line_now(w, &line, &got, &eof, NULL));
    g_assert_true(got && bytes_equal_ci(line, "thr")); /* an unfinished last line is shown too */
    g_assert_true(wire_line_now(w, &line, &got, &eof, NULL));
    g_assert_true(!got && eof);
}

static void test_an_unfinished_line_is_nothing_buffered(void)
{
    int fds[2];
    Bytes line;
    bool got, eof;
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), ==, 0);
    g_autoptr(Wire) w = wire_new(stream_from_fd(fds[0], NULL), 1);
    g_assert_cmpint(write(fds[1], "half", 4), ==, 4);
    g_assert_true(wire_line_now(w, &line, &got, &eof, NULL));
    g_assert_false(got || eof || wire_has_buffered(w)); /* or who polls would spin */
    g_assert_cmpint(write(fds[1], "\r\n", 2), ==, 2);
    assert_line(w, "half");
    close(fds[1]);
}

/* --- counted bytes --- */

static void read_octets(bool dribble)
{
    GError *error = NULL;
    Bytes bytes;
    g_autoptr(Wire) w = wire_on("<- * 1 FETCH {3}\n<= 0a0d00\n<- )\n<- x\n<eof\n", dribble);
    assert_line(w, "* 1 FETCH {3}");
    g_assert_true(wire_exact(w, 3, 3, &bytes, NULL));
    g_assert_true(bytes_equal(bytes, (Bytes){"\n\r\0", 3}));
    assert_line(w, ")");
    g_assert_true(wire_until(w, 'x', &bytes, NULL));
    g_assert_true(bytes_equal_ci(bytes, "x"));
    assert_fails(wire_exact(w, 4, 3, &bytes, &error), &error, POSTERN_ERROR_LIMIT, "4 octets");
    assert_fails(wire_exact(w, 3, 3, &bytes, &error), &error, POSTERN_ERROR_EOF, "2 of 3 octets");
}

static void test_octets_are_counted(void)
{
    read_octets(false);
}

static void test_octets_are_counted_from_single_bytes(void)
{
    read_octets(true);
}

/* --- sending --- */

static void test_a_line_end_in_an_argument_sends_nothing(void)
{
    GError *error = NULL;
    static const char *const bad[] = {"joe\r\nDELE 1", "joe\n", "joe\r"};
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(Wire) w = wire_on("-> NOOP\n", false);
        assert_fails(wire_sendf(w, &error, "USER %s", bad[i]), &error, POSTERN_ERROR_USAGE,
                     "nothing was sent");
        g_autoptr(Secret) secret = secret_new(bad[i], strlen(bad[i]));
        assert_fails(wire_send_secret(w, "PASS ", secret, &error), &error, POSTERN_ERROR_USAGE,
                     "nothing was sent");
        assert_fails(wire_send_line(w, (Bytes){"a\0b", 3}, &error), &error, POSTERN_ERROR_USAGE,
                     "nothing was sent");
        g_assert_cmpuint(wire_bytes_out(w), ==, 0);
    }
}

static void test_a_secret_with_nul_is_refused(void)
{
    GError *error = NULL;
    g_autoptr(Wire) w = wire_on("", false);
    g_autoptr(Secret) secret = secret_new("a\0b", 3);
    assert_fails(wire_send_secret(w, "PASS ", secret, &error), &error, POSTERN_ERROR_USAGE, "NUL");
    g_assert_null(wire_quoted(secret));
}

static void test_quoted_secrets(void)
{
    g_autoptr(Secret) plain = secret_new("a\"b\\c", 5);
    g_autoptr(Secret) quoted = wire_quoted(plain);
    g_autoptr(Secret) expected = secret_new("\"a\\\"b\\\\c\"", 9);
    g_assert_true(secret_equal(quoted, expected));
    g_autoptr(Secret) eight_bit = secret_new("\xc3\xa4", 2);
    g_assert_null(wire_quoted(eight_bit));
}

typedef struct {
    WireEventKind kind;
    const char *text;
    bool masked;
    size_t octets;
} Told;

typedef struct {
    const Told *expected;
    size_t seen;
} Listener;

static void listen_to(void *user, const WireEvent *event)
{
    Listener *l = user;
    const Told *told = &l->expected[l->seen++];
    g_assert_cmpint(event->kind, ==, told->kind);
    g_assert_true(bytes_equal(event->text, bytes_of(told->text)));
    g_assert_true(event->masked == told->masked && !event->encrypted);
    g_assert_cmpuint(event->octets, ==, told->octets);
}

static void test_the_trace_masks_secrets_by_type(void)
{
    static const Told expected[] = {
        {WIRE_RECEIVED, "+OK", false, 5},
        {WIRE_SENT, "USER joe", false, 10},
        {WIRE_SENT, "PASS *****", true, 12},
        {WIRE_SENT, "AUTHENTICATE \"X\" \"*****\"", true, 26},
        {WIRE_PAYLOAD_SENT, "*****", true, 5},
        {WIRE_PAYLOAD_SENT, "*****", true, 4},
        {WIRE_PAYLOAD_SENT, "body", false, 4},
        {WIRE_NOTE, "all 7 done", false, 10},
        {WIRE_CLOSED, "the server closed the connection", false, 32},
    };
    Listener l = {.expected = expected};
    g_autoptr(Wire) w =
        wire_on("<- +OK\n-> USER joe\n-> PASS hush!\n-> AUTHENTICATE \"X\" \"hush!\"\n"
                "=> 6875736821\n=> 64617461\n=> 626f6479\n<eof\n",
                false);
    wire_observe(w, listen_to, &l);
    g_autoptr(Secret) secret = secret_new("hush!", 5);
    assert_line(w, "+OK");
    g_assert_true(wire_sendf(w, NULL, "USER %s", "joe"));
    g_assert_true(wire_send_secret(w, "PASS ", secret, NULL));
    g_assert_true(wire_send_secret_within(w, BYTES_LITERAL("AUTHENTICATE \"X\" \""), secret,
                                          BYTES_LITERAL("\""), NULL));
    g_assert_true(wire_send_secret_octets(w, secret, NULL));
    g_assert_true(wire_send_bytes(w, BYTES_LITERAL("data"), true, NULL));
    g_assert_true(wire_send_bytes(w, BYTES_LITERAL("body"), false, NULL));
    wire_note(w, WIRE_NOTE, "all %d done", 7);
    Bytes line;
    g_assert_false(wire_line(w, &line, NULL));
    g_assert_false(wire_line(w, &line, NULL)); /* the end is told once */
    g_assert_cmpuint(l.seen, ==, G_N_ELEMENTS(expected));
    g_assert_true(script_finished(wire_stream(w), NULL));
}

/* --- the upgrade --- */

static void upgrade_over_injection(bool read_ahead)
{
    GError *error = NULL;
    size_t injected = 0;
    TlsPeer *peer = NULL;
    g_autoptr(Wire) w = wire_on("<- 220 go\n<- 250 evil\n<stall\n", !read_ahead);
    assert_line(w, "220 go");
    assert_fails(wire_start_tls(w, &(TlsPlan){0}, "mail.example.org", &injected, &peer, &error),
                 &error, POSTERN_ERROR_INSECURE,
                 "10 octets came in the clear before the TLS handshake (\"250 evil\\r\\n\")");
    g_assert_cmpuint(injected, ==, 10);
    g_assert_null(peer);
}

static void test_injected_bytes_are_refused_when_buffered(void)
{
    upgrade_over_injection(true);
}

static void test_injected_bytes_are_refused_when_unread(void)
{
    upgrade_over_injection(false);
}

/* A server that closes on what we send has mostly said why. */
static void test_last_words_are_heard_when_sending_fails(void)
{
    GError *error = NULL;
    int fds[2];
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), ==, 0);
    g_autoptr(Wire) w = wire_new(stream_from_fd(fds[0], NULL), 1);
    static const char words[] = "250-so far\r\n421 \x1b[2Jtoo many errors\r\n";
    g_assert_cmpint(write(fds[1], words, sizeof words - 1), ==, sizeof words - 1);
    close(fds[1]);
    assert_fails(wire_sendf(w, &error, "MAIL"), &error, POSTERN_ERROR_EOF,
                 "; the server's last words: \"421 \\x1B[2Jtoo many errors\"");
    assert_fails(wire_sendf(w, &error, "MAIL"), &error, POSTERN_ERROR_EOF, "Broken pipe");
}

static void test_no_handshake_with_one_who_left(void)
{
    GError *error = NULL;
    size_t injected = 0;
    TlsPeer *peer = NULL;
    g_autoptr(Wire) w = wire_on("<- 220 go\n<eof\n", false);
    assert_line(w, "220 go");
    assert_fails(wire_start_tls(w, &(TlsPlan){0}, "mail.example.org", &injected, &peer, &error),
                 &error, POSTERN_ERROR_EOF, "the TLS handshake");
    g_assert_cmpuint(injected, ==, 0);
}

/* --- bodies and windows --- */

static void test_what_is_peeked_at_stays(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Wire) w = wire_on("<= 616263\n<- d\n<eof\n", false);
    Bytes there;
    g_assert_true(wire_peek(w, &there, &error));
    g_assert_true(bytes_equal(there, BYTES_LITERAL("abc")));
    g_assert_true(bytes_equal(wire_take(w, 2), BYTES_LITERAL("ab")));
    g_assert_true(wire_peek(w, &there, &error));
    g_assert_true(bytes_equal(there, BYTES_LITERAL("c")));
    assert_line(w, "cd");
    assert_fails(wire_peek(w, &there, &error), &error, POSTERN_ERROR_EOF, "closed the connection");
}

static void test_polling_does_not_wait(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Wire) w = wire_on("<- a\n-> x\n<- b\n<eof\n", false);
    bool there = false;
    g_assert_true(wire_poll(w, &there, &error) && there);
    assert_line(w, "a");
    g_assert_true(wire_poll(w, &there, &error) && !there);
    g_assert_true(wire_sendf(w, &error, "x"));
    assert_line(w, "b");
    g_assert_true(wire_poll(w, &there, &error) && there); /* the end */
}

static void test_lines_that_are_held_go_out_together(void)
{
    g_autoptr(GError) error = NULL;
    Stream *stream =
        script_stream(BYTES_LITERAL("-> one\n-> two\n<- ok\n"), (ScriptOptions){0}, &error);
    g_autoptr(Wire) w = wire_new(stream, 0.02);
    wire_hold(w);
    g_assert_true(wire_sendf(w, &error, "one") && wire_sendf(w, &error, "two"));
    g_assert_cmpuint(wire_bytes_out(w), ==, 0);
    g_assert_true(wire_release(w, &error));
    g_assert_cmpuint(wire_bytes_out(w), ==, 10);
    assert_line(w, "ok");
    g_assert_true(wire_release(w, &error)); /* nothing is held any more */
    g_assert_cmpuint(wire_bytes_out(w), ==, 10);
}

static void test_what_is_held_goes_out_before_a_wait(void)
{
    g_autoptr(GError) error = NULL;
    Stream *stream = script_stream(BYTES_LITERAL("-> one\n<- ok\n"), (ScriptOptions){0}, &error);
    g_autoptr(Wire) w = wire_new(stream, 0.02);
    wire_hold(w);
    g_assert_true(wire_sendf(w, &error, "one"));
    assert_line(w, "ok");
}

static void test_a_long_list_is_read_line_by_line(void)
{
    g_autoptr(GString) script = g_string_new(NULL);
    for (int i = 0; i < 20000; i++) {
        g_string_append_printf(script, "<- line %d\n", i);
    }
    g_autoptr(Wire) w = wire_on(script->str, false);
    for (int i = 0; i < 20000; i++) {
        g_autofree char *expected = g_strdup_printf("line %d", i);
        assert_line(w, expected);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define TEST(name) g_test_add_func("/wire/" #name, test_##name)
    TEST(lines_come_whole);
    TEST(lines_come_whole_from_single_bytes);
    TEST(a_line_at_the_cap_passes_and_one_beyond_fails);
    TEST(a_line_without_end_is_given_up_at_the_cap);
    TEST(the_end_in_mid_line_is_told_from_the_end_between_lines);
    TEST(a_timeout_says_what_was_awaited);
    TEST(a_deadline_ends_every_wait);
    TEST(lines_that_are_there_now);
    TEST(an_unfinished_line_is_nothing_buffered);
    TEST(octets_are_counted);
    TEST(octets_are_counted_from_single_bytes);
    TEST(a_line_end_in_an_argument_sends_nothing);
    TEST(a_secret_with_nul_is_refused);
    TEST(quoted_secrets);
    TEST(the_trace_masks_secrets_by_type);
    TEST(injected_bytes_are_refused_when_buffered);
    TEST(injected_bytes_are_refused_when_unread);
    TEST(last_words_are_heard_when_sending_fails);
    TEST(no_handshake_with_one_who_left);
#undef TEST
    g_test_add_func("/wire/peeking", test_what_is_peeked_at_stays);
    g_test_add_func("/wire/polling", test_polling_does_not_wait);
    g_test_add_func("/wire/holding", test_lines_that_are_held_go_out_together);
    g_test_add_func("/wire/held_before_a_wait", test_what_is_held_goes_out_before_a_wait);
    g_test_add_func("/wire/long_list", test_a_long_list_is_read_line_by_line);
    return g_test_run();
}
