/* database.c: the SQLite behind database.h. */
#include "store/database.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/library.h"

enum {
    BUSY_MS = 10000,
    LOG_MAX = 256 * 1024,
    ROOM_PAGES = 256,       /* a log that is synced apart begins anew behind so many, so that the */
    ROOM_MAX = 1100 * 1000, /* room that was laid out serves again */
    NOT_OPEN = -1
};

/* Loaded by the first database: most verbs never open one. */
#define LIBRARY "libsqlite3.so.0"
#define FUNCTIONS(X)                                                                               \
    X(sqlite3_open_v2)                                                                             \
    X(sqlite3_close)                                                                               \
    X(sqlite3_busy_timeout)                                                                        \
    X(sqlite3_errmsg)                                                                              \
    X(sqlite3_exec)                                                                                \
    X(sqlite3_total_changes)                                                                       \
    X(sqlite3_db_config)                                                                           \
    X(sqlite3_prepare_v2)                                                                          \
    X(sqlite3_finalize)                                                                            \
    X(sqlite3_step)                                                                                \
    X(sqlite3_reset)                                                                               \
    X(sqlite3_clear_bindings)                                                                      \
    X(sqlite3_bind_text)                                                                           \
    X(sqlite3_bind_int64)                                                                          \
    X(sqlite3_column_text)                                                                         \
    X(sqlite3_column_int64)

typedef struct {
    FUNCTIONS(LIBRARY_MEMBER)
    LibraryOnce once;
} Library;

static const Library *library(void)
{
    static Library sqlite;
    library_load_once(&sqlite.once, LIBRARY, LIBRARY_NAMES(FUNCTIONS), &sqlite, NULL);
    return &sqlite;
}

struct Database {
    const Library *lib;
    sqlite3 *handle;
    char *path;
    int light_from, light; /* changes made lightly: since when, and how many */
    bool raised;           /* the schema was */
    int log;               /* the log, to be synced apart; or NOT_OPEN */
};

struct Statement {
    Database *db;
    sqlite3_stmt *handle;
};

/* Which kind of failure a code of SQLite's is: the low byte is the primary code. */
static PosternErrorCode kind_of(int code)
{
    switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return POSTERN_ERROR_TEMPFAIL;
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
        return POSTERN_ERROR_CANT_CREATE;
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
        return POSTERN_ERROR_DATA;
    default:
        return POSTERN_ERROR_IO;
    }
}

static bool failed(const Database *db, int code, GError **error)
{
    return error_fail(error, kind_of(code), "the database %s: %s", db->path,
                      db->lib->sqlite3_errmsg(db->handle));
}

bool database_exec(Database *db, const char *sql, GError **error)
{
    int code = db->lib->sqlite3_exec(db->handle, sql, NULL, NULL, NULL);
    return code == SQLITE_OK || failed(db, code, error);
}

static bool read_version(Database *db, int64_t *ret, GError **error)
{
    g_autoptr(Statement) st = database_prepare(db, "PRAGMA user_version", error);
    bool row = false;
    if (!st || !statement_step(st, &row, error)) {
        return false;
    }
    *ret = row ? statement_int(st, 0) : 0;
    return true;
}

/* One step of the schema, unless another process has just done it. */
static bool raise_version(Database *db, const char *script, int64_t from, GError **error)
{
    int64_t now = 0;
    g_autofree char *mark = g_strdup_printf("PRAGMA user_version = %" G_GINT64_FORMAT, from + 1);
    bool ok =
        database_exec(db, "BEGIN IMMEDIATE", error) && read_version(db, &now, error) &&
        (now > from || (database_exec(db, script, error) && database_exec(db, mark, error))) &&
        database_exec(db, "COMMIT", error);
    if (!ok) {
        database_exec(db, "ROLLBACK", NULL);
    }
    db->raised = true;
    return ok;
}

static bool bring_up(Database *db, const char *const *schema, GError **error)
{
    int64_t version = 0;
    if (!database_exec(db,
                       "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                       "PRAGMA foreign_keys = ON",
                       error) ||
        !read_version(db, &version, error)) {
        return false;
    }
    int64_t known = 0;
    while (schema[known]) {
        known++;
    }
    if (version > known) {
        return error_fail(error, POSTERN_ERROR_CONFIG,
                          "the database %s was written by a later version of Postern", db->path);
    }
    while (version < known) {
        if (!raise_version(db, schema[version], version, error)) {
            return false;
        }
        version++;
    }
    return true;
}

/* SQLite makes files by the umask; what is in ours is nobody else's business. */
static bool make_private(const char *path, GError **error)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return error_fail(error, POSTERN_ERROR_CANT_CREATE, "cannot open the database %s: %m",
                          path);
    }
    close(fd);
    return true;
}

