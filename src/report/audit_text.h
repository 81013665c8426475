/* audit_text.h: what the files of the text form share. Internal to report/. */
#pragma once

#include "report/audit_render.h"

typedef struct {
    GString *out;
    const AuditReport *report;
    const AuditView *view;
} AuditPage;

/* The domains and services. */
void audit_text_subjects(const AuditPage *p);
