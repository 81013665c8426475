#include "server/imapd_structure.h"

#include <string.h>

static void assert_addresses(const char *from, const char *expected)
{
    g_autoptr(GString) out = g_string_new(NULL);
    g_autofree char *header = g_strdup_printf("To: %s\r\n\r\n", from);
    g_autofree char *whole = g_strdup_printf("(NIL NIL NIL NIL NIL %s NIL NIL NIL NIL)", expected);
    imap_put_envelope(out, bytes_of(header));
    g_assert_cmpstr(out->str, ==, whole);
}

static void test_addresses_in_all_their_forms(void)
{
    assert_addresses("a@b", "((NIL NIL \"a\" \"b\"))");
    assert_addresses("\"x, y\" <a@b> , c@[1.2] (C)",
                     "((\"x, y\" NIL \"a\" \"b\")(\"C\" NIL \"c\" \"[1.2]\"))");
    assert_addresses("g: a@b, <c@d>;", "((NIL NIL \"g\" NIL)(NIL NIL \"a\" \"b\")(NIL NIL \"c\" "
                                       "\"d\")(NIL NIL NIL NIL))");
    assert_addresses("<@r,@s:a@b>", "((NIL \"@r,@s\" \"a\" \"b\"))");
    assert_addresses("nobody", "((NIL NIL \"nobody\" \"MISSING_DOMAIN\"))");
    assert_addresses("<>", "((NIL NIL \"MISSING_MAILBOX\" \"MISSING_DOMAIN\"))");
    assert_addresses(",,", "NIL");
}

static void test_sender_and_reply_to_are_from(void)
{
    g_autoptr(GString) out = g_string_new(NULL);
    imap_put_envelope(out, BYTES_LITERAL("From: a@b\r\nSender:\r\nSubject: \"q\" \\ \303\234\r\n"));
    g_assert_cmpstr(out->str, ==,
                    "(NIL {8}\r\n\"q\" \\ \303\234 ((NIL NIL \"a\" \"b\")) ((NIL NIL \"a\" \"b\")) "
                    "((NIL NIL \"a\" \"b\")) NIL NIL NIL NIL NIL)");
}

static void test_structures(void)
{
    g_autoptr(GString) out = g_string_new(NULL);
    g_autoptr(MimeParts) empty = mime_walk(BYTES_NONE);
    imap_put_structure(out, empty, false);
    g_assert_cmpstr(out->str, ==,
                    "(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 0 0)");
    g_string_truncate(out, 0);
    g_autoptr(MimeParts) none =
        mime_walk(BYTES_LITERAL("Content-Type: multipart/x; boundary=b\n\nnothing"));
    imap_put_structure(out, none, true);
    g_assert_cmpstr(out->str, ==,
                    "((\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 0 0 NIL NIL "
                    "NIL NIL) \"x\" (\"boundary\" \"b\") NIL NIL NIL)");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/addresses in all their forms", test_addresses_in_all_their_forms);
    g_test_add_func("/sender and reply-to are from", test_sender_and_reply_to_are_from);
    g_test_add_func("/structures", test_structures);
    return g_test_run();
}
