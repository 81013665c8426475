#include "store/database.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

static const char *const schema[] = {
    "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, data BLOB)", NULL};
static const char *const later[] = {"CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, data BLOB)",
                                    "ALTER TABLE t ADD COLUMN size INTEGER DEFAULT 7", NULL};

typedef struct {
    char *dir, *path;
} Place;

static void set_up(Place *p, gconstpointer unused)
{
    (void)unused;
    p->dir = g_dir_make_tmp("postern-XXXXXX", NULL);
    p->path = g_build_filename(p->dir, "state.db", NULL);
}

static void tear_down(Place *p, gconstpointer unused)
{
    (void)unused;
    static const char *const endings[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < G_N_ELEMENTS(endings); i++) {
        g_autofree char *file = g_strconcat(p->path, endings[i], NULL);
        g_unlink(file);
    }
    g_rmdir(p->dir);
    g_free(p->path);
    g_free(p->dir);
}

static Database *opened(const Place *p, const char *const *with)
{
    g_autoptr(GError) error = NULL;
    Database *db = database_open(p->path, with, &error);
    g_assert_no_error(error);
    g_assert_nonnull(db);
    return db;
}

static void test_what_went_in_comes_out(Place *p, gconstpointer unused)
{
    (void)unused;
    g_autoptr(Database) db = opened(p, schema);
    g_autoptr(Statement) put =
        database_prepare(db, "INSERT INTO t (name, data) VALUES (?, ?)", NULL);
    statement_bind_text(put, 1, "gr\xc3\xbc\xc3\x9f");
    statement_bind_int(put, 2, INT64_MAX);
    g_assert_true(statement_run(put, NULL));
    statement_bind_text(put, 1, NULL);
    statement_bind_int(put, 2, 0);
    g_assert_true(statement_run(put, NULL));
    g_autoptr(Statement) get =
        database_prepare(db, "SELECT id, name, data FROM t ORDER BY id", NULL);
    bool row = false;
    g_assert_true(statement_step(get, &row, NULL) && row);
    g_assert_cmpstr(statement_text(get, 1), ==, "gr\xc3\xbc\xc3\x9f");
    g_assert_cmpint(statement_int(get, 2), ==, INT64_MAX);
    g_assert_true(statement_step(get, &row, NULL) && row);
    g_assert_cmpint(statement_int(get, 0), ==, 2);
    g_assert_null(statement_text(get, 1));
    g_assert_cmpint(statement_int(get, 2), ==, 0);
    g_assert_true(statement_step(get, &row, NULL) && !row);
}

static void test_it_is_nobody_elses(Place *p, gconstpointer unused)
{
    (void)unused;
    database_close(opened(p, schema));
    GStatBuf st;
    g_assert_cmpint(g_stat(p->path, &st), ==, 0);
    g_assert_cmpint(st.st_mode & 0777, ==, 0600);
}

static void test_an_old_file_is_brought_up_and_a_new_one_refused(Place *p, gconstpointer unused)
{
    (void)unused;
    database_close(opened(p, schema));
    g_autoptr(Database) db = opened(p, later);
    g_assert_true(database_exec(db, "INSERT INTO t (size) VALUES (1)", NULL));
    g_autoptr(GError) error = NULL;
    g_assert_null(database_open(p->path, schema, &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_CONFIG);
}

static void test_a_script_that_fails_leaves_nothing(Place *p, gconstpointer unused)
{
    (void)unused;
    static const char *const broken[] = {"CREATE TABLE a (x); CREATE TABLE a (x)", NULL};
    g_autoptr(GError) error = NULL;
    g_assert_null(database_open(p->path, broken, &error));
    g_assert_nonnull(error);
    g_assert_nonnull(strstr(error->message, p->path));
    g_autoptr(Database) db = opened(p, schema);
    g_assert_false(database_exec(db, "SELECT x FROM a", NULL));
}

static void test_another_file_is_no_database(Place *p, gconstpointer unused)
{
    (void)unused;
    g_autofree char *text = g_strnfill(4096, 'x');
    g_assert_true(g_file_set_contents(p->path, text, -1, NULL));
    g_autoptr(GError) error = NULL;
    g_assert_null(database_open(p->path, schema, &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_DATA);
}

static void test_a_place_that_cannot_be_written_is_told(Place *p, gconstpointer unused)
{
    (void)unused;
    g_autofree char *nowhere = g_build_filename(p->dir, "no", "state.db", NULL);
    g_autoptr(GError) error = NULL;
    g_assert_null(database_open(nowhere, schema, &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_CANT_CREATE);
}

enum { ROOM = 200 * 1000, ROWS = 700 };

/* As kill -9 would leave it: the files as they are while the database is open. */
static Database *as_it_lies(const Place *from, const Place *to)
{
    static const char *const endings[] = {"", "-wal"};
    for (size_t i = 0; i < G_N_ELEMENTS(endings); i++) {
        g_autofree char *old = g_strconcat(from->path, endings[i], NULL);
        g_autofree char *new = g_strconcat(to->path, endings[i], NULL);
        g_autofree char *bytes = NULL;
        gsize len;
        g_assert_true(g_file_get_contents(old, &bytes, &len, NULL));
        g_assert_true(g_file_set_contents(new, bytes, (gssize)len, NULL));
    }
    return opened(to, schema);
}

static int64_t count_rows(Database *db)
{
    g_autoptr(Statement) count = database_prepare(db, "SELECT count(*) FROM t", NULL);
    bool row = false;
    g_assert_true(statement_step(count, &row, NULL) && row);
    return statement_int(count, 0);
}

/* Long enough for the log to begin anew several times, and past the room that was laid out. */
static void test_what_is_synced_apart_is_there_at_once(Place *p, gconstpointer unused)
{
    (void)unused;
    g_autoptr(Database) db = opened(p, schema);
    g_autofree char *log = g_strconcat(p->path, "-wal", NULL);
    g_assert_true(database_sync_apart(db, ROOM, NULL));
    GStatBuf st;
    g_assert_cmpint(g_stat(log, &st), ==, 0);
    g_assert_cmpint(st.st_size, ==, ROOM);
    g_autoptr(Statement) put = database_prepare(db, "INSERT INTO t (name) VALUES (?)", NULL);
    for (int64_t n = 1; n <= ROWS; n++) {
        statement_bind_text(put, 1, "name");
        g_assert_true(statement_run(put, NULL));
        if (n % 70 == 0) {
            g_assert_true(database_sync(db, NULL));
            Place copy;
            set_up(&copy, NULL);
            g_autoptr(Database) killed = as_it_lies(p, &copy);
            g_assert_cmpint(count_rows(killed), ==, n);
            g_clear_pointer(&killed, database_close);
            tear_down(&copy, NULL);
        }
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, func) g_test_add("/database/" name, Place, NULL, set_up, func, tear_down)
    ADD("values", test_what_went_in_comes_out);
    ADD("private", test_it_is_nobody_elses);
    ADD("versions", test_an_old_file_is_brought_up_and_a_new_one_refused);
    ADD("broken", test_a_script_that_fails_leaves_nothing);
    ADD("other", test_another_file_is_no_database);
    ADD("nowhere", test_a_place_that_cannot_be_written_is_told);
    ADD("apart", test_what_is_synced_apart_is_there_at_once);
    return g_test_run();
}
