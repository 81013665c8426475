/* audit_records.h: findings as they are compared. Internal to report/. */
#pragma once

#include "report/audit_changes.h"

/* Escaped as in the JSON, so that what is read back compares equal. */
AuditRecord *audit_record_of(const Finding *finding);
void audit_record_free(AuditRecord *record);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(AuditRecord, audit_record_free)
