#include "mime/address.h"

static char *joined(const char *list)
{
    g_autoptr(GPtrArray) out = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) error = NULL;
    if (!address_list(bytes_of(list), out, &error)) {
        g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_DATA);
        return g_strdup("no");
    }
    g_ptr_array_add(out, NULL);
    return g_strjoinv("|", (char **)out->pdata);
}

static void test_lists(void)
{
    static const struct {
        const char *list, *expected;
    } rows[] = {
        {"", ""},
        {"a@b", "a@b"},
        {" a@b , c@d,", "a@b|c@d"},
        {"Joe <a@b>, \"x, y\" <c@d>", "a@b|c@d"},
        {"\"a, b\"@c, (x, y@z) d@e (f)", "\"a, b\"@c|d@e"},
        {"friends: a@b, Joe <c@d>;, e@f", "a@b|c@d|e@f"},
        {"undisclosed-recipients:;", ""},
        {"<@relay,@x:a@b>", "a@b"},
        {"J\xc3\xbcrgen <j@b\xc3\xbc.example>", "j@b\xc3\xbc.example"},
        {"a@b,\r\n c@d", "a@b|c@d"},
        {"postmaster", "postmaster"},
        {"Joe Doe", "no"},
        {"a@b c@d", "no"},
        {"<a@b", "no"},
        {"\"a@b", "no"},
        {"(a@b", "no"},
        {"<>", "no"},
        {"a@b>", "no"},
        {"<a@b\r\nc@d>", "no"},
        {"=?utf-8?q?a=40b?=", "=?utf-8?q?a=40b?="}, /* an encoded word is no address of a domain */
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *got = joined(rows[i].list);
        g_assert_cmpstr(got, ==, rows[i].expected);
    }
}

static void test_one(void)
{
    g_autofree char *one = address_one("Joe <a@b>", NULL);
    g_assert_cmpstr(one, ==, "a@b");
    g_assert_null(address_one("a@b, c@d", NULL));
    g_assert_null(address_one("", NULL));
}

static void test_envelope(void)
{
    g_autofree char *ascii = address_for_envelope("a@b\xc3\xbc.example", NULL);
    g_assert_cmpstr(ascii, ==, "a@xn--b-eha.example");
    g_autofree char *utf8 = address_for_envelope("\xc3\xa4@b\xc3\xbc.example", NULL);
    g_assert_cmpstr(utf8, ==, "\xc3\xa4@b\xc3\xbc.example");
    g_autofree char *plain = address_for_envelope("A@B.example", NULL);
    g_assert_cmpstr(plain, ==, "A@B.example");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/send-address/lists", test_lists);
    g_test_add_func("/send-address/one", test_one);
    g_test_add_func("/send-address/domains-as-a-labels", test_envelope);
    return g_test_run();
}
