/* compose_header.h: header fields, put together and folded (RFC 5322 2.2.3, 2047). Values are UTF-8
 * without line ends. Lines end in LF. Pure. */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* "NAME: VALUE": folded at blanks where it has more than 76 characters. Words that are not ASCII,
 * or longer than a line may be, are encoded, and no others: a long URL or signature stays whole. */
void compose_field(GString *out, const char *name, const char *value);

/* The same for lists of addresses with names, NULL-terminated; groups stay groups, domains become
 * A-labels. Nothing is appended for lists of nobody. DATA for what is no list of addresses. */
bool compose_address_field(GString *out, const char *name, const char *const *lists,
                           GError **error);

/* "Joe <joe@example.org>", its name quoted or encoded as it must be. The caller frees it. */
char *compose_mailbox(const char *name, const char *address);
