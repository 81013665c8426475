/* state.c: the tables behind state.h, and how rows come in and out. */
#include "store/state.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "store/database.h"
#include "store/state_inside.h"

static const char *const schema[] = {
    "CREATE TABLE account ("
    "  id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, name TEXT NOT NULL,"
    "  last_try INTEGER NOT NULL DEFAULT 0, last_success INTEGER NOT NULL DEFAULT 0,"
    "  last_error TEXT, failures INTEGER NOT NULL DEFAULT 0,"
    "  fetched INTEGER NOT NULL DEFAULT 0, bytes INTEGER NOT NULL DEFAULT 0,"
    "  last_fetched INTEGER NOT NULL DEFAULT 0, next_run INTEGER NOT NULL DEFAULT 0);"
    "CREATE TABLE folder ("
    "  id INTEGER PRIMARY KEY, account INTEGER NOT NULL REFERENCES account(id), name TEXT NOT NULL,"
    "  validity INTEGER NOT NULL DEFAULT 0, settled INTEGER NOT NULL DEFAULT 0,"
    "  modseq INTEGER NOT NULL DEFAULT 0, in_progress INTEGER NOT NULL DEFAULT 0,"
    "  UNIQUE (account, name));"
    /* The id is a number (a UID) or a text (a UIDL): no affinity. */
    "CREATE TABLE message ("
    "  folder INTEGER NOT NULL REFERENCES folder(id), id NOT NULL, what INTEGER NOT NULL,"
    "  size INTEGER NOT NULL, received INTEGER NOT NULL, fetched INTEGER NOT NULL,"
    "  gone INTEGER NOT NULL, PRIMARY KEY (folder, id)) WITHOUT ROWID;",
    "ALTER TABLE account ADD COLUMN caps TEXT;",
    "ALTER TABLE folder ADD COLUMN digest TEXT NOT NULL DEFAULT '';",
    NULL,
};

State *state_open(const char *directory, GError **error)
{
    if (g_mkdir_with_parents(directory, 0700) != 0) {
        error_fail(error, POSTERN_ERROR_CANT_CREATE, "cannot make the directory %s: %s", directory,
                   g_strerror(errno));
        return NULL;
    }
    g_autoptr(State) state = g_new0(State, 1);
    g_autofree char *path = g_build_filename(directory, "fetch.db", NULL);
    state->directory = g_strdup(directory);
    state->db = database_open(path, schema, error);
    /* Rows are read and written in order: a large cache would be memory for nothing. */
    bool good = state->db != NULL && database_exec(state->db, "PRAGMA cache_size = -64", error);
    return good ? g_steal_pointer(&state) : NULL;
}

void state_close(State *state)
{
    if (state == NULL) {
        return;
    }
    for (size_t i = 0; i < STATE_STATEMENTS; i++) {
        statement_free(state->statements[i]);
    }
    database_close(state->db);
    g_free(state->directory);
    g_free(state);
}

const char *state_directory(const State *state)
{
    return state->directory;
}

/* Borrowed; NULL with *error. */
static Statement *statement_of(State *state, StateStatement which, const char *sql, GError **error)
{
    if (state->statements[which] == NULL) {
        state->statements[which] = database_prepare(state->db, sql, error);
    }
    return state->statements[which];
}

/* --- folders --- */

static bool add_folder(State *state, int64_t account, const char *name, GError **error)
{
    Statement *st =
        statement_of(state, STATE_ADD_FOLDER,
                     "INSERT OR IGNORE INTO folder (account, name) VALUES (?, ?)", error);
    if (st == NULL) {
        return false;
    }
    statement_bind_int(st, 1, account);
    statement_bind_text(st, 2, name);
    return statement_run(st, error);
}

static bool find_folder(State *state, int64_t account, const char *name, StateFolder *ret,
                        bool *found, GError **error)
{
    Statement *st =
        statement_of(state, STATE_FIND_FOLDER,
                     "SELECT id, validity, settled, modseq, in_progress, digest FROM folder "
                     "WHERE account = ? AND name = ?",
                     error);
    if (st == NULL) {
        return false;
    }
    statement_bind_int(st, 1, account);
    statement_bind_text(st, 2, name);
    if (!statement_step(st, found, error)) {
        return false;
    }
    if (*found) {
        *ret = (StateFolder){.id = statement_int(st, 0),
                             .validity = (uint32_t)statement_int(st, 1),
                             .settled = (uint32_t)statement_int(st, 2),
                             .modseq = (uint64_t)statement_int(st, 3),
                             .in_progress = statement_int(st, 4) != 0};
        g_strlcpy(ret->digest, statement_text(st, 5), sizeof ret->digest);
        statement_reset(st);
    }
    return true;
}

bool state_folder(State *state, int64_t account, const char *name, StateFolder *ret, GError **error)
{
    bool found = false;
    if (!find_folder(state, account, name, ret, &found, error)) {
        return false;
    }
    if (found) {
        return true;
    }
    return add_folder(state, account, name, error) &&
           find_folder(state, account, name, ret, &found, error);
}

