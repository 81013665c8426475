/* audit_html.h: the parts of an audit's HTML that have a file of their own. Internal to report/. */
#pragma once

#include "audit/report.h"

/* The style sheet, with a line end. */
extern const char audit_html_style[];
/* Appends the section that says what was looked at: domains and services. */
void audit_html_services(GString *out, const AuditReport *report);
