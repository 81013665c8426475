/* import.h: accounts made of other programs' configurations. Pure: a text in, Accounts and notes on
 * what could not be carried over out. */
#pragma once

#include "config/accounts.h"
#include "config/fetchmailrc.h"

typedef struct {
    char *file;          /* escaped, for notes */
    GPtrArray *accounts; /* of Account; names are unique */
    GPtrArray *notes;    /* of char*: "FILE:LINE: WORD: what became of it"; raw */
} Import;

/* `file` is the name for messages, already escaped. */
Import *import_new(const char *file);
void import_free(Import *import);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Import, import_free)

/* All fail with CONFIG ("FILE:LINE: ...") or LIMIT; passwords are in no message. */
bool import_fetchmailrc(Import *to, Bytes text, GError **error);
bool import_mpoprc(Import *to, Bytes text, GError **error);
bool import_msmtprc(Import *to, Bytes text, GError **error);
bool import_getmailrc(Import *to, Bytes text, GError **error);

/* --- for those who implement them --- */

/* An empty account, named as wanted, or with a number behind it when that is taken. Owned by the
 * import. */
Account *import_account(Import *to, const char *name);
/* `line` 0: none. */
void import_note(Import *to, unsigned line, const char *format, ...) G_GNUC_PRINTF(3, 4);
/* "scheme://host:port"; the port is left out when NULL, empty or 0. The caller frees it. */
char *import_url(const char *scheme, const char *host, const char *port);
/* A list of one. The caller frees it. */
char **import_list(const char *item);
