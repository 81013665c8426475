/* fetchmailrc_json.h: what was understood of a fetchmailrc, as JSON: one object with the `set`
 * options and `servers`, each with its options and `users`, named as in the file. Passwords are
 * shown as "*****". */
#pragma once

#include "config/fetchmailrc.h"

/* The caller frees it. */
char *fetchmailrc_json(const FetchmailRc *rc);