bool state_folder_write(State *state, const StateFolder *folder, GError **error)
{
    Statement *st = statement_of(
        state, STATE_WRITE_FOLDER,
        "UPDATE folder SET validity = ?, settled = ?, modseq = ?, in_progress = ?, digest = ? "
        "WHERE id = ?",
        error);
    if (st == NULL) {
        return false;
    }
    statement_bind_int(st, 1, folder->validity);
    statement_bind_int(st, 2, folder->settled);
    statement_bind_int(st, 3, (int64_t)folder->modseq);
    statement_bind_int(st, 4, folder->in_progress);
    statement_bind_text(st, 5, folder->digest);
    statement_bind_int(st, 6, folder->id);
    return statement_run(st, error);
}

bool state_folder_forget(State *state, int64_t folder, GError **error)
{
    g_autoptr(Statement) st =
        database_prepare(state->db, "DELETE FROM message WHERE folder = ?", error);
    if (st == NULL) {
        return false;
    }
    statement_bind_int(st, 1, folder);
    return statement_run(st, error);
}

/* --- messages --- */

bool state_begin(State *state, GError **error)
{
    return database_exec(state->db, "BEGIN IMMEDIATE", error);
}

bool state_commit(State *state, GError **error)
{
    return database_exec(state->db, "COMMIT", error);
}

void state_rollback(State *state)
{
    database_exec(state->db, "ROLLBACK", NULL);
}

static void bind_id(Statement *st, int index, const StateMessage *message)
{
    if (message->id != NULL) {
        statement_bind_text(st, index, message->id);
    } else {
        statement_bind_int(st, index, message->uid);
    }
}

bool state_message_put(State *state, int64_t folder, const StateMessage *message, GError **error)
{
    Statement *st = statement_of(state, STATE_PUT_MESSAGE,
                                 "INSERT OR REPLACE INTO message "
                                 "(folder, id, what, size, received, fetched, gone) "
                                 "VALUES (?, ?, ?, ?, ?, ?, ?)",
                                 error);
    if (st == NULL) {
        return false;
    }
    statement_bind_int(st, 1, folder);
    bind_id(st, 2, message);
    statement_bind_int(st, 3, message->what);
    statement_bind_int(st, 4, (int64_t)message->size);
    statement_bind_int(st, 5, message->received);
    statement_bind_int(st, 6, message->fetched);
    statement_bind_int(st, 7, message->gone);
    return statement_run(st, error);
}

bool state_message_drop(State *state, int64_t folder, const StateMessage *message, GError **error)
{
    Statement *st = statement_of(state, STATE_DROP_MESSAGE,
                                 "DELETE FROM message WHERE folder = ? AND id = ?", error);
    if (st == NULL) {
        return false;
    }
    statement_bind_int(st, 1, folder);
    bind_id(st, 2, message);
    return statement_run(st, error);
}

#define COLUMNS "id, what, size, received, fetched, gone, typeof(id) = 'text'"

static StateMessage read_message(const Statement *st, GStringChunk *texts)
{
    bool text = statement_int(st, 6) != 0;
    return (StateMessage){.id = text ? g_string_chunk_insert(texts, statement_text(st, 0)) : NULL,
                          .uid = text ? 0 : (uint32_t)statement_int(st, 0),
                          .what = (StateWhat)statement_int(st, 1),
                          .size = (uint64_t)statement_int(st, 2),
                          .received = statement_int(st, 3),
                          .fetched = statement_int(st, 4),
                          .gone = statement_int(st, 5)};
}

static GArray *read_all(Statement *st, GStringChunk **ret_texts, GError **error)
{
    g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(StateMessage));
    GStringChunk *texts = g_string_chunk_new(4096);
    bool row = true;
    while (row) {
        if (!statement_step(st, &row, error)) {
            g_string_chunk_free(texts);
            return NULL;
        }
        if (row) {
            StateMessage message = read_message(st, texts);
            g_array_append_val(all, message);
        }
    }
    *ret_texts = texts;
    return g_steal_pointer(&all);
}

GArray *state_messages(State *state, int64_t folder, uint32_t above, GStringChunk **ret_texts,
                       GError **error)
{
    /* Texts come after all numbers in SQLite's order. */
    Statement *st = statement_of(
        state, STATE_LIST_MESSAGES,
        "SELECT " COLUMNS " FROM message WHERE folder = ? AND id > ? ORDER BY id", error);
    if (st == NULL) {
        return NULL;
    }
    statement_bind_int(st, 1, folder);
    statement_bind_int(st, 2, above);
    return read_all(st, ret_texts, error);
}

GArray *state_messages_with(State *state, int64_t folder, StateWhat what, int64_t fetched_before,
                            GStringChunk **ret_texts, GError **error)
{
    Statement *st = statement_of(
        state, STATE_LIST_WITH,
        "SELECT " COLUMNS " FROM message WHERE folder = ? AND what = ? AND fetched < ? ORDER BY id",
        error);
    if (st == NULL) {
        return NULL;
    }
    statement_bind_int(st, 1, folder);
    statement_bind_int(st, 2, what);
    statement_bind_int(st, 3, fetched_before);
    return read_all(st, ret_texts, error);
}
