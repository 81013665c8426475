#include "deliver/sender.h"

static void test_the_sender_is_found_or_there_is_none(void)
{
    static const struct {
        const char *text, *sender;
    } rows[] = {
        {"Return-Path: <a@b>\r\nFrom: c@d\r\n\r\n", "a@b"},
        {"From: Name <c@d>\n\n", "c@d"},
        {"from: c@d", "c@d"},
        {"Sender: s@t\nFrom: c@d\n", "s@t"},
        {"Return-Path: <>\nFrom: c@d\n\n", ""},
        {"Subject: x\n\nFrom: body@b\n", ""},
        {"From: -oQ/tmp@x\n", ""},
        {"From: a@b c@d\n", ""},
        {"From: <unclosed\n", ""},
        {"", ""},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *sender = deliver_sender(bytes_of(rows[i].text));
        g_assert_cmpstr(sender, ==, rows[i].sender);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sender/found", test_the_sender_is_found_or_there_is_none);
    return g_test_run();
}
