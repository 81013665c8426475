/* save.c: parts as files; what is there already, and what is in the way. */
#include "mime/save.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/stat.h>

#include "../scratch.h"
#include "messages.h"

#define PART "Content-Transfer-Encoding: base64\nContent-Disposition: attachment; filename="
static const char message[] = "A: b\nContent-Type: multipart/mixed; boundary=q\n\n"
                              "--q\n" PART "x.bin\n\naGVsbG8=\n"
                              "--q\n" PART "x.bin\n\naGk=\n"
                              "--q\n" PART "\"../../etc/passwd\"\n\nbm8=\n"
                              "--q\nContent-Type: message/rfc822\n\nSubject: in\n\ninner\n"
                              "--q\n\nsee:\nbegin 644 uu.txt\n%:&5L;&\\*\n`\nend\n--q--\n";

typedef struct {
    char *path;
    Read read;
} Place;

static Place place_new(void)
{
    return (Place){g_dir_make_tmp(NULL, NULL), read_message(bytes_of(message), false)};
}

static void place_clear(Place *place)
{
    scratch_remove(place->path);
    g_free(place->path);
    read_clear(&place->read);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Place, place_clear)

static void put(const Place *place, const char *name, const char *content)
{
    g_autofree char *path = g_build_filename(place->path, name, NULL);
    g_assert_true(g_file_set_contents(path, content, -1, NULL));
}

static void assert_holds(const Place *place, const char *name, const char *content)
{
    g_autofree char *path = g_build_filename(place->path, name, NULL);
    g_autofree char *found = NULL;
    g_assert_true(g_file_get_contents(path, &found, NULL, NULL));
    g_assert_cmpstr(found, ==, content);
}

static char *save(const Place *place, SaveDir *dir, const char *section, unsigned file)
{
    g_autoptr(GError) error = NULL;
    char *name = NULL;
    uint64_t bytes = 0;
    const MimeNode *node = mime_tree_find(place->read.tree, section);
    g_assert_nonnull(node);
    g_assert_true(save_node(dir, place->read.tree, node, file, &name, &bytes, &error));
    g_assert_no_error(error);
    return name;
}

static void assert_saved_as(const Place *place, SaveDir *dir, const char *section,
                            const char *wanted)
{
    g_autofree char *name = save(place, dir, section, 0);
    g_assert_cmpstr(name, ==, wanted);
}

static void test_what_is_there_stays(void)
{
    g_auto(Place) place = place_new();
    put(&place, "x.bin", "mine");
    g_autoptr(SaveDir) dir = save_dir_open(place.path, false, NULL);
    assert_saved_as(&place, dir, "1", "x-2.bin");
    assert_saved_as(&place, dir, "2", "x-3.bin");
    assert_holds(&place, "x.bin", "mine");
    assert_holds(&place, "x-2.bin", "hello");
    assert_holds(&place, "x-3.bin", "hi");
}

/* Two parts of one name are two files all the same. */
static void test_overwriting_when_asked(void)
{
    g_auto(Place) place = place_new();
    put(&place, "x.bin", "mine, and longer than what comes");
    g_autoptr(SaveDir) dir = save_dir_open(place.path, true, NULL);
    assert_saved_as(&place, dir, "1", "x.bin");
    assert_saved_as(&place, dir, "2", "x-2.bin");
    assert_holds(&place, "x.bin", "hello");
    assert_holds(&place, "x-2.bin", "hi");
}

static void test_links_are_not_followed(void)
{
    for (int overwrite = 0; overwrite < 2; overwrite++) {
        g_auto(Place) place = place_new();
        put(&place, "precious", "mine");
        g_autofree char *link = g_build_filename(place.path, "x.bin", NULL);
        g_assert_cmpint(symlink("precious", link), ==, 0);
        g_autoptr(SaveDir) dir = save_dir_open(place.path, overwrite, NULL);
        assert_saved_as(&place, dir, "1", overwrite ? "x.bin" : "x-2.bin");
        assert_holds(&place, "precious", "mine");
        assert_holds(&place, overwrite ? "x.bin" : "x-2.bin", "hello");
        GStatBuf about;
        g_assert_cmpint(g_lstat(link, &about), ==, 0);
        g_assert_true(S_ISLNK(about.st_mode) == !overwrite);
    }
}

static void test_nothing_leaves_the_directory(void)
{
    g_auto(Place) place = place_new();
    g_autoptr(SaveDir) dir = save_dir_open(place.path, true, NULL);
    g_autofree char *name = save(&place, dir, "3", 0);
    g_assert_null(strchr(name, '/'));
    assert_holds(&place, name, "no");
}

static void test_messages_and_files_in_a_text(void)
{
    g_auto(Place) place = place_new();
    g_autoptr(SaveDir) dir = save_dir_open(place.path, false, NULL);
    g_autofree char *inner = save(&place, dir, "4", 0);
    g_assert_true(g_str_has_suffix(inner, ".eml"));
    assert_holds(&place, inner, "Subject: in\n\ninner");
    g_autofree char *uu = save(&place, dir, "5", 1);
    g_assert_cmpstr(uu, ==, "uu.txt");
    assert_holds(&place, "uu.txt", "hello");
}

static void test_a_directory_is_made_for_its_owner_only(void)
{
    g_auto(Place) place = place_new();
    g_autofree char *path = g_build_filename(place.path, "new", NULL);
    g_autoptr(SaveDir) dir = save_dir_open(path, false, NULL);
    g_assert_nonnull(dir);
    GStatBuf about;
    g_assert_cmpint(g_stat(path, &about), ==, 0);
    g_assert_cmpuint(about.st_mode & 07777, ==, 0700);
}

static void assert_no_place(const char *path)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(save_dir_open(path, false, &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_CANT_CREATE);
    g_assert_nonnull(strstr(error->message, path));
}

static void test_a_place_that_is_none_is_told(void)
{
    g_auto(Place) place = place_new();
    put(&place, "file", "");
    g_autofree char *file = g_build_filename(place.path, "file", NULL);
    assert_no_place(file);
    g_autofree char *deep = g_build_filename(place.path, "a", "b", NULL);
    assert_no_place(deep);
}

/* What cannot be written whole is taken away: the disk is full behind this descriptor. */
static void test_a_full_disk_is_told(void)
{
    g_auto(Place) place = place_new();
    static const char *const sections[] = {"1", "4", ""};
    int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    for (size_t i = 0; i < G_N_ELEMENTS(sections); i++) {
        g_autoptr(GError) error = NULL;
        const MimeNode *node = mime_tree_find(place.read.tree, sections[i]);
        g_assert_false(save_to_fd(place.read.tree, node, 0, false, full, &error));
        g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_IO);
        g_assert_nonnull(strstr(error->message, g_strerror(ENOSPC)));
    }
    close(full);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/save/stays", test_what_is_there_stays);
    g_test_add_func("/save/overwrite", test_overwriting_when_asked);
    g_test_add_func("/save/links", test_links_are_not_followed);
    g_test_add_func("/save/inside", test_nothing_leaves_the_directory);
    g_test_add_func("/save/inner", test_messages_and_files_in_a_text);
    g_test_add_func("/save/directory", test_a_directory_is_made_for_its_owner_only);
    g_test_add_func("/save/no-place", test_a_place_that_is_none_is_told);
    g_test_add_func("/save/full", test_a_full_disk_is_told);
    return g_test_run();
}
