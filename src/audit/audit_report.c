/* audit_report.c: the one result model. */
#include "audit/report.h"

AuditReport *audit_report_new(void)
{
    AuditReport *report = g_new0(AuditReport, 1);
    report->services = g_ptr_array_new_with_free_func((GDestroyNotify)facts_free);
    report->domains = g_ptr_array_new_with_free_func((GDestroyNotify)domain_facts_free);
    report->findings = g_ptr_array_new_with_free_func((GDestroyNotify)finding_free);
    return report;
}

void audit_report_free(AuditReport *report)
{
    if (report == NULL) {
        return;
    }
    g_free(report->invocation);
    g_strfreev(report->fix);
    g_ptr_array_unref(report->findings); /* they point to the facts */
    g_ptr_array_unref(report->domains);
    g_ptr_array_unref(report->services);
    g_free(report);
}
