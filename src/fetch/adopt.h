/* adopt.h: what other programs remember of what they fetched: fetchmail's .fetchids, getmail's
 * oldmail-*, mpop's uidls_file, fdm's cache. Pure; all are files of text lines. */
#pragma once

#include "base/bytes.h"
#include "base/error.h"

typedef enum { ADOPT_FETCHMAIL, ADOPT_GETMAIL, ADOPT_MPOP, ADOPT_FDM } AdoptKind;

/* One maildrop's. */
typedef struct {
    char *user, *host; /* NULL: the file does not say; it is of one account */
    GHashTable *uidls; /* a set of strings */
} AdoptList;

/* "fetchmail", "getmail", "mpop", "fdm". False when it is none. */
bool adopt_kind_parse(const char *word, AdoptKind *ret);
/* By its name (".fetchids", "oldmail-*") or, failing that, by its first line; false: it cannot be
 * told. */
bool adopt_kind_guess(const char *path, Bytes text, AdoptKind *ret);

/* All lists of the file (of AdoptList); the caller unrefs the array. DATA: a line is not what that
 * program writes (an id above 1024 octets, too); its number is told. LIMIT: more than a million
 * ids. */
GPtrArray *adopt_parse(AdoptKind kind, Bytes text, GError **error);

/* The list for a maildrop: that whose user and host fit, hosts without regard to case; else one
 * that does not say whose it is; NULL: none. Borrowed. */
const AdoptList *adopt_find(const GPtrArray *lists, const char *user, const char *host);
