/* charset.c: any character set as UTF-8, a byte at a time too. */
#include "mime/charset.h"

static char *convert(const char *name, Bytes text, size_t piece)
{
    Charset *charset = charset_new(name);
    GString *out = g_string_new(NULL);
    while (text.len > 0) {
        charset_feed(charset, bytes_sub(text, 0, piece), out);
        text = bytes_sub(text, piece, SIZE_MAX);
    }
    charset_end(charset, out);
    charset_free(charset);
    return g_string_free(out, FALSE);
}

static void test_sets(void)
{
    static const struct {
        const char *set, *given, *utf8;
    } rows[] = {
        {"utf-8", "gr\303\274n \342\202\254", "gr\303\274n \342\202\254"},
        {NULL, "gr\303\274n", "gr\303\274n"},
        {NULL, "gr\374n \200", "gr\303\274n \342\202\254"},
        {"us-ascii", "gr\374n", "gr\303\274n"},
        {"iso-8859-1", "\223gr\374n\224", "\342\200\234gr\303\274n\342\200\235"},
        {"klingon", "gr\374n", "gr\303\274n"},
        {"utf-8//IGNORE", "a", "a"},
        {"koi8-r", "\360\322", "\320\237\321\200"},
        {"iso-2022-jp", "\033$B$\"\033(Bx", "\343\201\202x"},
        {"shift_jis", "\202\240", "\343\201\202"},
        {"utf-7", "a+AOQ-b", "a\303\244b"},
        {"shift_jis", "a\202", "a\357\277\275"},
        {"utf-8", "cut \342\202", "cut \303\242\342\200\232"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        for (size_t piece = 1; piece <= 64; piece *= 8) {
            g_autofree char *utf8 = convert(rows[i].set, bytes_of(rows[i].given), piece);
            g_assert_cmpstr(utf8, ==, rows[i].utf8);
        }
    }
}

static void test_known(void)
{
    g_assert_true(charset_known("UTF-8"));
    g_assert_true(charset_known("us-ascii"));
    g_assert_true(charset_known("ISO-8859-15"));
    g_assert_false(charset_known("klingon"));
    g_assert_false(charset_known("../../x"));
    g_assert_false(charset_known("utf-16//TRANSLIT"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/charset/sets", test_sets);
    g_test_add_func("/charset/known", test_known);
    return g_test_run();
}
