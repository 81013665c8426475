#include "send/journal.h"

#include <string.h>

#include "store/database.h"

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

Journal *journal_open(const char *path, GError **error)
{
    g_autoptr(Journal) j = g_new0(Journal, 1);
    j->db = database_open(path, schema, error);
    if (!j->db) {
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

bool journal_write(Journal *j, const char *key, const Submission *s, bool complete, GError **error)
{
    if (complete && s->n <= 1) { /* nearly all: one row, one commit */
        SmtpFate fate = s->n ? s->recipients[0].fate : SMTP_NOT_TRIED;
        static const SmtpAnswer none;
        return write_row(j, key, "", fate, s->n ? &s->recipients[0].answer : &none, error);
    }
    if (!database_exec(j->db, "BEGIN IMMEDIATE", error)) {
        return false;
    }
    bool ok = write_decided(j, key, s, error) &&
              (!complete || write_row(j, key, "", SMTP_NOT_TRIED, &s->result.end, error));
    return database_exec(j->db, ok ? "COMMIT" : "ROLLBACK", ok ? error : NULL) && ok;
}
