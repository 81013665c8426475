/* address.h: the addresses in a header field or an option (RFC 5322 3.4): names, comments, quotes,
 * groups and routes are taken off. Pure. */
#pragma once

#include "base/bytes.h"
#include "base/error.h"

/* "Joe <joe@example.org>". A group is an entry with its name, what is in it, and one with neither.
 */
typedef struct {
    char *name;    /* without quotes, or of a comment; NULL: none */
    char *address; /* NULL: a group begins or ends */
} AddressEntry;

/* The entries of a list (of AddressEntry). The caller unrefs the array. NULL with DATA, as below.
 */
GArray *address_entries(Bytes list, GError **error);

/* Appends each "local@domain" of the list to `out` (of char*, owned by it). Something that is no
 * address fails with DATA and names it. An empty list and an empty group are fine. */
bool address_list(Bytes list, GPtrArray *out, GError **error);

/* The one address of `text`; more or none fails with DATA. The caller frees it. */
char *address_one(const char *text, GError **error);

/* As it goes into an envelope: the domain as A-labels when the local part is ASCII, so that a
 * server without SMTPUTF8 can take it; lower case is left to servers. The caller frees it. DATA. */
char *address_for_envelope(const char *address, GError **error);

bool address_is_ascii(const char *address);
