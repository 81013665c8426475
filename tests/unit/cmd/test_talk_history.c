#include "cmd/talk_history.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

static char *state, *file;

static void forget(void)
{
    g_remove(file);
}

static void gather(void *user, const char *line)
{
    g_ptr_array_add(user, g_strdup(line));
}

/* All of it, one line after the other. */
static char *told(TalkHistory *history)
{
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
    talk_history_each(history, gather, lines);
    g_ptr_array_add(lines, NULL);
    return g_strjoinv("|", (char **)lines->pdata);
}

static char *kept(void)
{
    TalkHistory *history = talk_history_open(false);
    char *lines = told(history);
    talk_history_close(history);
    return lines;
}

static void test_lines_are_there_in_the_next_conversation(void)
{
    forget();
    TalkHistory *history = talk_history_open(false);
    static const char *const lines[] = {"EHLO me",    "a \\backslash\\ and \ttab",
                                        "  blanks  ", "k\xc3\xa4se \xff",
                                        "#",          "_HiStOrY_V2_"};
    for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
        talk_history_add(history, lines[i]);
    }
    g_autofree char *now = told(history);
    g_assert_cmpstr(now, ==,
                    "EHLO me|a \\backslash\\ and \ttab|  blanks  |k\xc3\xa4se \xff|#|_HiStOrY_V2_");
    g_autofree char *before_the_end = kept(); /* a closed window loses nothing */
    g_assert_cmpstr(before_the_end, ==, now);
    talk_history_close(history);
    g_autofree char *after = kept();
    g_assert_cmpstr(after, ==, now);
}

static void test_two_conversations_keep_both(void)
{
    forget();
    TalkHistory *one = talk_history_open(false), *two = talk_history_open(false);
    talk_history_add(one, "first");
    talk_history_add(two, "second");
    talk_history_add(one, "third");
    talk_history_close(one);
    talk_history_close(two);
    g_autofree char *lines = kept();
    g_assert_cmpstr(lines, ==, "first|second|third");
}

static void test_the_file_is_private(void)
{
    struct stat status;
    forget();
    TalkHistory *history = talk_history_open(false);
    talk_history_add(history, "NOOP");
    talk_history_close(history);
    g_assert_cmpint(stat(file, &status), ==, 0);
    g_assert_cmpint(status.st_mode & 0777, ==, 0600);
    g_assert_cmpint(g_chmod(file, 0644), ==, 0); /* somebody has opened it up */
    talk_history_close(talk_history_open(false));
    g_assert_cmpint(stat(file, &status), ==, 0);
    g_assert_cmpint(status.st_mode & 0777, ==, 0600);
    g_autofree char *directory = g_path_get_dirname(file);
    g_assert_cmpint(stat(directory, &status), ==, 0);
    g_assert_cmpint(status.st_mode & 0777, ==, 0700);
}

static void test_nothing_is_read_or_written_when_told_so(void)
{
    forget();
    TalkHistory *history = talk_history_open(false);
    talk_history_add(history, "old");
    talk_history_close(history);
    TalkHistory *none = talk_history_open(true);
    talk_history_add(none, "new");
    g_autofree char *lines = told(none); /* of this conversation it is known */
    g_assert_cmpstr(lines, ==, "new");
    talk_history_close(none);
    g_autofree char *after = kept();
    g_assert_cmpstr(after, ==, "old");
}

static void test_a_long_file_is_shortened_to_its_newest_lines(void)
{
    forget();
    TalkHistory *history = talk_history_open(false);
    char line[600];
    memset(line, 'x', sizeof line - 1);
    line[sizeof line - 1] = '\0';
    for (int i = 0; i < 1500; i++) {
        g_snprintf(line, 20, "%018d", i);
        line[18] = 'x';
        line[19] = 'x';
        talk_history_add(history, line);
    }
    struct stat status;
    g_assert_cmpint(stat(file, &status), ==, 0);
    off_t before = status.st_size;
    talk_history_close(history);
    g_assert_cmpint(stat(file, &status), ==, 0);
    g_assert_cmpint(status.st_size, <, before * 3 / 4);
    g_assert_cmpint(status.st_mode & 0777, ==, 0600);
    g_autofree char *lines = kept();
    g_assert_true(g_str_has_prefix(lines, "000000000000000500"));
    g_assert_nonnull(strstr(lines, "|000000000000001499"));
}

static void test_a_spoiled_file_does_no_harm(void)
{
    g_assert_true(g_file_set_contents(file, "not a history\n\xff\xfe\0\n", 18, NULL));
    TalkHistory *history = talk_history_open(false);
    talk_history_add(history, "NOOP");
    g_autofree char *lines = told(history);
    g_assert_true(g_str_has_suffix(lines, "NOOP"));
    talk_history_close(history);
    g_autofree char *next = kept();
    g_assert_true(g_str_has_suffix(next, "NOOP"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    state = g_dir_make_tmp("postern-test-XXXXXX", NULL);
    g_setenv("XDG_STATE_HOME", state, TRUE);
    file = g_build_filename(state, "postern", "talk_history", NULL);
#define TEST(name) g_test_add_func("/talk-history/" #name, test_##name)
    TEST(lines_are_there_in_the_next_conversation);
    TEST(two_conversations_keep_both);
    TEST(the_file_is_private);
    TEST(nothing_is_read_or_written_when_told_so);
    TEST(a_long_file_is_shortened_to_its_newest_lines);
    TEST(a_spoiled_file_does_no_harm);
#undef TEST
    int status = g_test_run();
    g_autofree char *directory = g_path_get_dirname(file);
    g_remove(file);
    g_rmdir(directory);
    g_rmdir(state);
    g_free(state);
    g_free(file);
    return status;
}
