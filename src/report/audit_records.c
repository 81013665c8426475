/* audit_records.c: the findings of a report, or of the JSON of an earlier one. */
#include "report/audit_records.h"

#include <jansson.h>
#include <string.h>

#include "base/escape.h"

#define MAX_FILE ((gsize)64 * 1024 * 1024)

void audit_record_free(AuditRecord *record)
{
    if (record == NULL) {
        return;
    }
    g_free(record->service);
    g_free(record->address);
    g_free(record->id);
    g_free(record->title);
    g_free(record->evidence);
    g_free(record);
}

static void free_record(void *record)
{
    audit_record_free(record);
}

static char *escaped(const char *text)
{
    return text == NULL ? NULL : escape_text(bytes_of(text));
}

AuditRecord *audit_record_of(const Finding *finding)
{
    AuditRecord *r = g_new0(AuditRecord, 1);
    const char *domain = finding->domain != NULL ? finding->domain->domain : NULL;
    r->service = escaped(finding->facts != NULL ? finding->facts->name : domain);
    r->service = r->service != NULL ? r->service : g_strdup("");
    r->address = finding->facts != NULL ? escaped(finding->facts->address) : NULL;
    r->id = g_strdup(finding->check->id);
    r->title = g_strdup(finding->check->title);
    r->verdict = finding->verdict;
    r->severity = finding->severity;
    r->evidence = escaped(finding->evidence != NULL ? finding->evidence : "");
    return r;
}

GPtrArray *audit_records_of(const AuditReport *report)
{
    GPtrArray *records = g_ptr_array_new_with_free_func(free_record);
    for (guint i = 0; i < report->findings->len; i++) {
        g_ptr_array_add(records, audit_record_of(g_ptr_array_index(report->findings, i)));
    }
    return records;
}

/* --- from JSON --- */

static bool verdict_parse(const char *word, Verdict *ret)
{
    for (int v = VERDICT_PASS; word != NULL && v <= VERDICT_UNKNOWN; v++) {
        if (strcmp(word, verdict_name((Verdict)v)) == 0) {
            *ret = (Verdict)v;
            return true;
        }
    }
    return false;
}

static const char *member(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

/* What a person edited into the file must not reach a terminal either. */
static char *shown(const json_t *object, const char *name)
{
    const char *text = member(object, name);
    return text == NULL ? NULL : escape_text(bytes_of(text));
}

static AuditRecord *read_record(const json_t *finding, size_t index, GError **error)
{
    g_autoptr(AuditRecord) r = g_new0(AuditRecord, 1);
    const char *severity = member(finding, "severity");
    const char *domain = member(finding, "domain") != NULL ? "domain" : "service";
    r->service = shown(finding, domain);
    r->address = shown(finding, "address");
    r->id = shown(finding, "id");
    r->title = shown(finding, "title");
    r->evidence = shown(finding, "evidence");
    bool good = r->service != NULL && r->id != NULL && severity != NULL &&
                verdict_parse(member(finding, "verdict"), &r->verdict) &&
                severity_parse(severity, &r->severity, NULL);
    if (!good) {
        error_fail(error, POSTERN_ERROR_DATA,
                   "finding %zu has no id, service, verdict and severity as `postern check "
                   "--format=json` writes them",
                   index + 1);
        return NULL;
    }
    r->title = r->title != NULL ? r->title : g_strdup("");
    r->evidence = r->evidence != NULL ? r->evidence : g_strdup("");
    return g_steal_pointer(&r);
}

static GPtrArray *read_findings(const json_t *root, GError **error)
{
    const json_t *findings = json_object_get(root, "findings");
    const char *schema = member(root, "schema");
    if (g_strcmp0(schema, "postern-check") != 0 || !json_is_array(findings)) {
        error_fail(error, POSTERN_ERROR_DATA,
                   "it is no report that `postern check --format=json` wrote");
        return NULL;
    }
    if (json_integer_value(json_object_get(root, "version")) != 1) {
        error_fail(error, POSTERN_ERROR_DATA,
                   "it has version %" JSON_INTEGER_FORMAT
                   " of the schema, and only version 1 is known here",
                   json_integer_value(json_object_get(root, "version")));
        return NULL;
    }
    g_autoptr(GPtrArray) records = g_ptr_array_new_with_free_func(free_record);
    for (size_t i = 0; i < json_array_size(findings); i++) {
        AuditRecord *r = read_record(json_array_get(findings, i), i, error);
        if (r == NULL) {
            return NULL;
        }
        g_ptr_array_add(records, r);
    }
    return g_steal_pointer(&records);
}

GPtrArray *audit_records_parse(Bytes json, GError **error)
{
    json_error_t problem;
    json_t *root = json_loadb(json.data, json.len, 0, &problem);
    if (root == NULL) {
        g_autofree char *text = escape_line(bytes_of(problem.text));
        error_fail(error, POSTERN_ERROR_DATA, "line %d is no JSON: %s", problem.line, text);
        return NULL;
    }
    GPtrArray *records = read_findings(root, error);
    json_decref(root);
    return records;
}

GPtrArray *audit_records_read(const char *path, GError **error)
{
    g_autoptr(GError) problem = NULL;
    g_autofree char *text = NULL;
    gsize len = 0;
    if (!g_file_get_contents(path, &text, &len, &problem)) {
        error_fail(error, POSTERN_ERROR_NO_INPUT, "cannot read the report: %s", problem->message);
        return NULL;
    }
    if (len > MAX_FILE) {
        error_fail(error, POSTERN_ERROR_DATA, "%s has more than 64 MB", path);
        return NULL;
    }
    GPtrArray *records = audit_records_parse((Bytes){text, len}, error);
    if (records == NULL) {
        error_prefix(error, "%s", path);
    }
    return records;
}
