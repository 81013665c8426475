/* mta_sts_parse.h: the texts of MTA-STS (RFC 8461): the TXT record and the policy; and of TLS-RPT
 * (RFC 8460), which is written the same way. Pure; a fuzz target. */
#pragma once

#include "base/bytes.h"
#include "base/error.h"

typedef struct {
    char *mode;          /* "enforce", "testing", "none"; NULL: missing or not one of them */
    GPtrArray *mx;       /* of char*: patterns, lower case */
    int64_t max_age;     /* seconds; -1: missing or bad */
    GPtrArray *problems; /* of char*: what a sender would not accept, one sentence each; empty: a
                            valid policy */
} MtaStsPolicy;

/* Reads at most 64 kB and 512 patterns; more is a problem. Never NULL. The caller frees it. */
MtaStsPolicy *mta_sts_policy_parse(Bytes text);
void mta_sts_policy_free(MtaStsPolicy *policy);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MtaStsPolicy, mta_sts_policy_free)

/* "mail.example.org" or "*.example.org", which stands for exactly one label (RFC 8461 4.1). Case
 * and a trailing dot of the host are no matter. */
bool mta_sts_mx_matches(const char *pattern, const char *host);

/* The id out of the TXT records at _mta-sts.DOMAIN, one a line; records of other kinds are passed
 * over. NULL with DATA when there is none, more than one, or a broken one. The caller frees it. */
char *mta_sts_record_parse(Bytes records, GError **error);

/* The addresses ("mailto:...", "https://...", separated by commas) out of the TXT records at
 * _smtp._tls.DOMAIN. Errors and ownership as above. */
char *tls_rpt_record_parse(Bytes records, GError **error);
