/* source.c: the messages of an input. */
#include "mime/source.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

/* The messages of a file with this text, each followed by "|". */
static char *messages(const char *text, const char *format)
{
    g_autofree char *path = NULL;
    int fd = g_file_open_tmp(NULL, &path, NULL);
    g_assert_cmpint(write(fd, text, strlen(text)), ==, strlen(text));
    close(fd);
    g_autoptr(GError) error = NULL;
    g_autoptr(MimeSource) source = mime_source_open(path, format, &error);
    GString *all = g_string_new(NULL);
    MimeItem item;
    while (mime_source_next(source, &item, &error)) {
        char buffer[256];
        ssize_t n =
            pread(item.fd, buffer, MIN(sizeof buffer, item.end - item.start), (off_t)item.start);
        g_string_append_len(all, buffer, n);
        g_string_append_printf(all, "|%u\n", item.number);
    }
    g_assert_no_error(error);
    g_unlink(path);
    return g_string_free(all, FALSE);
}

#define FROM "From a@b Mon Jan  1 10:00:00 2024\n"

static void test_mbox(void)
{
    g_autofree char *two = messages(FROM "A: 1\n\nx\n\n" FROM "A: 2\n\nFrom me to you\n", NULL);
    g_assert_cmpstr(two, ==, "A: 1\n\nx\n|1\nA: 2\n\nFrom me to you\n|2\n");
    g_autofree char *empty = messages(FROM FROM "A: 2\n\n", NULL);
    g_assert_cmpstr(empty, ==, "|1\nA: 2\n\n|2\n");
    g_autofree char *late = messages("\n\n" FROM "A: 1\n\nx\n", NULL);
    g_assert_cmpstr(late, ==, "A: 1\n\nx\n|1\n");
    g_autofree char *forced = messages(FROM "A: 1\n\nx\n", "message");
    g_assert_cmpstr(forced, ==, FROM "A: 1\n\nx\n|1\n");
}

/* From_ lines at every place of the window. */
static void test_a_large_mbox_is_split_everywhere(void)
{
    for (size_t size = 900; size < 930; size++) {
        g_autoptr(GString) text = g_string_new(NULL);
        g_autofree char *body = g_strnfill(size, 'x');
        for (int i = 0; i < 700; i++) {
            g_string_append_printf(text, FROM "A: %d\n\n%s\n\n", i, body);
        }
        g_autofree char *path = NULL;
        int fd = g_file_open_tmp(NULL, &path, NULL);
        g_assert_cmpint(write(fd, text->str, text->len), ==, text->len);
        close(fd);
        g_autoptr(MimeSource) source = mime_source_open(path, NULL, NULL);
        MimeItem item;
        unsigned count = 0;
        while (mime_source_next(source, &item, NULL)) {
            count++;
            g_assert_cmpuint(item.end - item.start, <, size + 20);
        }
        g_assert_cmpuint(count, ==, 700);
        g_unlink(path);
    }
}

static void test_rewritten(void)
{
    g_autofree char *retr = messages("+OK\nA: 1\n\n..x\n.\nmore\n", NULL);
    g_assert_cmpstr(retr, ==, "A: 1\n\n.x\n|1\n");
    g_autofree char *text = messages("only text\n", NULL);
    g_assert_cmpstr(text, ==, "MIME-Version: 1.0\n\nonly text\n|1\n");
}

static void test_blanks_before_the_header_are_passed_over(void)
{
    g_autofree char *lines = messages("\n\nA: 1\n\nx\n", NULL);
    g_assert_cmpstr(lines, ==, "A: 1\n\nx\n|1\n");
    g_autofree char *indented = messages(" A: 1\nB: 2\n\nx\n", "message");
    g_assert_cmpstr(indented, ==, "A: 1\nB: 2\n\nx\n|1\n");
}

static void test_missing_files_are_told(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(MimeSource) source = mime_source_open("/nonexistent/x", NULL, NULL);
    MimeItem item;
    g_assert_false(mime_source_next(source, &item, &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_NO_INPUT);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/source/mbox", test_mbox);
    g_test_add_func("/source/large_mbox", test_a_large_mbox_is_split_everywhere);
    g_test_add_func("/source/rewritten", test_rewritten);
    g_test_add_func("/source/blanks", test_blanks_before_the_header_are_passed_over);
    g_test_add_func("/source/missing", test_missing_files_are_told);
    return g_test_run();
}
