/* What lies at a place, and what is read of it. */
#include <glib/gstdio.h>
#include <string.h>

#include "send/batch_load.h"

typedef struct {
    char *path;
} Folder;

static void set_up(Folder *f, const void *unused)
{
    (void)unused;
    f->path = g_dir_make_tmp("batch-XXXXXX", NULL);
}

static void remove_all(const char *path)
{
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    for (const char *name; dir && (name = g_dir_read_name(dir));) {
        g_autofree char *child = g_build_filename(path, name, NULL);
        remove_all(child);
    }
    g_remove(path);
}

static void tear_down(Folder *f, const void *unused)
{
    (void)unused;
    remove_all(f->path);
    g_free(f->path);
}

static char *put(const Folder *f, const char *name, const char *text)
{
    char *path = g_build_filename(f->path, name, NULL);
    g_autofree char *folder = g_path_get_dirname(path);
    g_assert_cmpint(g_mkdir_with_parents(folder, 0700), ==, 0);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
    return path;
}

static const BatchItem *item(const GPtrArray *items, guint i)
{
    g_assert_cmpuint(i, <, items->len);
    return g_ptr_array_index(items, i);
}

static char *loaded(const BatchItem *item)
{
    static const char *const nobody[] = {NULL};
    OutgoingPlan plan = {.as_is = true, .sender = "me@x", .recipients = nobody};
    g_autoptr(GError) error = NULL;
    g_autoptr(Outgoing) o = batch_load(item, &plan, INT64_MAX, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(o->sender, ==, "me@x");
    g_assert_cmpstr(g_ptr_array_index(o->recipients, 0), ==, "a@b");
    return bytes_dup(bytes_of_array(o->text));
}

static void test_a_directory(Folder *f, const void *unused)
{
    (void)unused;
    g_free(put(f, "b.eml", "To: a@b\n\nB"));
    g_free(put(f, "a.eml", "To: a@b\n\nA"));
    g_free(put(f, ".hidden", "x"));
    g_free(put(f, "sub/c.eml", "x"));
    g_autoptr(GPtrArray) items = batch_list(f->path, NULL);
    g_assert_cmpuint(items->len, ==, 2);
    g_assert_cmpstr(item(items, 0)->name, ==, "a.eml");
    g_assert_cmpstr(item(items, 1)->key, ==, "b.eml");
    g_autofree char *text = loaded(item(items, 0));
    g_assert_cmpstr(text, ==, "To: a@b\r\n\r\nA\r\n");
}

/* A flag that comes does not make it another message. */
static void test_a_maildir(Folder *f, const void *unused)
{
    (void)unused;
    g_free(put(f, "cur/1.x:2,S", "To: a@b\n\n"));
    g_free(put(f, "new/2.x", "To: a@b\n\n"));
    g_free(put(f, "tmp/3.x", "x"));
    g_autoptr(GPtrArray) items = batch_list(f->path, NULL);
    g_assert_cmpuint(items->len, ==, 2);
    g_assert_cmpstr(item(items, 0)->key, ==, "1.x");
    g_assert_cmpstr(item(items, 1)->key, ==, "2.x");
}

static void test_an_mbox(Folder *f, const void *unused)
{
    (void)unused;
    g_autofree char *path = put(f, "box",
                                "From x Thu Jan  1 00:00:00 1970\nTo: a@b\n\none\n>From me\n"
                                ">>From them\nFrom here\n\n"
                                "From y Thu Jan  1 00:00:00 1970\nTo: a@b\n\ntwo\n");
    g_autoptr(GPtrArray) items = batch_list(path, NULL);
    g_assert_cmpuint(items->len, ==, 2);
    g_autofree char *one = loaded(item(items, 0)), *two = loaded(item(items, 1));
    g_assert_nonnull(strstr(one, "\r\n\r\none\r\nFrom me\r\n>From them\r\nFrom here\r\n"));
    g_assert_true(g_str_has_suffix(two, "\r\n\r\ntwo\r\n"));
    g_assert_cmpstr(item(items, 0)->key, !=, item(items, 1)->key);
    g_assert_cmpstr(item(items, 1)->name, ==, "box:2");
}

static void test_what_is_none(Folder *f, const void *unused)
{
    (void)unused;
    g_autoptr(GError) error = NULL;
    g_autofree char *path = put(f, "m.eml", "To: a@b\n\n"), *empty = put(f, "empty", "");
    g_assert_null(batch_list(path, &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_DATA);
    g_clear_error(&error);
    g_assert_null(batch_list("/nowhere/at/all", &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_NO_INPUT);
    g_clear_error(&error);
    g_autoptr(GPtrArray) none = batch_list(empty, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(none->len, ==, 0);
    BatchItem gone = {.name = (char *)"gone", .file = (char *)"/nowhere", .length = -1};
    g_assert_null(batch_load(&gone, &(OutgoingPlan){.sender = "a@b"}, INT64_MAX, &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_NO_INPUT);
    g_clear_error(&error);
    BatchItem nobody = {.name = (char *)"empty", .file = empty, .length = -1};
    g_assert_null(batch_load(&nobody, &(OutgoingPlan){.sender = "a@b"}, INT64_MAX, &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_DATA);
    g_clear_error(&error);
    BatchItem longer = {.name = (char *)"m", .file = path, .length = 1000};
    g_assert_null(batch_load(&longer, &(OutgoingPlan){.sender = "a@b"}, INT64_MAX, &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_NO_INPUT);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, function) g_test_add(name, Folder, NULL, set_up, function, tear_down)
    ADD("/batch-list/directory", test_a_directory);
    ADD("/batch-list/maildir", test_a_maildir);
    ADD("/batch-list/mbox", test_an_mbox);
    ADD("/batch-list/what-is-none", test_what_is_none);
    return g_test_run();
}
