/* Whole replies from a wire: three-digit ones, and responses with literals. */
#include <string.h>

#include "io/script.h"
#include "proto/code_reply.h"
#include "proto/response.h"

static Wire *wire_on(const char *script)
{
    GError *error = NULL;
    Stream *stream = script_stream(bytes_of(script), (ScriptOptions){.dribble = true}, &error);
    g_assert_no_error(error);
    return wire_new(stream, 0.02);
}

static void assert_reply(const char *script, bool ftp, int code, const char *enhanced,
                         const char *text)
{
    GError *error = NULL;
    g_auto(CodeReply) reply = {0};
    g_autoptr(Wire) w = wire_on(script);
    g_assert_true(code_reply(w, ftp, &reply, &error));
    g_assert_no_error(error);
    g_assert_cmpint(reply.code, ==, code);
    g_assert_cmpstr(reply.enhanced, ==, enhanced);
    g_assert_cmpstr(reply.text->str, ==, text);
}

static void assert_no_reply(const char *script, bool ftp, int kind, const char *words)
{
    g_autoptr(GError) error = NULL;
    g_auto(CodeReply) reply = {0};
    g_autoptr(Wire) w = wire_on(script);
    g_assert_false(code_reply(w, ftp, &reply, &error));
    g_assert_error(error, POSTERN_ERROR, kind);
    g_assert_nonnull(strstr(error->message, words));
}

static void test_replies_of_three_digits(void)
{
    assert_reply("<- 250 2.0.0 Ok\n", false, 250, "2.0.0", "2.0.0 Ok");
    assert_reply("<- 250-a\n<- 250-b\n<- 250\n", false, 250, "", "a\nb\n");
    assert_reply("<- 334\n", false, 334, "", "");
    assert_reply("<- 211-Features:\n<-  AUTH TLS\n<- 212 not yet\n<- 211-nor now\n<- 211 End\n",
                 true, 211, "", "Features:\n AUTH TLS\n212 not yet\nnor now\nEnd");
    assert_reply("<= 323530206100620d0a\n", false, 250, "", "a\\x00b");
}

static void test_what_is_no_reply(void)
{
    assert_no_reply("<- hello\n", false, POSTERN_ERROR_PROTOCOL, "\"hello\" is no reply");
    assert_no_reply("<- 250-a\n<- 251 b\n", false, POSTERN_ERROR_PROTOCOL, "its code differs");
    assert_no_reply("<- 250-a\n<- b\n", false, POSTERN_ERROR_PROTOCOL, "must begin with its code");
    assert_no_reply("<- 250-a\n<eof\n", false, POSTERN_ERROR_EOF, "closed");
}

static void test_endless_replies_are_given_up(void)
{
    g_autoptr(GString) lines = g_string_new(NULL), wide = g_string_new(NULL);
    g_autofree char *filler = g_strnfill(1000, 'x');
    for (int i = 0; i < 513; i++) {
        g_string_append(lines, "<- 250-x\n");
        g_string_append_printf(wide, "<- 250-%s\n", filler);
    }
    assert_no_reply(lines->str, false, POSTERN_ERROR_LIMIT, "does not end");
    assert_no_reply(wide->str, false, POSTERN_ERROR_LIMIT, "does not end");
}

static void test_words_for_messages(void)
{
    g_auto(CodeReply) reply = {.code = 454, .text = g_string_new("4.7.0 later")};
    g_autofree char *words = code_reply_words(&reply);
    g_assert_cmpstr(words, ==, "454 4.7.0 later");
    g_assert_true(code_reply_temporary(&reply));
    reply.code = 554;
    g_assert_false(code_reply_temporary(&reply));
}

static void test_responses_with_literals(void)
{
    g_autoptr(GByteArray) whole = g_byte_array_new();
    g_autoptr(Wire) w = wire_on("<- * 1 FETCH {3}\n<= 0a0061\n<-  {0}\n<- )\n<- a1 OK\n");
    g_assert_true(response_read(w, 1000, whole, NULL));
    static const char expected[] = "* 1 FETCH {3}\r\n\n\0a {0}\r\n)";
    g_assert_true(bytes_equal(bytes_of_array(whole), (Bytes){expected, sizeof expected - 1}));
    g_assert_true(response_read(w, 1000, whole, NULL));
    g_assert_true(bytes_equal(bytes_of_array(whole), BYTES_LITERAL("a1 OK")));
}

static void test_responses_are_capped(void)
{
    static const char *const scripts[] = {"<- * 1 FETCH {4294967295}\n<stall\n",
                                          "<- * 0123456789012345678901234567890\n",
                                          "<- {20}\n<- 012345678901234567\n<- {20}\n<stall\n"};
    for (size_t i = 0; i < G_N_ELEMENTS(scripts); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GByteArray) whole = g_byte_array_new();
        g_autoptr(Wire) w = wire_on(scripts[i]);
        g_assert_false(response_read(w, 30, whole, &error));
        g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_LIMIT);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/replies/three-digits", test_replies_of_three_digits);
    g_test_add_func("/replies/what-is-none", test_what_is_no_reply);
    g_test_add_func("/replies/endless-ones-are-given-up", test_endless_replies_are_given_up);
    g_test_add_func("/replies/words-for-messages", test_words_for_messages);
    g_test_add_func("/replies/with-literals", test_responses_with_literals);
    g_test_add_func("/replies/are-capped", test_responses_are_capped);
    return g_test_run();
}
