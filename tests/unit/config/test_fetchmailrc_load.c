#include "config/fetchmailrc.h"

#include <glib/gstdio.h>

static char *file_with(const char *text, int mode)
{
    char *path = g_build_filename(g_get_tmp_dir(), "postern-fetchmailrc-XXXXXX", NULL);
    int fd = g_mkstemp(path);
    g_assert_cmpint(fd, >=, 0);
    g_close(fd, NULL);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
    g_assert_cmpint(g_chmod(path, mode), ==, 0);
    return path;
}

static void assert_refused(const char *path, FetchmailrcFailure wanted, const char *words)
{
    FetchmailrcFailure failure = 0;
    g_autoptr(GError) error = NULL;
    g_assert_null(fetchmailrc_load(path, &failure, &error));
    g_assert_cmpint(failure, ==, wanted);
    g_assert_nonnull(strstr(error->message, words));
}

static void test_fetchmailrc_file_must_be_closed_to_others(void)
{
    g_autofree char *path = file_with("poll h user u pass p\n", 0640);
    assert_refused(path, FETCHMAILRC_PERMISSIONS, "chmod 600");
    g_assert_cmpint(g_chmod(path, 0700), ==, 0);
    g_autoptr(GError) error = NULL;
    g_autoptr(FetchmailRc) rc = fetchmailrc_load(path, NULL, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(rc->servers->len, ==, 1);
    g_unlink(path);
}

static void test_fetchmailrc_failures_are_told_apart(void)
{
    g_autofree char *path = file_with("poll\n", 0600);
    assert_refused(path, FETCHMAILRC_SYNTAX, ":2:");
    assert_refused("/nonexistent/rc", FETCHMAILRC_PERMISSIONS, "/nonexistent/rc");
    assert_refused("/", FETCHMAILRC_PERMISSIONS, "/");
    g_unlink(path);
    g_autoptr(FetchmailRc) rc = fetchmailrc_load("/dev/null", NULL, NULL);
    g_assert_nonnull(rc);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fetchmailrc_load/file_must_be_closed_to_others",
                    test_fetchmailrc_file_must_be_closed_to_others);
    g_test_add_func("/fetchmailrc_load/failures_are_told_apart",
                    test_fetchmailrc_failures_are_told_apart);
    return g_test_run();
}
