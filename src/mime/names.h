/* names.h: what a message calls its attachment, made into a file name that does no harm. Pure. */
#pragma once

#include "base/bytes.h"

#define NAMES_MAX 200 /* bytes of a name: leaves room for a number below NAME_MAX, 255 */

/* The last component of what the sender wrote (slash or backslash), valid UTF-8, without control
 * characters, characters that reorder or hide text, and what shells and other systems' file systems
 * take amiss; no leading dot or dash, no device name (CON, LPT1.txt), at most NAMES_MAX bytes with
 * its extension kept. When nothing is left of it, or name is NULL: "part-SECTION" with an extension
 * for the type. The caller frees it. */
char *names_safe(const char *name, const char *section, const char *type);

/* The name for the nth try when it is taken: "photo.jpg" gives "photo-2.jpg". n is at least 2. The
 * caller frees it. */
char *names_numbered(const char *name, unsigned n);
