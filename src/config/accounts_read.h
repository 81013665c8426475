/* accounts_read.h: the text of an accounts.conf into Accounts. Pure; a fuzz target. Internal to
 * config/. */
#pragma once

#include "config/accounts.h"

/* Appends one Account a section to `to` (which frees them), [defaults] with name NULL. `text` is
 * NUL-terminated and is changed (its passwords are overwritten). `file` is the name for messages,
 * already escaped, and the place relative names start at. *has_password tells whether one is
 * written in it. CONFIG. */
bool accounts_read(char *text, size_t len, const char *file, GPtrArray *to, bool *has_password,
                   GError **error);
