/* audit_json.c: an AuditReport as JSON. docs/audit-json.md describes it and is a promise: add,
 * never change. */
#include "report/audit_json.h"

#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "report/audit_words.h"
#include "report/tls_words.h"

json_t *audit_json_string(const char *text)
{
    if (text == NULL) {
        return json_null();
    }
    g_autofree char *shown = escape_text(bytes_of(text));
    return json_string(shown);
}

json_t *audit_json_time(gint64 seconds)
{
    g_autofree char *iso = seconds > 0 ? tls_word_iso_time(seconds) : NULL;
    return iso != NULL ? json_string(iso) : json_null();
}

json_t *audit_json_fact(const Fact *fact)
{
    static const char *const names[] = {[UNKNOWN] = "unknown", [NO] = "no", [YES] = "yes"};
    return json_pack("{s:s, s:o}", "known", names[fact->known], "why",
                     audit_json_string(fact->why));
}

json_t *audit_json_strings(const GPtrArray *strings)
{
    json_t *array = json_array();
    for (guint i = 0; strings != NULL && i < strings->len; i++) {
        json_array_append_new(array, audit_json_string(g_ptr_array_index(strings, i)));
    }
    return array;
}

char *audit_json_text(json_t *value)
{
    char *dumped = json_dumps(value, JSON_INDENT(2));
    json_decref(value);
    char *text = g_strconcat(dumped, "\n", NULL);
    free(dumped);
    return text;
}

/* --- findings --- */

static json_t *fixes(const Check *check)
{
    json_t *object = json_object();
    for (size_t i = 0; audit_products[i] != NULL; i++) {
        const char *lines = audit_fix(check, audit_products[i]);
        if (lines != NULL) {
            json_object_set_new(object, audit_products[i], audit_json_string(lines));
        }
    }
    return object;
}

static json_t *finding(const Finding *f)
{
    const Check *check = f->check;
    const char *family = strchr(check->id, '.');
    size_t family_len = family != NULL ? (size_t)(family - check->id) : strlen(check->id);
    const char *domain = f->facts == NULL && f->domain != NULL ? f->domain->domain : NULL;
    bool failed = f->verdict == VERDICT_FAIL;
    return json_pack("{s:s, s:s%, s:o, s:o, s:o, s:o, s:s, s:s, s:o, s:o, s:o, s:o, s:o}", "id",
                     check->id, "family", check->id, family_len, "service",
                     audit_json_string(f->facts != NULL ? f->facts->name : NULL), "address",
                     audit_json_string(f->facts != NULL ? f->facts->address : NULL), "port",
                     f->facts != NULL ? json_integer(f->facts->port) : json_null(), "domain",
                     audit_json_string(domain), "verdict", verdict_name(f->verdict), "severity",
                     severity_name(f->severity), "title", audit_json_string(check->title),
                     "evidence", audit_json_string(f->evidence != NULL ? f->evidence : ""), "why",
                     audit_json_string(failed ? check->why : NULL), "reference",
                     audit_json_string(check->reference), "fix",
                     failed ? fixes(check) : json_null());
}

/* --- the whole --- */

static json_t *summary(const AuditReport *report, const AuditView *view)
{
    const AuditView all = {.fail_on = view->fail_on, .strict = view->strict};
    json_t *failed = json_object();
    for (int s = SEVERITY_CRITICAL; s >= SEVERITY_INFO; s--) {
        unsigned n = audit_view_count(report, &all, VERDICT_FAIL, (Severity)s);
        json_object_set_new(failed, severity_name((Severity)s), json_integer(n));
    }
    int worst = audit_view_worst(report, &all);
    unsigned used = 0;
    for (guint i = 0; i < report->services->len; i++) {
        used += ((const Facts *)g_ptr_array_index(report->services, i))->connections;
    }
    return json_pack(
        "{s:o, s:o, s:I, s:I, s:I}", "worst",
        audit_json_string(worst < 0 ? NULL : severity_name((Severity)worst)), "failed", failed,
        "inconclusive", (json_int_t)audit_view_count(report, &all, VERDICT_UNKNOWN, SEVERITY_INFO),
        "passed", (json_int_t)audit_view_count(report, &all, VERDICT_PASS, SEVERITY_INFO),
        "connections", (json_int_t)used);
}

char *audit_render_json(const AuditReport *report, const AuditView *view)
{
    json_t *services = json_array();
    json_t *domains = json_array();
    json_t *findings = json_array();
    for (guint i = 0; i < report->services->len; i++) {
        json_array_append_new(services, audit_json_service(g_ptr_array_index(report->services, i)));
    }
    for (guint i = 0; i < report->domains->len; i++) {
        json_array_append_new(domains, audit_json_domain(g_ptr_array_index(report->domains, i)));
    }
    for (guint i = 0; i < report->findings->len; i++) {
        json_array_append_new(findings, finding(g_ptr_array_index(report->findings, i)));
    }
    json_t *root = json_pack(
        "{s:s, s:i, s:s, s:o, s:o, s:o, s:b, s:o, s:o, s:o, s:o, s:o}", "schema", "postern-check",
        "version", 1, "program", "postern " POSTERN_VERSION, "invocation",
        audit_json_string(report->invocation), "started", audit_json_time(report->started), "ended",
        audit_json_time(report->ended), "interrupted", (int)report->interrupted, "summary",
        summary(report, view), "services", services, "domains", domains, "findings", findings,
        "changes", view->changes != NULL ? audit_changes_array(view->changes) : json_null());
    return audit_json_text(root);
}
