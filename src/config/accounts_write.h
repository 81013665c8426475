/* accounts_write.h: accounts as text for an accounts.conf. */
#pragma once

#include "config/accounts.h"

/* The text of all accounts (of Account) as a Secret, because passwords may be in it: with
 * `passwords` those are written; without, a comment stands in their place. The caller frees it. */
Secret *accounts_text(const GPtrArray *accounts, bool passwords);
/* Writes that to a file descriptor; IO. */
bool accounts_write(int fd, const GPtrArray *accounts, bool passwords, GError **error);
/* Appends the accounts to a file, which is made (0600) when missing, and is replaced as a whole or
 * not at all. Refused with CONFIG when one of that name stands there already; with passwords the
 * file must be the caller's own and closed to others. CANT_CREATE, IO. */
bool accounts_append(const char *path, const GPtrArray *accounts, bool passwords, GError **error);
