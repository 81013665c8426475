#include "store/maildir.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define MARKER "0123456789abcdef0123456789abcdef"

static void touch(const char *dir, const char *part, const char *name)
{
    g_autofree char *path = g_build_filename(dir, part, name, NULL);
    g_assert_true(g_file_set_contents(path, "x", 1, NULL));
}

static char *place(void)
{
    return g_dir_make_tmp("postern-XXXXXX", NULL);
}

static void test_names_hold_the_marker_whatever_becomes_of_them(void)
{
    g_autofree char *name = maildir_name(MARKER, 1763763043);
    g_autofree char *flagged = g_strconcat(name, ":2,RS", NULL);
    g_assert_true(g_str_has_prefix(name, "1763763043.P" MARKER "."));
    g_assert_true(bytes_equal(maildir_marker_of(flagged), bytes_of(MARKER)));
    const char *const none[] = {"",
                                "1.P",
                                ("1.Q" MARKER ".h"),
                                ("x.P" MARKER ".h"),
                                ("1.P" MARKER),
                                "1.P0123.h",
                                "1700000001.M1P1.rig,S=3:2,"};
    for (size_t i = 0; i < G_N_ELEMENTS(none); i++) {
        g_assert_cmpuint(maildir_marker_of(none[i]).len, ==, 0);
    }
}

static void test_markers_of_new_and_cur_are_found(void)
{
    g_autofree char *dir = place();
    g_autofree char *path = g_build_filename(dir, "a", "b", NULL);
    g_autoptr(Maildir) m = maildir_open(path, true, NULL);
    g_assert_nonnull(m);
    touch(path, "new", "1.P" MARKER ".h");
    touch(path, "cur", "2.Pffffffffffffffffffffffffffffffff.h:2,S");
    touch(path, "cur", "3.M1.other");
    g_autoptr(GHashTable) set = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_assert_true(maildir_markers(m, set, NULL));
    g_assert_cmpuint(g_hash_table_size(set), ==, 2);
    g_assert_true(g_hash_table_contains(set, MARKER));
}

static void test_sweep_takes_what_a_dead_process_left_and_nothing_else(void)
{
    g_autofree char *path = place();
    g_autoptr(Maildir) m = maildir_open(path, true, NULL);
    char host[256] = "";
    gethostname(host, sizeof(host) - 1);
    g_autofree char *dead = g_strdup_printf("4194000.P" MARKER ".%s", host);
    g_autofree char *alive = g_strdup_printf("%d.P" MARKER ".%s", (int)getppid(), host);
    g_autofree char *own = maildir_tmp_name(MARKER);
    touch(path, "tmp", dead);
    touch(path, "tmp", alive);
    touch(path, "tmp", own);
    touch(path, "tmp", "4194000.P" MARKER ".elsewhere");
    touch(path, "tmp", "4194000.other.program");
    g_assert_cmpuint(maildir_sweep(m), ==, 1);
    g_assert_cmpint(faccessat(m->tmp_fd, dead, F_OK, 0), ==, -1);
    g_assert_cmpint(faccessat(m->tmp_fd, own, F_OK, 0), ==, 0);
}

static void test_what_is_no_maildir_is_refused(void)
{
    g_autofree char *dir = place();
    g_autoptr(GError) error = NULL;
    g_assert_null(maildir_open(dir, false, &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_CANT_CREATE);
    touch(dir, "", "file");
    g_autofree char *below = g_build_filename(dir, "file", "x", NULL);
    g_autoptr(GError) other = NULL;
    g_assert_null(maildir_open(below, true, &other));
    g_assert_error(other, POSTERN_ERROR, POSTERN_ERROR_CANT_CREATE);
}

static void test_folders_are_named_as_maildir_plus_plus_has_them(void)
{
    static const struct {
        const char *folder;
        char delimiter;
        const char *path;
    } rows[] = {
        {"INBOX", '/', "/m"},
        {"inbox", '.', "/m"},
        {"Lists/x", '/', "/m/.Lists.x"},
        {"Lists.x", '.', "/m/.Lists.x"},
        {"INBOX.Sent", '.', "/m/.Sent"},
        {"a.b/c", '/', "/m/.a_b.c"},
        {"a/b", '.', "/m/.a_b"},
        {"../../etc", '/', "/m/.__.__.etc"},
        {"R&D", '/', "/m/.R&-D"},
        {"Entw\303\274rfe", '/', "/m/.Entw&APw-rfe"},
        {"\345\217\260\345\214\227", '/', "/m/.&U,BTFw-"},
        {"bad\377", '/', "/m/.bad_"},
        {"line\nend", '/', "/m/.line&AAo-end"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *path = maildir_folder_path("/m", rows[i].folder, rows[i].delimiter);
        g_assert_cmpstr(path, ==, rows[i].path);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/maildir/names", test_names_hold_the_marker_whatever_becomes_of_them);
    g_test_add_func("/maildir/markers", test_markers_of_new_and_cur_are_found);
    g_test_add_func("/maildir/sweep", test_sweep_takes_what_a_dead_process_left_and_nothing_else);
    g_test_add_func("/maildir/refused", test_what_is_no_maildir_is_refused);
    g_test_add_func("/maildir/folders", test_folders_are_named_as_maildir_plus_plus_has_them);
    return g_test_run();
}
