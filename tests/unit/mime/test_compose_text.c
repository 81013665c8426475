#include "mime/compose_text.h"

#include <string.h>

static void check(const char *text, const char *expected)
{
    bool flowed;
    g_autofree char *got = compose_flowed(text, &flowed);
    g_assert_cmpstr(got, ==, expected);
    g_assert_true(flowed);
}

static void test_flowed(void)
{
    check("", "");
    check("a", "a\n");
    check("a\r\nb\rc", "a\nb\nc\n");
    check("a  \n", "a\n");
    check("-- \nme\n", "-- \nme\n");
    check(" a\nFrom b\n", "  a\n From b\n");
    check("> a\n", "> a\n");
}

/* Broken at blanks, and joined again it is the same. */
static void test_long(void)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (int i = 0; i < 300; i++) {
        g_string_append_printf(text, "%sw\xc3\xb6rt%d", i ? " " : "", i);
    }
    g_string_append_c(text, '\n');
    bool flowed;
    g_autofree char *got = compose_flowed(text->str, &flowed);
    g_assert_true(flowed);
    g_auto(GStrv) lines = g_strsplit(got, "\n", -1);
    for (size_t i = 0; lines[i]; i++) {
        g_assert_cmpint(g_utf8_strlen(lines[i], -1), <=, 78);
    }
    g_auto(GStrv) parts = g_strsplit(got, " \n", -1);
    g_autofree char *joined = g_strjoinv(" ", parts);
    g_assert_cmpstr(joined, ==, text->str);
}

static void test_too_long_for_that(void)
{
    g_autofree char *word = g_strnfill(2000, 'x');
    bool flowed;
    g_autofree char *got = compose_flowed(word, &flowed);
    g_assert_false(flowed);
    g_assert_cmpuint(strlen(got), ==, 2001);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/compose-text/flowed", test_flowed);
    g_test_add_func("/compose-text/long-lines-join-again", test_long);
    g_test_add_func("/compose-text/a-word-too-long", test_too_long_for_that);
    return g_test_run();
}
