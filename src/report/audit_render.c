/* audit_render.c: the formats of an audit, and what of a report they show. */
#include "report/audit_render.h"

#include <string.h>

#include "base/escape.h"

const AuditFormat audit_formats[] = {
    {"text", "txt", "for people", audit_render_text},
    {"json", "json", "everything, for programs", audit_render_json},
    {"flat", NULL, "testssl.sh's flat JSON", audit_render_flat},
    {"html", "html", "one file for a browser", audit_render_html},
    {"junit", "xml", "for continuous integration", audit_render_junit},
    {"prometheus", "prom", "for the textfile collector", audit_render_prometheus},
    {"nagios", NULL, "one line with performance data", audit_render_nagios},
    {NULL},
};

const AuditFormat *audit_format_find(const char *name, GError **error)
{
    g_autoptr(GString) names = g_string_new(NULL);
    for (const AuditFormat *f = audit_formats; f->name != NULL; f++) {
        if (strcmp(f->name, name) == 0) {
            return f;
        }
        g_string_append_printf(names, "%s%s", names->len > 0 ? ", " : "", f->name);
    }
    g_autofree char *shown = escape_line_max(bytes_of(name), 40);
    error_fail(error, POSTERN_ERROR_USAGE, "there is no format \"%s\"; there are %s", shown,
               names->str);
    return NULL;
}

const AuditFormat *audit_format_of_file(const char *path)
{
    const char *dot = strrchr(path, '.');
    for (const AuditFormat *f = audit_formats; dot != NULL && f->name != NULL; f++) {
        if (f->ending != NULL && g_ascii_strcasecmp(dot + 1, f->ending) == 0) {
            return f;
        }
    }
    return audit_formats;
}

bool audit_view_shows(const AuditView *view, const Finding *finding)
{
    return view->changes == NULL || audit_changes_has(view->changes, finding);
}

int audit_view_worst(const AuditReport *report, const AuditView *view)
{
    int worst = -1;
    for (guint i = 0; i < report->findings->len; i++) {
        const Finding *f = g_ptr_array_index(report->findings, i);
        if (f->verdict == VERDICT_FAIL && (int)f->severity > worst && audit_view_shows(view, f)) {
            worst = (int)f->severity;
        }
    }
    return worst;
}

unsigned audit_view_count(const AuditReport *report, const AuditView *view, Verdict verdict,
                          Severity severity)
{
    unsigned n = 0;
    for (guint i = 0; i < report->findings->len; i++) {
        const Finding *f = g_ptr_array_index(report->findings, i);
        bool fits = f->verdict == verdict && (verdict != VERDICT_FAIL || f->severity == severity);
        n += fits && audit_view_shows(view, f);
    }
    return n;
}
