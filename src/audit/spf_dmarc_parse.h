/* spf_dmarc_parse.h: gross errors in SPF (RFC 7208) and DMARC (RFC 7489) records, as far as the
 * text itself shows them: nothing is looked up. Pure; a fuzz target. */
#pragma once

#include "base/bytes.h"

typedef struct {
    unsigned
        records; /* that begin with v=spf1; more than one is a permanent error (RFC 7208 4.5) */
    char all;    /* the qualifier of "all": '+', '-', '~', '?'; 0: there is no "all" */
    bool redirect;
    unsigned lookups; /* terms of this record alone that make a receiver ask the DNS; more than 10
                         is an error (4.6.4) */
    GPtrArray *problems; /* of char*: syntax, one sentence each */
} SpfRecord;

/* `records`: TXT records, one a line; those that are not SPF and do not look like it are passed
 * over. Never NULL. */
SpfRecord *spf_parse(Bytes records);
void spf_record_free(SpfRecord *record);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SpfRecord, spf_record_free)

typedef struct {
    unsigned records;
    char *policy;        /* "none", "quarantine", "reject"; NULL: missing or bad */
    char *subdomains;    /* sp=, or NULL: as policy */
    unsigned percent;    /* pct=; 100 unless told */
    char *rua;           /* or NULL */
    GPtrArray *problems; /* of char* */
} DmarcRecord;

/* As spf_parse(), for the records at _dmarc.DOMAIN. */
DmarcRecord *dmarc_parse(Bytes records);
void dmarc_record_free(DmarcRecord *record);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DmarcRecord, dmarc_record_free)
