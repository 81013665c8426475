#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/talk.h"

static char *directory;

static void assert_saved(const ReplyStore *store, const char *octets, size_t len)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *file = g_build_filename(directory, "saved", NULL);
    g_assert_true(reply_store_save(store, file, &error));
    g_assert_no_error(error);
    g_autofree char *found = NULL;
    gsize found_len = 0;
    g_assert_true(g_file_get_contents(file, &found, &found_len, NULL));
    g_assert_cmpmem(found, found_len, octets, len);
    g_remove(file);
}

static void test_lines_lose_one_dot_and_keep_their_ends(void)
{
    ReplyStore *store = reply_store_new();
    static const char *const lines[] = {"a\r\n",  "..\r\n", "...b\r\n",
                                        "bare\n", "\r\n",   ".\xff\r\n"};
    for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
        reply_store_line(store, bytes_of(lines[i]), true);
    }
    static const char kept[] = "a\r\n.\r\n..b\r\nbare\n\r\n\xff\r\n";
    g_assert_cmpuint(reply_store_size(store), ==, sizeof kept - 1);
    assert_saved(store, kept, sizeof kept - 1);
    reply_store_free(store);
}

static void test_dots_that_nobody_stuffed_stay(void)
{
    ReplyStore *store = reply_store_new();
    reply_store_line(store, BYTES_LITERAL("..\r\n"), false);
    assert_saved(store, "..\r\n", 4);
    reply_store_free(store);
}

static void test_octets_are_kept_with_nul_and_all(void)
{
    ReplyStore *store = reply_store_new();
    reply_store_octets(store, BYTES_LITERAL("a\0b\xfe"));
    reply_store_octets(store, BYTES_NONE);
    reply_store_octets(store, BYTES_LITERAL("\r"));
    assert_saved(store, "a\0b\xfe\r", 5);
    reply_store_free(store);
}

/* What is larger than memory is for goes by way of a nameless file. */
static void test_megabytes_come_back_whole_and_twice(void)
{
    ReplyStore *store = reply_store_new();
    GByteArray *all = g_byte_array_new();
    char piece[4099];
    for (size_t i = 0; i < 1500; i++) {
        for (size_t j = 0; j < sizeof piece; j++) {
            piece[j] = (char)((i * 31 + j * 7) & 0xff);
        }
        reply_store_octets(store, (Bytes){piece, sizeof piece});
        g_byte_array_append(all, (const guint8 *)piece, sizeof piece);
    }
    g_assert_cmpuint(reply_store_size(store), ==, all->len);
    assert_saved(store, (const char *)all->data, all->len);
    assert_saved(store, (const char *)all->data, all->len);
    reply_store_begin(store);
    g_assert_cmpuint(reply_store_size(store), ==, 0);
    reply_store_octets(store, BYTES_LITERAL("new"));
    assert_saved(store, "new", 3);
    reply_store_free(store);
    g_byte_array_unref(all);
}

static void test_nothing_is_not_saved(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *file = g_build_filename(directory, "nothing", NULL);
    ReplyStore *store = reply_store_new();
    g_assert_false(reply_store_save(store, file, &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_DATA);
    g_assert_false(g_file_test(file, G_FILE_TEST_EXISTS));
    reply_store_free(store);
}

static void test_an_old_file_is_written_over_and_a_new_one_private(void)
{
    g_autofree char *file = g_build_filename(directory, "old", NULL);
    ReplyStore *store = reply_store_new();
    reply_store_octets(store, BYTES_LITERAL("new"));
    g_assert_true(reply_store_save(store, file, NULL));
    struct stat status;
    g_assert_cmpint(stat(file, &status), ==, 0);
    g_assert_cmpint(status.st_mode & 0777, ==, 0600);
    g_assert_true(g_file_set_contents(file, "something longer", -1, NULL));
    g_assert_true(reply_store_save(store, file, NULL));
    g_assert_cmpint(stat(file, &status), ==, 0);
    g_assert_cmpint(status.st_size, ==, 3);
    g_remove(file);
    reply_store_free(store);
}

static void test_a_place_that_is_none_is_told(void)
{
    g_autoptr(GError) error = NULL;
    ReplyStore *store = reply_store_new();
    reply_store_octets(store, BYTES_LITERAL("x"));
    g_autofree char *file = g_build_filename(directory, "not", "there", NULL);
    g_assert_false(reply_store_save(store, file, &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_CANT_CREATE);
    g_assert_nonnull(strstr(error->message, file));
    reply_store_free(store);
}

static void test_a_full_disk_is_told(void)
{
    g_autoptr(GError) error = NULL;
    ReplyStore *store = reply_store_new();
    reply_store_octets(store, BYTES_LITERAL("x"));
    g_assert_false(reply_store_save(store, "/dev/full", &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_IO);
    reply_store_free(store);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    directory = g_dir_make_tmp("postern-test-XXXXXX", NULL);
#define TEST(name) g_test_add_func("/talk-reply/" #name, test_##name)
    TEST(lines_lose_one_dot_and_keep_their_ends);
    TEST(dots_that_nobody_stuffed_stay);
    TEST(octets_are_kept_with_nul_and_all);
    TEST(megabytes_come_back_whole_and_twice);
    TEST(nothing_is_not_saved);
    TEST(an_old_file_is_written_over_and_a_new_one_private);
    TEST(a_place_that_is_none_is_told);
    TEST(a_full_disk_is_told);
#undef TEST
    int status = g_test_run();
    g_rmdir(directory);
    g_free(directory);
    return status;
}
