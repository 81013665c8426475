#include "send/intake.h"

#include <string.h>

static void expect(Intake *i, IntakeWhat kind, const char *text)
{
    Bytes what;
    g_assert_cmpint(intake_next(i, &what), ==, kind);
    g_autofree char *got = bytes_dup(what);
    if (text) {
        g_assert_cmpstr(got, ==, text);
    }
}

static void test_a_session(void)
{
    g_autoptr(Intake) i = intake_new(100, 1000);
    intake_feed(i, BYTES_LITERAL("EHLO x\r\nMAIL FROM:<a@b>\r\nDA"));
    expect(i, INTAKE_COMMAND, "EHLO x");
    expect(i, INTAKE_COMMAND, "MAIL FROM:<a@b>");
    expect(i, INTAKE_MORE, NULL);
    intake_feed(i, BYTES_LITERAL("TA\r\n..\r\n.x\r\nend\r\n.\r\nQUIT\r\n"));
    expect(i, INTAKE_COMMAND, "DATA");
    intake_begin_text(i);
    expect(i, INTAKE_TEXT, ".\r\nx\r\nend\r\n");
    expect(i, INTAKE_COMMAND, "QUIT");
    expect(i, INTAKE_MORE, NULL);
}

/* What ends a message for some and not for others ends none here. */
static void test_no_second_message_hides_in_the_first(void)
{
    static const char *const tricks[] = {"\n.\n",   "\n.\r\n", "\r.\r",
                                         "\r\n.\n", "\r\n.\r", "\n.\r"};
    for (size_t n = 0; n < G_N_ELEMENTS(tricks); n++) {
        g_autoptr(Intake) i = intake_new(100, 1000);
        g_autofree char *said =
            g_strconcat("DATA\r\none", tricks[n], "MAIL FROM:<x@y>\r\n.\r\n", NULL);
        intake_feed(i, bytes_of(said));
        expect(i, INTAKE_COMMAND, "DATA");
        intake_begin_text(i);
        Bytes text;
        g_assert_cmpint(intake_next(i, &text), ==, INTAKE_TEXT);
        g_assert_nonnull(memmem(text.data, text.len, "MAIL FROM", 9));
        expect(i, INTAKE_MORE, NULL);
    }
}

static void test_typed_by_hand(void)
{
    g_autoptr(Intake) i = intake_new(100, 1000);
    intake_feed(i, BYTES_LITERAL("DATA\nhello\n.\nQUIT\n"));
    expect(i, INTAKE_COMMAND, "DATA");
    intake_begin_text(i);
    expect(i, INTAKE_TEXT, "hello\n");
    expect(i, INTAKE_COMMAND, "QUIT");
}

static void test_caps(void)
{
    g_autoptr(Intake) i = intake_new(10, 20);
    intake_feed(i, BYTES_LITERAL("0123456789\r\n01234567890\r\nDATA\r\n"));
    expect(i, INTAKE_COMMAND, "0123456789");
    expect(i, INTAKE_TOO_LONG, NULL);
    expect(i, INTAKE_COMMAND, "DATA");
    intake_begin_text(i);
    /* A lone dot behind what was dropped of a long line does not end the message. */
    for (int n = 0; n < 10; n++) {
        intake_feed(i, BYTES_LITERAL("0123456789."));
        expect(i, INTAKE_MORE, NULL);
    }
    intake_feed(i, BYTES_LITERAL("\r\n"));
    expect(i, INTAKE_MORE, NULL);
    intake_feed(i, BYTES_LITERAL(".\r\nNOOP\r\n"));
    expect(i, INTAKE_TOO_LARGE, NULL);
    expect(i, INTAKE_COMMAND, "NOOP");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/intake/session", test_a_session);
    g_test_add_func("/intake/no-second-message-hides-in-the-first",
                    test_no_second_message_hides_in_the_first);
    g_test_add_func("/intake/typed-by-hand", test_typed_by_hand);
    g_test_add_func("/intake/caps", test_caps);
    return g_test_run();
}
