#include "send/journal.h"

#include <string.h>

#include "store/database.h"

enum { OCTETS_EACH = 5200 }; /* of the log: a page, and now and then more than one */

struct Journal {
    Database *db;
    Statement *look, *write;
};

/* A row with the address "" stands for the message as a whole. */
static const char *const schema[] = {
    "CREATE TABLE decided (key TEXT NOT NULL, address TEXT NOT NULL, fate INTEGER NOT NULL, "
    "code INTEGER NOT NULL, said TEXT, at INTEGER NOT NULL, PRIMARY KEY (key, address)) "
    "WITHOUT ROWID;",
    NULL,
};

/* The lock that the first write takes stays, and no later one has to ask for it. */
static bool keep_others_out(Database *db, const char *path, GError **error)
{
    GError *problem = NULL;
    if (database_exec(db, "PRAGMA locking_mode = EXCLUSIVE; BEGIN IMMEDIATE; COMMIT", &problem)) {
        return true;
    }
    if (g_error_matches(problem, POSTERN_ERROR, POSTERN_ERROR_TEMPFAIL)) {
        g_clear_error(&problem);
        return error_fail(error, POSTERN_ERROR_TEMPFAIL,
                          "the journal %s is in use: another run is at the same batch", path);
    }
    g_propagate_error(error, problem);
    return false;
}

Journal *journal_open(const char *path, GError **error)
{
    g_autoptr(Journal) j = g_new0(Journal, 1);
    j->db = database_open(path, schema, error);
    if (!j->db || !keep_others_out(j->db, path, error)) {
        return NULL;
    }
    j->look = database_prepare(j->db, "SELECT address FROM decided WHERE key = ?", error);
    j->write = j->look ? database_prepare(j->db,
                                          "INSERT OR REPLACE INTO decided "
                                          "(key, address, fate, code, said, at) "
                                          "VALUES (?, ?, ?, ?, ?, ?)",
                                          error)
                       : NULL;
    return j->write ? g_steal_pointer(&j) : NULL;
}

void journal_close(Journal *j)
{
    if (!j) {
        return;
    }
    statement_free(j->look);
    statement_free(j->write);
    database_close(j->db);
    g_free(j);
}

bool journal_look(Journal *j, const char *key, bool *complete, GPtrArray *decided, GError **error)
{
    *complete = false;
    statement_bind_text(j->look, 1, key);
    bool row = true;
    while (row) {
        if (!statement_step(j->look, &row, error)) {
            return false;
        }
        const char *address = row ? statement_text(j->look, 0) : NULL;
        if (address && !*address) {
            *complete = true;
        } else if (address) {
            g_ptr_array_add(decided, g_strdup(address));
        }
    }
    return true;
}

static bool write_row(Journal *j, const char *key, const char *address, SmtpFate fate,
                      const SmtpAnswer *answer, GError **error)
{
    g_autofree char *said = answer->text ? g_utf8_make_valid(answer->text, -1) : NULL;
    statement_bind_text(j->write, 1, key);
    statement_bind_text(j->write, 2, address);
    statement_bind_int(j->write, 3, fate);
    statement_bind_int(j->write, 4, answer->code);
    statement_bind_text(j->write, 5, said);
    statement_bind_int(j->write, 6, g_get_real_time() / G_USEC_PER_SEC);
    return statement_run(j->write, error);
}

static bool write_decided(Journal *j, const char *key, const Submission *s, GError **error)
{
    for (size_t i = 0; i < s->n; i++) {
        const SmtpRecipient *r = &s->recipients[i];
        bool decided = r->fate == SMTP_ACCEPTED || r->fate == SMTP_REFUSED;
        if (decided && !write_row(j, key, r->address, r->fate, &r->answer, error)) {
            return false;
        }
    }
    return true;
}

/* Nearly all messages have one recipient: one row says it all. */
static bool write_entry(Journal *j, const JournalEntry *e, GError **error)
{
    static const SmtpAnswer none;
    const Submission *s = e->submission;
    if (e->complete && s->n <= 1) {
        return write_row(j, e->key, "", s->n ? s->recipients[0].fate : SMTP_NOT_TRIED,
                         s->n ? &s->recipients[0].answer : &none, error);
    }
    return write_decided(j, e->key, s, error) &&
           (!e->complete || write_row(j, e->key, "", SMTP_NOT_TRIED, &s->result.end, error));
}

bool journal_expect(Journal *j, size_t messages, GError **error)
{
    return database_sync_apart(j->db, messages * OCTETS_EACH, error);
}

bool journal_write(Journal *j, const JournalEntry *e, GError **error)
{
    if (e->complete && e->submission->n <= 1) {
        return write_entry(j, e, error); /* a statement is a commit of its own */
    }
    if (!database_exec(j->db, "BEGIN IMMEDIATE", error)) {
        return false;
    }
    bool ok = write_entry(j, e, error) && database_exec(j->db, "COMMIT", error);
    if (!ok) {
        database_exec(j->db, "ROLLBACK", NULL);
    }
    return ok;
}

bool journal_sync(Journal *j, GError **error)
{
    return database_sync(j->db, error);
}
