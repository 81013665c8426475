/* state_accounts.c: how the accounts fared. */
#include <string.h>

#include "store/state_inside.h"

void state_account_free(StateAccount *account)
{
    if (account != NULL) {
        g_free(account->key);
        g_free(account->name);
        g_free(account->last_error);
        g_free(account);
    }
}

static bool find(State *state, const char *key, int64_t *ret, bool *found, GError **error)
{
    g_autoptr(Statement) st =
        database_prepare(state->db, "SELECT id FROM account WHERE key = ?", error);
    if (st == NULL) {
        return false;
    }
    statement_bind_text(st, 1, key);
    if (!statement_step(st, found, error)) {
        return false;
    }
    if (*found) {
        *ret = statement_int(st, 0);
    }
    return true;
}

bool state_account_id(State *state, const char *key, const char *name, int64_t *ret, GError **error)
{
    bool found = false;
    if (!find(state, key, ret, &found, error)) {
        return false;
    }
    if (found) {
        return true;
    }
    g_autoptr(Statement) st = database_prepare(
        state->db, "INSERT OR IGNORE INTO account (key, name) VALUES (?, ?)", error);
    if (st == NULL) {
        return false;
    }
    statement_bind_text(st, 1, key);
    statement_bind_text(st, 2, name);
    return statement_run(st, error) && find(state, key, ret, &found, error);
}

GPtrArray *state_accounts(State *state, GError **error)
{
    g_autoptr(Statement) st = database_prepare(
        state->db,
        "SELECT id, key, name, last_try, last_success, last_error, failures, fetched, bytes, "
        "last_fetched, next_run FROM account ORDER BY name, key",
        error);
    if (st == NULL) {
        return NULL;
    }
    g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func((GDestroyNotify)state_account_free);
    bool row = true;
    while (true) {
        if (!statement_step(st, &row, error)) {
            return NULL;
        }
        if (!row) {
            return g_steal_pointer(&all);
        }
        StateAccount *a = g_new0(StateAccount, 1);
        a->id = statement_int(st, 0);
        a->key = g_strdup(statement_text(st, 1));
        a->name = g_strdup(statement_text(st, 2));
        a->last_try = statement_int(st, 3);
        a->last_success = statement_int(st, 4);
        a->last_error = g_strdup(statement_text(st, 5));
        a->failures = (unsigned)statement_int(st, 6);
        a->fetched = (uint64_t)statement_int(st, 7);
        a->bytes = (uint64_t)statement_int(st, 8);
        a->last_fetched = (unsigned)statement_int(st, 9);
        a->next_run = statement_int(st, 10);
        g_ptr_array_add(all, a);
    }
}

bool state_account_ran(State *state, int64_t account, unsigned fetched, uint64_t bytes,
                       const char *failure, GError **error)
{
    g_autoptr(Statement) st = database_prepare(
        state->db,
        "UPDATE account SET last_try = ?1, last_error = ?2, fetched = fetched + ?3, "
        "bytes = bytes + ?4, last_fetched = ?3, next_run = 0, "
        "last_success = CASE WHEN ?2 IS NULL THEN ?1 ELSE last_success END, "
        "failures = CASE WHEN ?2 IS NULL THEN 0 ELSE failures + 1 END WHERE id = ?5",
        error);
    if (st == NULL) {
        return false;
    }
    statement_bind_int(st, 1, g_get_real_time() / G_USEC_PER_SEC);
    statement_bind_text(st, 2, failure);
    statement_bind_int(st, 3, fetched);
    statement_bind_int(st, 4, (int64_t)bytes);
    statement_bind_int(st, 5, account);
    database_lightly(state->db, true);
    bool good = statement_run(st, error);
    database_lightly(state->db, false);
    return good;
}

bool state_account_caps(State *state, int64_t account, char **ret, GError **error)
{
    g_autoptr(Statement) st =
        database_prepare(state->db, "SELECT caps FROM account WHERE id = ?", error);
    bool row = false;
    if (st == NULL) {
        return false;
    }
    statement_bind_int(st, 1, account);
    if (!statement_step(st, &row, error)) {
        return false;
    }
    *ret = row ? g_strdup(statement_text(st, 0)) : NULL;
    return true;
}

bool state_account_set_caps(State *state, int64_t account, const char *caps, GError **error)
{
    g_autoptr(Statement) st =
        database_prepare(state->db, "UPDATE account SET caps = ? WHERE id = ?", error);
    if (st == NULL) {
        return false;
    }
    statement_bind_text(st, 1, caps);
    statement_bind_int(st, 2, account);
    return statement_run(st, error);
}

bool state_account_next_run(State *state, int64_t account, int64_t when, GError **error)
{
    g_autoptr(Statement) st =
        database_prepare(state->db, "UPDATE account SET next_run = ? WHERE id = ?", error);
    if (st == NULL) {
        return false;
    }
    statement_bind_int(st, 1, when);
    statement_bind_int(st, 2, account);
    return statement_run(st, error);
}
