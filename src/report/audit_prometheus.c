/* audit_prometheus.c: an audit in Prometheus' text format, for the textfile collector: how things
 * are, whatever --baseline says. */
#include <string.h>

#include "base/escape.h"
#include "report/audit_words.h"
#include "report/tls_words.h"

typedef struct {
    GString *out;
    const AuditReport *report;
} Page;

static void put_label(GString *out, const char *name, const char *value, bool first)
{
    g_autofree char *shown = escape_line(bytes_of(value != NULL ? value : ""));
    g_string_append_printf(out, "%s%s=\"", first ? "" : ",", name);
    for (const char *c = shown; *c != '\0'; c++) {
        if (*c == '"' || *c == '\\') {
            g_string_append_c(out, '\\');
        }
        g_string_append_c(out, *c);
    }
    g_string_append_c(out, '"');
}

static void put_service_labels(GString *out, const Facts *facts)
{
    put_label(out, "service", facts->name, true);
    put_label(out, "address", facts->address, false);
}

static void put_head(const Page *p, const char *name, const char *help)
{
    g_string_append_printf(p->out, "# HELP postern_check_%s %s\n# TYPE postern_check_%s gauge\n",
                           name, help, name);
}

static void put_sample(const Page *p, const char *name, const Facts *facts, gint64 value)
{
    g_string_append_printf(p->out, "postern_check_%s{", name);
    put_service_labels(p->out, facts);
    g_string_append_printf(p->out, "} %" G_GINT64_FORMAT "\n", value);
}

/* --- one number a service; false: nothing is known --- */

static bool is_up(const Facts *facts, gint64 *ret)
{
    *ret = facts->reachable.known == YES;
    return facts->reachable.known != UNKNOWN;
}

static bool is_verified(const Facts *facts, gint64 *ret)
{
    *ret = facts->peer != NULL && facts->peer->verified;
    return facts->peer != NULL;
}

static bool expiry(const Facts *facts, gint64 *ret)
{
    const TlsCertificate *leaf = facts->peer != NULL ? tls_word_leaf(facts->peer) : NULL;
    *ret = leaf != NULL ? leaf->not_after : 0;
    return leaf != NULL;
}

static bool connections(const Facts *facts, gint64 *ret)
{
    *ret = facts->connections;
    return true;
}

static const struct {
    const char *name, *help;
    bool (*value)(const Facts *facts, gint64 *ret);
} gauges[] = {
    {"up", "Whether the service could be connected to.", is_up},
    {"verified", "Whether its certificate was verified.", is_verified},
    {"certificate_not_after_seconds", "When its certificate expires.", expiry},
    {"connections", "How many connections the audit needed.", connections},
};

static void put_gauges(const Page *p)
{
    for (size_t g = 0; g < G_N_ELEMENTS(gauges); g++) {
        put_head(p, gauges[g].name, gauges[g].help);
        for (guint i = 0; i < p->report->services->len; i++) {
            const Facts *facts = g_ptr_array_index(p->report->services, i);
            gint64 value = 0;
            if (gauges[g].value(facts, &value)) {
                put_sample(p, gauges[g].name, facts, value);
            }
        }
    }
}

/* --- findings --- */

static void put_subject_labels(GString *out, const Finding *f)
{
    if (f->facts != NULL) {
        put_service_labels(out, f->facts);
    } else {
        put_label(out, "service", f->domain != NULL ? f->domain->domain : "", true);
        put_label(out, "address", "", false);
    }
}

static char *finding_line(const Finding *f)
{
    GString *line = g_string_new("postern_check_finding{");
    put_subject_labels(line, f);
    put_label(line, "id", f->check->id, false);
    put_label(line, "severity", audit_word_verdict(f->verdict, f->severity), false);
    g_string_append(line, "} 1\n");
    return g_string_free(line, FALSE);
}

/* The same sample twice would make the whole file invalid, and a check may fail more than once. */
static void put_findings(const Page *p)
{
    g_autoptr(GHashTable) told = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    put_head(p, "finding", "A check that failed, or was inconclusive.");
    for (guint i = 0; i < p->report->findings->len; i++) {
        const Finding *f = g_ptr_array_index(p->report->findings, i);
        if (f->verdict == VERDICT_PASS) {
            continue;
        }
        g_autofree char *line = finding_line(f);
        if (g_hash_table_add(told, g_strdup(line))) {
            g_string_append(p->out, line);
        }
    }
}

static void put_totals(const Page *p)
{
    const AuditView all = {0};
    put_head(p, "findings", "How many checks failed, by severity, or were inconclusive.");
    for (int s = SEVERITY_INFO; s <= (int)SEVERITY_CRITICAL; s++) {
        g_string_append_printf(p->out, "postern_check_findings{severity=\"%s\"} %u\n",
                               severity_name((Severity)s),
                               audit_view_count(p->report, &all, VERDICT_FAIL, (Severity)s));
    }
    g_string_append_printf(p->out, "postern_check_findings{severity=\"inconclusive\"} %u\n",
                           audit_view_count(p->report, &all, VERDICT_UNKNOWN, SEVERITY_INFO));
    put_head(p, "interrupted", "Whether the audit was ended before it was done.");
    g_string_append_printf(p->out, "postern_check_interrupted %d\n", (int)p->report->interrupted);
    put_head(p, "last_run_timestamp_seconds", "When the audit ended.");
    g_string_append_printf(p->out,
                           "postern_check_last_run_timestamp_seconds %" G_GINT64_FORMAT "\n",
                           p->report->ended);
}

char *audit_render_prometheus(const AuditReport *report, const AuditView *view)
{
    (void)view;
    Page p = {.out = g_string_new(NULL), .report = report};
    put_gauges(&p);
    put_findings(&p);
    put_totals(&p);
    return g_string_free(p.out, FALSE);
}
