#include "explain_test.h"

static void test_words_are_decoded(void)
{
    static const struct {
        Bytes line;
        const char *text;
    } cases[] = {
        {BYTES_LITERAL("Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?="), "Subject: Gr\xc3\xbc\xc3\x9f"
                                                                "e"},
        {BYTES_LITERAL("Subject: =?UTF-8?B?R3LDvMOfZQ==?="), "Subject: Gr\xc3\xbc\xc3\x9f"
                                                             "e"},
        {BYTES_LITERAL("Subject: =?iso-8859-1?q?a_caf=e9=2C_b?= c"), "Subject: a caf\xc3\xa9, b c"},
        {BYTES_LITERAL("Subject: =?utf-8?B?R3LDvMOfZQ?="), "Subject: Gr\xc3\xbc\xc3\x9f"
                                                           "e"}, /* padding forgotten */
        {BYTES_LITERAL("X: =?utf-8?q?a?= =?utf-8?q?b?=\t =?utf-8?q?c?= d"), "X: abc d"},
        {BYTES_LITERAL("X: =?utf-8?b?w7w=?= =?iso-8859-1?q?=FC?="), "X: \xc3\xbc\xc3\xbc"},
        {BYTES_LITERAL("X: =?utf-8?b?4pg=?= =?utf-8?b?gw==?="),
         "X: \xe2\x98\x83"}, /* one character cut in two */
        {BYTES_LITERAL("X: =?us-ascii*en?q?plain?="), "X: plain"},
        {BYTES_LITERAL("X: =?windows-1252?q?=80?="), "X: \xe2\x82\xac"},
        {BYTES_LITERAL("X: =?koi8-r?b?8NLJ18XU?="),
         "X: \xd0\x9f\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82"},
        {BYTES_LITERAL("X: =?iso-2022-jp?b?GyRCRnxLXBsoQg==?="), "X: \xe6\x97\xa5\xe6\x9c\xac"},
        {BYTES_LITERAL(" =?utf-8?q?folded?="), "folded"},
        {BYTES_LITERAL("X: =?utf-8?q?=ZZ=4?="), "X: =ZZ=4"},
        {BYTES_LITERAL("X: =?utf-8?q?"
                       "?="),
         "X:"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = explain_header_field(cases[i].line);
        g_assert_cmpstr(text, ==, cases[i].text);
    }
}

static void test_what_holds_no_word_says_nothing(void)
{
    static const Bytes cases[] = {
        BYTES_LITERAL("Subject: plain"),
        BYTES_LITERAL(""),
        BYTES_LITERAL("Subject: =?utf-8?X?a?="),
        BYTES_LITERAL("Subject: =?utf-8?Q?a"),
        BYTES_LITERAL("Subject: =?utf-8?Q?a?"),
        BYTES_LITERAL("Subject: =??Q?a?="),
        BYTES_LITERAL("Subject: =?utf-8?B?!!!!?="),
        BYTES_LITERAL("Subject: =?no-such-charset?Q?a?="),
        BYTES_LITERAL("Subject: =?../../../tmp/evil?Q?a?="),
        BYTES_LITERAL("Subject: =?iso-8859-1//TRANSLIT?Q?a?="),
        BYTES_LITERAL("Subject: =?iso-8859-999?Q?a?="),
        BYTES_LITERAL("=?"),
        BYTES_LITERAL("=?a?q"),
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = explain_header_field(cases[i]);
        g_assert_cmpstr(text, ==, NULL);
    }
}

static void test_what_is_decoded_stays_harmless_and_short(void)
{
    g_autofree char *controls =
        explain_header_field(BYTES_LITERAL("X: =?utf-8?q?=1B[2J=0D=0AEvil:=E2=80=AE?="));
    g_assert_cmpstr(controls, ==, "X: \\x1B[2J\\r\\nEvil:\\u{202E}");
    g_autofree char *broken = explain_header_field(BYTES_LITERAL("X: =?utf-8?q?=FF=FE?="));
    g_assert_cmpstr(broken, ==, "X: \\xFF\\xFE");

    g_autoptr(GString) many = g_string_new("X: ");
    for (int i = 0; i < 100000; i++) {
        g_string_append(many, "=?utf-8?q?aaaa?= ");
    }
    g_autofree char *long_text = explain_header_field(bytes_of_string(many));
    g_assert_cmpuint(strlen(long_text), <, 1100);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/explain-header/decoded", test_words_are_decoded);
    g_test_add_func("/explain-header/nothing", test_what_holds_no_word_says_nothing);
    g_test_add_func("/explain-header/harmless", test_what_is_decoded_stays_harmless_and_short);
    return g_test_run();
}
