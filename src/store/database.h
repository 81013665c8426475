/* database.h: a thin wall around SQLite, which only this file knows. WAL and synchronous FULL: when
 * a commit has returned, it is on disk. The library is loaded by the first database that is opened.
 *
 * A Database belongs to one thread. Its calls read and write local files and do not suspend; where
 * another process holds the write lock they wait for it, at most 10 s, and then fail with TEMPFAIL.
 * Statements are owned by whoever prepared them and must be gone before their database. */
#pragma once

#include <stdint.h>

#include "base/error.h"

typedef struct Database Database;
typedef struct Statement Statement;

/* Opens or makes the file (0600). `schema` is a list of SQL scripts ended by NULL: script i brings
 * a database of version i to version i + 1 (PRAGMA user_version), each in a transaction of its own;
 * a file of a later version than this program knows is refused with CONFIG. CANT_CREATE, IO, DATA
 * (not a database). */
Database *database_open(const char *path, const char *const *schema, GError **error);
void database_close(Database *db);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Database, database_close)

/* Runs SQL without results: "BEGIN IMMEDIATE", "COMMIT". Values never go into the text: bind them.
 */
bool database_exec(Database *db, const char *sql, GError **error);
/* From now on (or no longer) commits do not wait for the disk: after a crash of the machine they
 * may be lost, and nothing but they. A database that was written only so is closed without being
 * tidied up, until that is worth it. Not within a transaction. */
void database_lightly(Database *db, bool lightly);

/* From now on commits do not wait for the disk, database_sync() does. What was committed is safe
 * from the end of this process, kill -9 too, at once, and from a crash of the machine once it was
 * synced. `room` octets of the log are laid out beforehand: writing over what is there was measured
 * to be synced in a third of the time that it takes when the file becomes longer. Nobody else may
 * have the database open. IO. */
bool database_sync_apart(Database *db, size_t room, GError **error);
/* Returns when all that was committed is on disk. After database_sync_apart() only. IO. */
bool database_sync(Database *db, GError **error);

Statement *database_prepare(Database *db, const char *sql, GError **error);
void statement_free(Statement *st);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Statement, statement_free)

/* Parameters count from 1. The text is copied. NULL is SQL's NULL. A failure is told by the
 * next step. */
void statement_bind_text(Statement *st, int index, const char *text);
void statement_bind_int(Statement *st, int index, int64_t value);

/* Goes to the next row; *row is false at the end, and the statement is then ready to be bound and
 * run again. */
bool statement_step(Statement *st, bool *row, GError **error);
/* For statements without rows: runs to the end. */
bool statement_run(Statement *st, GError **error);
/* Gives up the rows that are left. */
void statement_reset(Statement *st);

/* Columns count from 0. Text is borrowed until the next step or reset; NULL for SQL's NULL. */
const char *statement_text(const Statement *st, int column);
int64_t statement_int(const Statement *st, int column);
