#include "cmd/talk_line.h"

#include <glib.h>
#include <locale.h>
#include <string.h>
#include <unistd.h>

#define SUN "\xe6\x97\xa5" /* two columns */
#define UMLAUT "\xc3\xbc"  /* one */
#define ACCENT "e\xcc\x81" /* e and a combining accent: one */

static const struct {
    const char *text;
    int width, row, column;
} ends[] = {
    {"", 10, 0, 0},
    {"abc", 10, 0, 3},
    {"123456789", 10, 0, 9},
    {"1234567890", 10, 1, 0}, /* behind the last column is the next row */
    {"12345678901", 10, 1, 1},
    {"12345678901234567890", 10, 2, 0},
    {UMLAUT UMLAUT, 10, 0, 2},
    {ACCENT ACCENT, 10, 0, 2},
    {SUN SUN, 10, 0, 4},
    {SUN SUN SUN SUN SUN, 10, 1, 0},
    {"x" SUN SUN SUN SUN, 10, 0, 9},
    {"x" SUN SUN SUN SUN SUN, 10, 1, 2}, /* no half of it in the last column */
    {"\t", 20, 0, 8},
    {"abc\td", 20, 0, 9},
    {"12345678\t", 20, 0, 16},
    {"\x01", 10, 0, 2},          /* ^A */
    {"123456789\x01", 10, 1, 1}, /* its two halves can part */
    {"ab\xff"
     "cd",
     10, 0, 2}, /* as far as it is text */
};

static void test_where_a_line_ends(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(ends); i++) {
        Cell cell = line_cell((Cell){0}, ends[i].text, strlen(ends[i].text), ends[i].width);
        g_test_message("%zu", i);
        g_assert_cmpint(cell.row, ==, ends[i].row);
        g_assert_cmpint(cell.column, ==, ends[i].column);
    }
}

static void test_a_line_goes_on_behind_its_prompt(void)
{
    Cell prompt = line_cell((Cell){0}, "~> ", 3, 10);
    Cell end = line_cell(prompt, "1234567", 7, 10);
    g_assert_cmpint(end.row, ==, 1);
    g_assert_cmpint(end.column, ==, 0);
}

static void test_the_cursor_is_where_its_character_is(void)
{
    /* 9 columns, and a character that needs two */
    const char *text = "123456789" SUN "x";
    Cell on_it = line_cursor((Cell){0}, text, 9, strlen(text), 10);
    g_assert_cmpint(on_it.row, ==, 1);
    g_assert_cmpint(on_it.column, ==, 0);
    Cell behind_it = line_cursor((Cell){0}, text, 12, strlen(text), 10);
    g_assert_cmpint(behind_it.row, ==, 1);
    g_assert_cmpint(behind_it.column, ==, 2);
    Cell at_the_end = line_cursor((Cell){0}, text, 9, 9, 10);
    g_assert_cmpint(at_the_end.row, ==, 0);
    g_assert_cmpint(at_the_end.column, ==, 9);
}

static void test_what_is_no_terminal_has_80_columns(void)
{
    int ends_of_pipe[2];
    g_assert_cmpint(pipe(ends_of_pipe), ==, 0);
    g_assert_cmpint(line_terminal_width(ends_of_pipe[1]), ==, 80);
    g_assert_cmpint(line_terminal_width(-1), ==, 80);
    close(ends_of_pipe[0]);
    close(ends_of_pipe[1]);
}

int main(int argc, char **argv)
{
    g_assert_nonnull(setlocale(LC_CTYPE, "C.UTF-8"));
    g_test_init(&argc, &argv, NULL);
#define TEST(name) g_test_add_func("/talk-line/" #name, test_##name)
    TEST(where_a_line_ends);
    TEST(a_line_goes_on_behind_its_prompt);
    TEST(the_cursor_is_where_its_character_is);
    TEST(what_is_no_terminal_has_80_columns);
#undef TEST
    return g_test_run();
}
