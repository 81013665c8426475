/* state.h: what `fetch` remembers between runs: which messages of which folder of which account are
 * safely here, what is still to be removed from the server, how the last run went. One SQLite
 * database for all accounts, DIRECTORY/fetch.db.
 *
 * Calls read and write local files and do not suspend. A commit that has returned is on disk. */
#pragma once

#include "base/bytes.h"
#include "base/error.h"

typedef struct State State;

/* `directory` is made (0700) when missing. CANT_CREATE, CONFIG, IO, DATA. */
State *state_open(const char *directory, GError **error);
void state_close(State *state);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(State, state_close)
const char *state_directory(const State *state);

/* --- accounts --- */

typedef struct {
    int64_t id;
    char *key, *name;
    int64_t last_try, last_success; /* seconds since the epoch; 0: never */
    char *last_error;               /* of the last try, or NULL */
    unsigned failures;              /* in a row */
    uint64_t fetched, bytes;        /* ever */
    unsigned last_fetched;          /* by the last run */
    int64_t next_run;               /* 0: not planned */
} StateAccount;

void state_account_free(StateAccount *account);
/* Finds or makes the row. */
bool state_account_id(State *state, const char *key, const char *name, int64_t *ret,
                      GError **error);
/* All of StateAccount, by name. The caller unrefs the array. */
GPtrArray *state_accounts(State *state, GError **error);
/* How a run went; `failure` NULL: well. The one thing that is not synced: nothing hangs on it but
 * --status, and a run that finds nothing new need not wait for the disk. */
bool state_account_ran(State *state, int64_t account, unsigned fetched, uint64_t bytes,
                       const char *failure, GError **error);
/* What the server can do before the login (session.h: remembered), NULL: not known, "": it is not
 * to be guessed. The caller frees it. */
bool state_account_caps(State *state, int64_t account, char **ret, GError **error);
bool state_account_set_caps(State *state, int64_t account, const char *caps, GError **error);
bool state_account_next_run(State *state, int64_t account, int64_t when, GError **error);

/* --- folders --- */

typedef struct {
    int64_t id;
    uint32_t validity; /* UIDVALIDITY of the rows; 0 for POP3, and for a folder never seen */
    uint32_t settled;  /* IMAP: no UID up to this one needs a look any more */
    uint64_t modseq;
    char digest[65];  /* POP3: of a listing with nothing left to do (source.h); "": none */
    bool in_progress; /* a run that delivered was never ended: the target may hold more than the
                         state knows */
} StateFolder;

/* Finds or makes the row. */
bool state_folder(State *state, int64_t account, const char *name, StateFolder *ret,
                  GError **error);
/* Writes validity, settled, modseq, in_progress and digest. Durable on return. */
bool state_folder_write(State *state, const StateFolder *folder, GError **error);
/* UIDVALIDITY has changed: all rows of the folder are forgotten. */
bool state_folder_forget(State *state, int64_t folder, GError **error);

/* --- messages --- */

typedef enum {
    STATE_FETCHED = 1,    /* durable here */
    STATE_TO_REMOVE = 2,  /* and to be deleted or moved on the server: not known to be done yet */
    STATE_JOURNALLED = 3, /* in the journal of an mbox: see deliver/mbox.c */
    STATE_HEADER = 4,     /* only its header was delivered */
    STATE_ADOPTED = 5,    /* taken as fetched: known, but never removed from the server for it */
    STATE_DONE = 6,       /* and the server was told what it was to be told: it is flagged */
} StateWhat;

typedef struct {
    const char *id; /* POP3: see fetch/identity.h; IMAP: NULL, `uid` counts */
    uint32_t uid;
    StateWhat what;
    uint64_t size;    /* as announced */
    int64_t received; /* INTERNALDATE; 0: not known */
    int64_t fetched;  /* when */
    int64_t gone;     /* when it was first missing from the server; 0: it is there */
} StateMessage;

/* All rows of a folder with a UID above `above` (IMAP; POP3: all), of StateMessage; the ids live in
 * *ret_texts. The caller unrefs and frees both. */
GArray *state_messages(State *state, int64_t folder, uint32_t above, GStringChunk **ret_texts,
                       GError **error);
/* Only those with that state. */
GArray *state_messages_with(State *state, int64_t folder, StateWhat what, int64_t fetched_before,
                            GStringChunk **ret_texts, GError **error);

/* A transaction: everything between is committed at once, durable on return. */
bool state_begin(State *state, GError **error);
bool state_commit(State *state, GError **error);
void state_rollback(State *state);
/* Inserts or replaces one row. */
bool state_message_put(State *state, int64_t folder, const StateMessage *message, GError **error);
bool state_message_drop(State *state, int64_t folder, const StateMessage *message, GError **error);
