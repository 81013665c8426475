/* audit_nagios.c: one line for Nagios and its kin, with performance data behind the bar. */
#include <string.h>

#include "report/audit_words.h"
#include "report/tls_words.h"

enum { NAGIOS_OK, NAGIOS_WARNING, NAGIOS_CRITICAL, NAGIOS_UNKNOWN };

static bool any_reachable(const AuditReport *report)
{
    for (guint i = 0; i < report->services->len; i++) {
        const Facts *facts = g_ptr_array_index(report->services, i);
        if (facts->reachable.known == YES) {
            return true;
        }
    }
    return report->services->len == 0 && report->domains->len > 0;
}

int audit_nagios_status(const AuditReport *report, const AuditView *view)
{
    int worst = audit_view_worst(report, view);
    bool unknown = audit_view_count(report, view, VERDICT_UNKNOWN, SEVERITY_INFO) > 0;
    if (worst >= (int)view->fail_on) {
        return NAGIOS_CRITICAL;
    }
    if (!any_reachable(report) || report->interrupted || (view->strict && unknown)) {
        return NAGIOS_UNKNOWN;
    }
    return worst >= (int)SEVERITY_MEDIUM ? NAGIOS_WARNING : NAGIOS_OK;
}

/* A bar begins the performance data, and a line end ends what is shown. */
static void put_plain(GString *out, const char *text)
{
    g_autofree char *plain = g_strdelimit(g_strdup(text), "|\t", '/');
    g_string_append(out, plain);
}

static void put_subject(GString *out, const AuditReport *report)
{
    GPtrArray *services = report->services;
    g_autofree char *name = NULL;
    if (report->domains->len > 0) {
        const Finding about = {.domain = g_ptr_array_index(report->domains, 0)};
        name = audit_word_subject(&about);
    } else if (services->len > 0) {
        name = audit_word_name(g_ptr_array_index(services, 0));
    }
    put_plain(out, name != NULL ? name : "nothing");
    guint more = (report->domains->len > 0 ? report->domains->len : services->len);
    if (more > 1) {
        g_string_append_printf(out, " and %u more", more - 1);
    }
}

static void put_worst(GString *out, const AuditReport *report, const AuditView *view)
{
    g_autoptr(GPtrArray) groups = audit_groups(report, view);
    if (groups->len == 0) {
        return;
    }
    const AuditGroup *group = g_ptr_array_index(groups, 0);
    if (group->verdict == VERDICT_PASS) {
        return;
    }
    g_string_append_printf(out, "; %s (%s)", group->check->title, group->check->id);
    g_autofree char *evidence = audit_word_evidence(g_ptr_array_index(group->findings, 0));
    if (*evidence != '\0') {
        g_string_append(out, ": ");
        put_plain(out, evidence);
    }
}

/* Days until the first certificate expires; false when none was seen. */
static bool days_left(const AuditReport *report, gint64 *ret)
{
    bool seen = false;
    for (guint i = 0; i < report->services->len; i++) {
        const Facts *facts = g_ptr_array_index(report->services, i);
        const TlsCertificate *leaf = facts->peer != NULL ? tls_word_leaf(facts->peer) : NULL;
        if (leaf != NULL) {
            gint64 days = (leaf->not_after - facts->now) / 86400;
            *ret = seen ? MIN(*ret, days) : days;
            seen = true;
        }
    }
    return seen;
}

static void put_numbers(GString *out, const AuditReport *report, const AuditView *view)
{
    unsigned used = 0;
    unsigned allowed = 0;
    gint64 days = 0;
    for (guint i = 0; i < report->services->len; i++) {
        const Facts *facts = g_ptr_array_index(report->services, i);
        used += facts->connections;
        allowed += facts->budget;
    }
    g_string_append(out, " |");
    for (int s = SEVERITY_CRITICAL; s >= SEVERITY_LOW; s--) {
        g_string_append_printf(out, " %s=%u", severity_name((Severity)s),
                               audit_view_count(report, view, VERDICT_FAIL, (Severity)s));
    }
    g_string_append_printf(out, " inconclusive=%u connections=%u;;;0;%u",
                           audit_view_count(report, view, VERDICT_UNKNOWN, SEVERITY_INFO), used,
                           allowed);
    if (days_left(report, &days)) {
        g_string_append_printf(out, " days_left=%" G_GINT64_FORMAT, days);
    }
    g_string_append_printf(out, " time=%" G_GINT64_FORMAT "s",
                           MAX(report->ended - report->started, 0));
}

char *audit_render_nagios(const AuditReport *report, const AuditView *view)
{
    static const char *const words[] = {"OK", "WARNING", "CRITICAL", "UNKNOWN"};
    GString *out = g_string_new("POSTERN ");
    g_string_append_printf(out, "%s - ", words[audit_nagios_status(report, view)]);
    put_subject(out, report);
    g_autofree char *counts = audit_word_counts(report, view);
    g_string_append_printf(out, ": %s", counts);
    if (report->interrupted) {
        g_string_append(out, ", interrupted");
    } else if (!any_reachable(report)) {
        g_string_append(out, ", not reachable");
    }
    put_worst(out, report, view);
    put_numbers(out, report, view);
    g_string_append_c(out, '\n');
    return g_string_free(out, FALSE);
}
