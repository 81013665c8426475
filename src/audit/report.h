/* report.h: the one result model that every renderer reads: what was asked, what was seen, what it
 * means. */
#pragma once

#include "audit/check.h"

typedef struct {
    char *invocation;      /* the command line, without secrets */
    gint64 started, ended; /* seconds since the epoch */
    bool interrupted;
    GPtrArray *services; /* of Facts, owned */
    GPtrArray *domains;  /* of DomainFacts, owned */
    GPtrArray *findings; /* of Finding, owned: all verdicts */
    char **fix;          /* products whose lines are wanted: "postfix", "dovecot" ...; or NULL */
} AuditReport;

AuditReport *audit_report_new(void);
void audit_report_free(AuditReport *report);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(AuditReport, audit_report_free)
