/* getmailrc.h: getmail's configuration, one account a file: sections of "NAME = VALUE" lines;
 * values go on in indented lines; some are written as Python's tuples. Pure; internal to config/.
 */
#pragma once

#include "config/import_block.h"

/* Names are "SECTION.NAME", in lower case. CONFIG, LIMIT. Passwords are in no message. */
ImportBlock *getmailrc_parse(Bytes text, const char *file, GError **error);
/* The strings in quotes of ("a", 'b',); NULL when there are none. The caller frees the list. */
char **getmailrc_tuple(const char *value);
