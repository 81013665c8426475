#include "store/durable.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static void test_files_are_synced_by_either_way(void)
{
    g_autofree char *dir = g_dir_make_tmp("postern-XXXXXX", NULL);
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    char *names[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i", NULL};
    for (size_t i = 0; names[i] != NULL; i++) {
        g_autofree char *path = g_build_filename(dir, names[i], NULL);
        g_assert_true(g_file_set_contents(path, "text", 4, NULL));
    }
    g_assert_true(durable_files(fd, names, 1, 4, NULL));
    g_assert_true(durable_files(fd, names, 7, 28, NULL));
    g_assert_true(durable_files(fd, names, 9, 36, NULL));
    g_assert_true(durable_directory(fd, dir, NULL));
    close(fd);
}

static void test_a_file_that_is_not_there_is_a_failure(void)
{
    g_autofree char *dir = g_dir_make_tmp("postern-XXXXXX", NULL);
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    char *names[] = {"gone", NULL};
    g_autoptr(GError) error = NULL;
    g_assert_false(durable_files(fd, names, 1, 4, &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_IO);
    close(fd);
}

static void test_much_that_waits_is_not_synced_along(void)
{
    int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    g_assert_false(durable_prefers_syncfs(proc, 1u << 30));
    close(proc);
}

static void test_replace_is_whole_or_not_at_all(void)
{
    g_autofree char *dir = g_dir_make_tmp("postern-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(dir, "file", NULL);
    g_autofree char *text = NULL;
    g_assert_true(durable_replace(path, "one", 3, NULL));
    g_assert_true(durable_replace(path, "two!", 4, NULL));
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_assert_cmpstr(text, ==, "two!");
    g_autoptr(GError) error = NULL;
    g_assert_false(durable_replace("/nowhere/at/all", "x", 1, &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_CANT_CREATE);
}

static void test_a_full_disk_is_told(void)
{
    int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    g_assert_false(durable_write_all(full, "x", 1));
    g_assert_cmpint(errno, ==, ENOSPC);
    close(full);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/durable/files", test_files_are_synced_by_either_way);
    g_test_add_func("/durable/missing", test_a_file_that_is_not_there_is_a_failure);
    g_test_add_func("/durable/others", test_much_that_waits_is_not_synced_along);
    g_test_add_func("/durable/replace", test_replace_is_whole_or_not_at_all);
    g_test_add_func("/durable/full", test_a_full_disk_is_told);
    return g_test_run();
}
