/* sts.h: the MTA-STS policy that holds for a domain now: fetched, or remembered (RFC 8461). */
#pragma once

#include "audit/mta_sts_parse.h"
#include "io/https.h"

typedef struct {
    Dns *dns;
    const HttpsPlan *https;
    const char *cache; /* directory of sts_cache.h, or NULL: nothing is remembered */
    Deadline deadline;
} StsPlan;

/* A policy of the cache is taken while it is young enough, without asking for it anew where the TXT
 * record has the id that it had then, and whatever has become of record and policy since (5.1): who
 * blocks them would block TLS, too. NULL when there is none. *note is what is to be told, or NULL;
 * the caller frees both. Suspends. */
MtaStsPolicy *sts_find(const StsPlan *plan, const char *domain, char **note);
