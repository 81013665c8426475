#include "report/wrap.h"

#include <glib.h>

static const struct {
    const char *text;
    size_t columns;
    const char *wrapped;
} rows[] = {
    {"", 20, ""},
    {"fits as it is", 13, "fits as it is"},
    {"fits as it is", 12, "fits as it\n    is"},
    {"one two three four five six", 11, "one two\n    three\n    four\n    five\n    six"},
    {"two lines\nof them", 20, "two lines\nof them"},
    {"  further in than that", 14, "  further in\n      than\n      that"},
    /* below the text of a row */
    {"  NAME    what it is for, in a phrase", 30,
     "  NAME    what it is for, in a\n          phrase"},
    {"as RFC 2971 and (RFC 3501; more) say", 8,
     "as RFC 2971\n    and\n    (RFC 3501;\n    more)\n    say"},
    /* too narrow to align there */
    {"  NAME    what it is for, in a phrase", 24, "  NAME    what it is\n      for, in a phrase"},
    /* what cannot be broken is not, and nothing is won by a break before the indent */
    {"pin sha256:0123456789abcdef z", 12, "pin sha256:0123456789abcdef\n    z"},
    {"sha256:0123456789abcdef", 12, "sha256:0123456789abcdef"},
    /* columns, not octets */
    {"gr\xc3\xbc\xc3\x9f"
     "e aus k\xc3\xb6ln",
     14,
     "gr\xc3\xbc\xc3\x9f"
     "e aus k\xc3\xb6ln"},
    {"\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5 \xe6\x97\xa5", 8,
     "\xe6\x97\xa5\xe6\x97\xa5\xe6\x97\xa5\n    \xe6\x97\xa5"},
    /* no UTF-8: as it is */
    {"\xff\xfe one two three", 4, "\xff\xfe one two three"},
};

static void test_lines_that_fit(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *wrapped = wrap_text(rows[i].text, rows[i].columns);
        g_assert_cmpstr(wrapped, ==, rows[i].wrapped);
    }
}

static void test_any_width_ends_and_loses_no_word(void)
{
    for (size_t columns = 0; columns < 40; columns++) {
        g_autofree char *wrapped = wrap_text("  a  bb ccc\ndddd eeeee", columns);
        g_autofree char *joined = g_strdup(wrapped);
        GString *letters = g_string_new(NULL);
        for (const char *p = joined; *p != '\0'; p++) {
            if (*p != ' ' && *p != '\n') {
                g_string_append_c(letters, *p);
            }
        }
        g_assert_cmpstr(letters->str, ==, "abbcccddddeeeee");
        g_string_free(letters, TRUE);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/wrap/lines_that_fit", test_lines_that_fit);
    g_test_add_func("/wrap/any_width_ends_and_loses_no_word",
                    test_any_width_ends_and_loses_no_word);
    return g_test_run();
}
