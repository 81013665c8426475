/* audit_junit.c: an audit as JUnit's XML: a suite for each service or domain, a case for each
 * finding. A fail below --fail-on passes, and says so in its output; what is inconclusive is
 * skipped, or an error with --strict. */
#include "report/audit_markup.h"
#include "report/audit_words.h"
#include "report/tls_words.h"

typedef struct {
    unsigned tests, failures, errors, skipped;
} Counts;

static bool same_subject(const Finding *a, const Finding *b)
{
    return a->facts == b->facts && a->domain == b->domain;
}

static void count(Counts *counts, const Finding *f, const AuditView *view)
{
    counts->tests++;
    counts->failures += f->verdict == VERDICT_FAIL && f->severity >= view->fail_on;
    counts->errors += f->verdict == VERDICT_UNKNOWN && view->strict;
    counts->skipped += f->verdict == VERDICT_UNKNOWN && !view->strict;
}

static void put_counts(GString *out, const Counts *counts)
{
    g_string_append_printf(out, " tests=\"%u\" failures=\"%u\" errors=\"%u\" skipped=\"%u\"",
                           counts->tests, counts->failures, counts->errors, counts->skipped);
}

static void put_failure(GString *out, const Finding *f)
{
    markup_format(out, "      <failure type=\"%s\" message=\"%s\">%s\n%s\nSee %s</failure>\n",
                  severity_name(f->severity), f->check->title, f->evidence, f->check->why,
                  f->check->reference);
}

static void put_case(GString *out, const Finding *f, const AuditView *view, const char *subject)
{
    g_autofree char *evidence = audit_word_evidence(f);
    markup_format(out, "    <testcase classname=\"%s\" name=\"%s\">\n", subject, f->check->id);
    if (f->verdict == VERDICT_FAIL && f->severity >= view->fail_on) {
        put_failure(out, f);
    } else if (f->verdict == VERDICT_FAIL) {
        markup_format(out, "      <system-out>%s: %s: %s</system-out>\n",
                      severity_name(f->severity), f->check->title, evidence);
    } else if (f->verdict == VERDICT_UNKNOWN && view->strict) {
        markup_format(out, "      <error type=\"inconclusive\" message=\"%s\"/>\n", evidence);
    } else if (f->verdict == VERDICT_UNKNOWN) {
        markup_format(out, "      <skipped message=\"%s\"/>\n", evidence);
    } else if (*evidence != '\0') {
        markup_format(out, "      <system-out>%s</system-out>\n", evidence);
    }
    g_string_append(out, "    </testcase>\n");
}

/* The findings of one subject stand together in a report. Gives the index behind them. */
static guint put_suite(GString *out, const AuditReport *report, const AuditView *view, guint first)
{
    const Finding *head = g_ptr_array_index(report->findings, first);
    g_autofree char *subject = audit_word_subject(head);
    g_autofree char *when = tls_word_iso_time(report->started);
    g_autoptr(GString) cases = g_string_new(NULL);
    Counts counts = {0};
    guint i = first;
    for (; i < report->findings->len; i++) {
        const Finding *f = g_ptr_array_index(report->findings, i);
        if (!same_subject(head, f)) {
            break;
        }
        if (audit_view_shows(view, f)) {
            count(&counts, f, view);
            put_case(cases, f, view, subject);
        }
    }
    markup_format(out, "  <testsuite name=\"%s\" timestamp=\"%s\"", subject, when);
    put_counts(out, &counts);
    g_string_append_printf(out, ">\n%s  </testsuite>\n", cases->str);
    return i;
}

char *audit_render_junit(const AuditReport *report, const AuditView *view)
{
    GString *out = g_string_new("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    Counts counts = {0};
    for (guint i = 0; i < report->findings->len; i++) {
        const Finding *f = g_ptr_array_index(report->findings, i);
        if (audit_view_shows(view, f)) {
            count(&counts, f, view);
        }
    }
    g_string_append(out, "<testsuites name=\"postern check\"");
    put_counts(out, &counts);
    g_string_append(out, ">\n");
    for (guint i = 0; i < report->findings->len;) {
        i = put_suite(out, report, view, i);
    }
    g_string_append(out, "</testsuites>\n");
    return g_string_free(out, FALSE);
}
