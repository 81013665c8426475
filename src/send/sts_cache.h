/* sts_cache.h: MTA-STS policies remembered between runs (RFC 8461 5.1): a small file for each
 * domain in a private directory. Local files; nothing suspends. */
#pragma once

#include "audit/mta_sts_parse.h"

typedef struct {
    char *id; /* of the TXT record it was fetched under */
    int64_t fetched;
    MtaStsPolicy *policy; /* without problems */
} StsCached;

void sts_cached_free(StsCached *cached);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StsCached, sts_cached_free)

/* What a file of the cache says of the domain. NULL when it is none, is another domain's, or its
 * policy is too old at `now` (seconds since the epoch) or was fetched after that. Pure. */
StsCached *sts_cached_parse(Bytes text, const char *domain, int64_t now);

/* The same for the domain's file; NULL when there is none. */
StsCached *sts_cache_read(const char *directory, const char *domain, int64_t now);
/* `text` is the policy as it was fetched, at `now`. Makes the directory (0700). CANT_CREATE, IO. */
bool sts_cache_write(const char *directory, const char *domain, const char *id, Bytes text,
                     int64_t now, GError **error);
