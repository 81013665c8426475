/* audit_html.c: an audit as one HTML file: no script, no request to anywhere (its own policy
 * forbids them), readable on a phone, in the dark and on paper. */
#include <string.h>

#include "report/audit_html.h"
#include "report/audit_markup.h"
#include "report/audit_words.h"
#include "report/tls_words.h"

static const char *class_of(Verdict verdict, Severity severity)
{
    return verdict == VERDICT_FAIL ? severity_name(severity) : verdict_name(verdict);
}

/* --- the head --- */

static const char *title_of(const AuditReport *report)
{
    if (report->domains->len > 0) {
        return ((const DomainFacts *)g_ptr_array_index(report->domains, 0))->domain;
    }
    if (report->services->len > 0) {
        const Facts *first = g_ptr_array_index(report->services, 0);
        return report->services->len > 1 && first->host != NULL ? first->host : first->name;
    }
    return "nothing";
}

static void put_head(GString *out, const AuditReport *report)
{
    g_string_append(out,
                    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
                    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src "
                    "'none'; style-src 'unsafe-inline'\"/>\n"
                    "<meta name=\"viewport\" content=\"width=device-width, "
                    "initial-scale=1\"/>\n<meta name=\"color-scheme\" content=\"light dark\"/>\n"
                    "<meta name=\"referrer\" content=\"no-referrer\"/>\n");
    markup_format(out, "<title>Audit of %s</title>\n<style>\n", title_of(report));
    g_string_append(out, audit_html_style);
    g_string_append(out, "</style>\n</head>\n<body>\n");
}

static void put_count(GString *out, const char *class, unsigned n, const char *word)
{
    g_autofree char *number = g_strdup_printf("%u", n);
    markup_format(out, "<li class=\"%s\"><b>%s</b> %s</li>\n", n > 0 ? class : "none", number,
                  word);
}

static void put_summary(GString *out, const AuditReport *report, const AuditView *view)
{
    g_autofree char *when = tls_word_time(report->started);
    markup_format(out, "<header>\n<h1>Audit of %s</h1>\n<p>%s%s%s</p>\n<ul class=\"counts\">\n",
                  title_of(report), when, view->changes != NULL ? ", what changed" : "",
                  report->interrupted ? ", interrupted: not all was asked" : "");
    for (int s = SEVERITY_CRITICAL; s >= SEVERITY_INFO; s--) {
        const char *name = severity_name((Severity)s);
        put_count(out, name, audit_view_count(report, view, VERDICT_FAIL, (Severity)s), name);
    }
    put_count(out, "unknown", audit_view_count(report, view, VERDICT_UNKNOWN, SEVERITY_INFO),
              "inconclusive");
    put_count(out, "pass", audit_view_count(report, view, VERDICT_PASS, SEVERITY_INFO), "passed");
    g_string_append(out, "</ul>\n</header>\n");
}

/* --- findings --- */

static void put_evidence(GString *out, const AuditGroup *group)
{
    g_string_append(out, "<ul class=\"evidence\">\n");
    for (guint i = 0; i < group->findings->len; i++) {
        const Finding *f = g_ptr_array_index(group->findings, i);
        g_autofree char *subject = audit_word_subject(f);
        g_autofree char *evidence = audit_word_evidence(f);
        markup_format(out, "<li><span class=\"subject\">%s</span> %s</li>\n", subject, evidence);
    }
    g_string_append(out, "</ul>\n");
}

/* All there are, unless --fix says which. */
static bool wants_fix(const AuditReport *report, const char *product)
{
    return report->fix == NULL || g_strv_contains((const char *const *)report->fix, product);
}

static void put_fixes(GString *out, const AuditReport *report, const Check *check)
{
    for (size_t i = 0; audit_products[i] != NULL; i++) {
        const char *lines = audit_fix(check, audit_products[i]);
        if (lines != NULL && wants_fix(report, audit_products[i])) {
            markup_format(out, "<h4>%s</h4>\n<pre>%s</pre>\n",
                          audit_product_title(audit_products[i]), lines);
        }
    }
}

static void put_group(GString *out, const AuditReport *report, const AuditGroup *group)
{
    const Check *check = group->check;
    markup_format(out,
                  "<article class=\"%s\" id=\"%s-%s\">\n<h3><span class=\"badge\">%s</span> %s "
                  "<code>%s</code></h3>\n",
                  class_of(group->verdict, group->severity), check->id,
                  class_of(group->verdict, group->severity),
                  audit_word_verdict(group->verdict, group->severity), check->title, check->id);
    put_evidence(out, group);
    if (group->verdict == VERDICT_FAIL) {
        markup_format(out, "<p>%s</p>\n<p class=\"reference\">%s</p>\n", check->why,
                      check->reference);
        put_fixes(out, report, check);
    }
    g_string_append(out, "</article>\n");
}

static void put_groups(GString *out, const AuditReport *report, const GPtrArray *groups,
                       Verdict verdict)
{
    for (guint i = 0; i < groups->len; i++) {
        const AuditGroup *group = g_ptr_array_index(groups, i);
        if (group->verdict == verdict) {
            put_group(out, report, group);
        }
    }
}

static void put_passed(GString *out, const GPtrArray *groups)
{
    g_string_append(out, "<details>\n<summary>What passed</summary>\n<ul class=\"passed\">\n");
    for (guint i = 0; i < groups->len; i++) {
        const AuditGroup *group = g_ptr_array_index(groups, i);
        if (group->verdict == VERDICT_PASS) {
            markup_format(out, "<li>not so: %s <code>%s</code></li>\n", group->check->title,
                          group->check->id);
        }
    }
    g_string_append(out, "</ul>\n</details>\n");
}

static void put_findings(GString *out, const AuditReport *report, const AuditView *view)
{
    g_autoptr(GPtrArray) groups = audit_groups(report, view);
    g_string_append(out, "<section>\n<h2>Findings</h2>\n");
    put_groups(out, report, groups, VERDICT_FAIL);
    if (audit_view_worst(report, view) < 0) {
        g_string_append(out, "<p>Nothing was found.</p>\n");
    }
    g_string_append(out, "</section>\n");
    if (audit_view_count(report, view, VERDICT_UNKNOWN, SEVERITY_INFO) > 0) {
        g_string_append(out, "<section>\n<h2>Inconclusive</h2>\n");
        put_groups(out, report, groups, VERDICT_UNKNOWN);
        g_string_append(out, "</section>\n");
    }
    put_passed(out, groups);
}

char *audit_render_html(const AuditReport *report, const AuditView *view)
{
    GString *out = g_string_new(NULL);
    put_head(out, report);
    put_summary(out, report, view);
    put_findings(out, report, view);
    audit_html_services(out, report);
    markup_format(out, "<footer><p><code>%s</code></p></footer>\n</body>\n</html>\n",
                  report->invocation);
    return g_string_free(out, FALSE);
}
