#include "proto/smtp_path.h"

static void test_check(void)
{
    static const struct {
        const char *address;
        bool plain, utf8; /* fine without and with SMTPUTF8 */
    } rows[] = {
        {"", true, true},
        {"postmaster", true, true},
        {"joe@example.org", true, true},
        {"joe+tag=x@example.org", true, true},
        {"\"joe doe\"@example.org", true, true},
        {"\"a\\\"b>c\"@example.org", true, true},
        {"joe@[127.0.0.1]", true, true},
        {"j\xc3\xb6\x65@example.org", false, true},
        {"j\xf6\x65@example.org", false, false},
        {"joe doe@example.org", false, false},
        {"joe@example.org> SIZE=1", false, false},
        {"<joe@example.org>", false, false},
        {"joe@example.org\r\nDATA", false, false},
        {"\"joe\r\n\"@example.org", false, false},
        {"\"joe\\\n\"@example.org", false, false},
        {"\"joe@example.org", false, false},
        {"joe@", false, false},
        {"@example.org", false, false},
        {"a@b,c@d", false, false},
        {"a@b@c", false, false},
        {"\"a@b\"@c", true, true},
        {"joe\t@example.org", false, false},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_test_message("%s", rows[i].address);
        for (int utf8 = 0; utf8 < 2; utf8++) {
            g_autoptr(GError) error = NULL;
            bool fine = utf8 ? rows[i].utf8 : rows[i].plain;
            g_assert_true(smtp_path_check(rows[i].address, utf8, &error) == fine);
            g_assert_true(fine == !error);
        }
    }
    g_autofree char *local = g_strnfill(250, 'x');
    g_autofree char *longest = g_strconcat(local, "@b.c", NULL);
    g_autofree char *longer = g_strconcat(local, "x@b.c", NULL);
    g_assert_true(smtp_path_check(longest, false, NULL));
    g_assert_false(smtp_path_check(longer, false, NULL));
}

static void test_xtext(void)
{
    g_autofree char *encoded = smtp_xtext("a+b=c d\xc3\xa4~!");
    g_assert_cmpstr(encoded, ==, "a+2Bb+3Dc+20d+C3+A4~!");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/smtp-path/one-address-stays-one", test_check);
    g_test_add_func("/smtp-path/xtext", test_xtext);
    return g_test_run();
}