Database *database_open(const char *path, const char *const *schema, GError **error)
{
    const Library *lib = library();
    if (lib->once.failed) {
        error_fail(error, POSTERN_ERROR_CONFIG, "cannot load %s: %s", LIBRARY, lib->once.failed);
        return NULL;
    }
    if (!make_private(path, error)) {
        return NULL;
    }
    g_autoptr(Database) db = g_new0(Database, 1);
    db->lib = lib;
    db->path = g_strdup(path);
    db->log = NOT_OPEN;
    int code =
        lib->sqlite3_open_v2(path, &db->handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (code != SQLITE_OK) {
        failed(db, code, error);
        return NULL;
    }
    lib->sqlite3_busy_timeout(db->handle, BUSY_MS);
    return bring_up(db, schema, error) ? g_steal_pointer(&db) : NULL;
}

void database_lightly(Database *db, bool lightly)
{
    /* No checkpoint may happen without syncs: that one could harm what was committed before. */
    database_exec(db,
                  lightly ? "PRAGMA wal_autocheckpoint = 0; PRAGMA synchronous = OFF"
                          : "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 1000",
                  NULL);
    int changes = db->lib->sqlite3_total_changes(db->handle);
    if (lightly) {
        db->light_from = changes;
    } else {
        db->light += changes - db->light_from;
    }
}

/* Writes zeros behind what the log has, which SQLite takes for its end. That there is no room is
 * for whoever writes next to find out. */
static void lay_out(int fd, size_t room)
{
    static const char zeros[64 * 1024];
    off_t end = lseek(fd, 0, SEEK_END);
    ssize_t written = 1;
    while (end >= 0 && (size_t)end < room && written > 0) {
        written = pwrite(fd, zeros, MIN(sizeof zeros, room - (size_t)end), end);
        end += written;
    }
}

bool database_sync_apart(Database *db, size_t room, GError **error)
{
    /* NORMAL: SQLite syncs where the order of its own writes needs it, around a checkpoint. */
    g_autofree char *settings =
        g_strdup_printf("PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = %d", ROOM_PAGES);
    if (!database_exec(db, settings, error)) {
        return false;
    }
    g_autofree char *log = g_strconcat(db->path, "-wal", NULL);
    db->log = db->log == NOT_OPEN ? open(log, O_WRONLY | O_CLOEXEC | O_NOFOLLOW) : db->log;
    if (db->log < 0) {
        return error_fail(error, POSTERN_ERROR_IO, "the database's log %s: %m", log);
    }
    lay_out(db->log, MIN(room, ROOM_MAX));
    return true;
}

bool database_sync(Database *db, GError **error)
{
    return fdatasync(db->log) == 0 ||
           error_fail(error, POSTERN_ERROR_IO, "the database %s cannot be synced: %m", db->path);
}

/* Little was written, and nothing that has to last: the log stays as it is. */
static bool is_tidy_enough(const Database *db)
{
    struct stat st;
    g_autofree char *log = g_strconcat(db->path, "-wal", NULL);
    return !db->raised && db->lib->sqlite3_total_changes(db->handle) == db->light &&
           stat(log, &st) == 0 && st.st_size < LOG_MAX;
}

void database_close(Database *db)
{
    if (db) {
        if (db->handle && is_tidy_enough(db)) {
            db->lib->sqlite3_db_config(db->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
        }
        db->lib->sqlite3_close(db->handle);
        if (db->log != NOT_OPEN) {
            close(db->log);
        }
        g_free(db->path);
        g_free(db);
    }
}

Statement *database_prepare(Database *db, const char *sql, GError **error)
{
    sqlite3_stmt *handle = NULL;
    int code = db->lib->sqlite3_prepare_v2(db->handle, sql, -1, &handle, NULL);
    if (code != SQLITE_OK) {
        failed(db, code, error);
        return NULL;
    }
    Statement *st = g_new0(Statement, 1);
    st->db = db;
    st->handle = handle;
    return st;
}

void statement_free(Statement *st)
{
    if (st) {
        st->db->lib->sqlite3_finalize(st->handle);
        g_free(st);
    }
}

void statement_bind_text(Statement *st, int index, const char *text)
{
    st->db->lib->sqlite3_bind_text(st->handle, index, text, -1, SQLITE_TRANSIENT);
}

void statement_bind_int(Statement *st, int index, int64_t value)
{
    st->db->lib->sqlite3_bind_int64(st->handle, index, value);
}

bool statement_step(Statement *st, bool *row, GError **error)
{
    int code = st->db->lib->sqlite3_step(st->handle);
    *row = code == SQLITE_ROW;
    if (code == SQLITE_ROW) {
        return true;
    }
    bool ok = code == SQLITE_DONE || failed(st->db, code, error);
    statement_reset(st);
    return ok;
}

bool statement_run(Statement *st, GError **error)
{
    bool row = true;
    while (row) {
        if (!statement_step(st, &row, error)) {
            return false;
        }
    }
    return true;
}

void statement_reset(Statement *st)
{
    st->db->lib->sqlite3_reset(st->handle);
    st->db->lib->sqlite3_clear_bindings(st->handle);
}

const char *statement_text(const Statement *st, int column)
{
    return (const char *)st->db->lib->sqlite3_column_text(st->handle, column);
}

int64_t statement_int(const Statement *st, int column)
{
    return st->db->lib->sqlite3_column_int64(st->handle, column);
}
