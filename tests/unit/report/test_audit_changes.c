#include "report/audit_changes.h"

#include <jansson.h>

#include "audit_test.h"

static const AuditView usual = {.fail_on = SEVERITY_HIGH};

/* What a run would have read back from the JSON of this report. */
static GPtrArray *read_back(const AuditReport *report)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *json = audit_render_json(report, &usual);
    GPtrArray *records = audit_records_parse(bytes_of(json), &error);
    g_assert_no_error(error);
    return records;
}

static AuditReport *report_with(const Target *target, const Check *check, Verdict verdict,
                                Severity severity)
{
    AuditReport *report = empty_report();
    const Facts *f = add_service(report, target, "smtp://mx.example.org", "192.0.2.1");
    add_finding(report, check, verdict, severity, "seen", f);
    return report;
}

static AuditChanges *changes_between(const AuditReport *before, const AuditReport *after)
{
    return audit_changes_new(read_back(before), audit_records_of(after));
}

static void assert_kind(const AuditChanges *changes, const char *name)
{
    const GPtrArray *list = audit_changes_list(changes);
    if (name == NULL) {
        g_assert_cmpuint(list->len, ==, 0);
        return;
    }
    g_assert_cmpuint(list->len, ==, 1);
    const AuditChange *change = g_ptr_array_index(list, 0);
    g_assert_cmpstr(change_name(change->kind), ==, name);
}

static void test_each_way_from_one_verdict_to_another_has_a_name(void)
{
    static const struct {
        Verdict before;
        Severity severity_before;
        Verdict after;
        Severity severity_after;
        const char *name;
    } rows[] = {
        {VERDICT_PASS, SEVERITY_INFO, VERDICT_FAIL, SEVERITY_HIGH, "new"},
        {VERDICT_UNKNOWN, SEVERITY_INFO, VERDICT_FAIL, SEVERITY_HIGH, "new"},
        {VERDICT_FAIL, SEVERITY_LOW, VERDICT_FAIL, SEVERITY_HIGH, "worse"},
        {VERDICT_FAIL, SEVERITY_HIGH, VERDICT_FAIL, SEVERITY_LOW, "better"},
        {VERDICT_FAIL, SEVERITY_HIGH, VERDICT_FAIL, SEVERITY_HIGH, NULL},
        {VERDICT_FAIL, SEVERITY_HIGH, VERDICT_PASS, SEVERITY_INFO, "fixed"},
        {VERDICT_FAIL, SEVERITY_HIGH, VERDICT_UNKNOWN, SEVERITY_INFO, "inconclusive"},
        {VERDICT_PASS, SEVERITY_INFO, VERDICT_UNKNOWN, SEVERITY_INFO, "inconclusive"},
        {VERDICT_UNKNOWN, SEVERITY_INFO, VERDICT_PASS, SEVERITY_INFO, "known"},
        {VERDICT_UNKNOWN, SEVERITY_INFO, VERDICT_UNKNOWN, SEVERITY_INFO, NULL},
        {VERDICT_PASS, SEVERITY_INFO, VERDICT_PASS, SEVERITY_INFO, NULL},
    };
    g_autoptr(Target) target = test_target();
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(AuditReport) before =
            report_with(target, &check_old, rows[i].before, rows[i].severity_before);
        g_autoptr(AuditReport) after =
            report_with(target, &check_old, rows[i].after, rows[i].severity_after);
        g_autoptr(AuditChanges) changes = changes_between(before, after);
        assert_kind(changes, rows[i].name);
    }
}

static void test_what_was_not_looked_at_again_is_gone_and_not_fixed(void)
{
    g_autoptr(Target) target = test_target();
    g_autoptr(AuditReport) before = report_with(target, &check_old, VERDICT_FAIL, SEVERITY_HIGH);
    g_autoptr(AuditReport) after = empty_report();
    g_autoptr(AuditChanges) changes = changes_between(before, after);
    assert_kind(changes, "gone");
    g_assert_cmpint(audit_changes_worst(changes), ==, -1);
}

static void test_another_check_that_fails_is_new(void)
{
    g_autoptr(Target) target = test_target();
    g_autoptr(AuditReport) before = empty_report();
    g_autoptr(AuditReport) after = report_with(target, &check_old, VERDICT_FAIL, SEVERITY_HIGH);
    g_autoptr(AuditChanges) changes = changes_between(before, after);
    assert_kind(changes, "new");
    g_assert_cmpint(audit_changes_worst(changes), ==, SEVERITY_HIGH);
}

/* A name that leads to another address today is still the same service. */
static void test_a_service_is_known_by_its_name(void)
{
    g_autoptr(Target) target = test_target();
    g_autoptr(AuditReport) before = report_with(target, &check_old, VERDICT_FAIL, SEVERITY_HIGH);
    g_autoptr(AuditReport) after = empty_report();
    const Facts *f = add_service(after, target, "smtp://mx.example.org", "192.0.2.99");
    add_finding(after, &check_old, VERDICT_FAIL, SEVERITY_HIGH, "", f);
    g_autoptr(AuditChanges) changes = changes_between(before, after);
    assert_kind(changes, NULL);
}

static void test_siblings_are_told_apart_by_their_address(void)
{
    g_autoptr(Target) target = test_target();
    g_autoptr(AuditReport) before = report_with(target, &check_old, VERDICT_PASS, SEVERITY_INFO);
    g_autoptr(AuditReport) after = report_with(target, &check_old, VERDICT_PASS, SEVERITY_INFO);
    const Facts *other = add_service(before, target, "smtp://mx.example.org", "192.0.2.2");
    add_finding(before, &check_old, VERDICT_PASS, SEVERITY_INFO, "", other);
    other = add_service(after, target, "smtp://mx.example.org", "192.0.2.2");
    const Finding *worse = add_finding(after, &check_old, VERDICT_FAIL, SEVERITY_HIGH, "", other);
    g_autoptr(AuditChanges) changes = changes_between(before, after);
    assert_kind(changes, "new");
    const AuditChange *change = g_ptr_array_index(audit_changes_list(changes), 0);
    g_assert_cmpstr(change->subject, ==, "smtp://mx.example.org (192.0.2.2)");
    g_assert_true(audit_changes_has(changes, worse));
    g_assert_false(audit_changes_has(changes, g_ptr_array_index(after->findings, 0)));
}

static void test_a_report_does_not_differ_from_itself_read_back(void)
{
    g_autoptr(Target) target = test_target();
    g_autoptr(AuditReport) report = hostile_report(target);
    g_autoptr(AuditChanges) changes = changes_between(report, report);
    assert_kind(changes, NULL);
}

static void test_a_baseline_leaves_what_changed(void)
{
    g_autoptr(Target) target = test_target();
    g_autoptr(AuditReport) before = usual_report(target);
    g_autoptr(AuditReport) after = usual_report(target);
    Finding *robot = g_ptr_array_index(after->findings, 2);
    Finding *plain = g_ptr_array_index(after->findings, 0);
    robot->verdict = VERDICT_FAIL;
    robot->severity = SEVERITY_HIGH;
    plain->verdict = VERDICT_PASS;
    g_autoptr(AuditChanges) changes = changes_between(before, after);
    const AuditView view = {.fail_on = SEVERITY_HIGH, .changes = changes};
    g_autofree char *text = audit_render_text(after, &view);
    assert_has(text, "What changed: 1 high; 0 inconclusive");
    assert_has(text, "vulnerable.robot");
    assert_lacks(text, "versions.tls10");
    assert_has(text, "NO LONGER THERE\n  sasl.plain-before-tls");
    g_assert_cmpint(audit_view_worst(after, &view), ==, SEVERITY_HIGH);
    g_autofree char *json = audit_render_json(after, &view);
    assert_has(json, "\"change\": \"fixed\"");
    assert_has(json, "versions.tls10"); /* so that it can be the next baseline */
}

static void test_text_and_json_of_changes(void)
{
    g_autoptr(Target) target = test_target();
    g_autoptr(AuditReport) before = report_with(target, &check_old, VERDICT_FAIL, SEVERITY_LOW);
    g_autoptr(AuditReport) after = report_with(target, &check_old, VERDICT_FAIL, SEVERITY_HIGH);
    g_autoptr(AuditChanges) changes = changes_between(before, after);
    g_autofree char *text = audit_changes_text(changes, false);
    g_assert_cmpstr(text, ==,
                    "WORSE\n  versions.tls10  TLS 1.0 is offered\n      smtp://mx.example.org: low "
                    "before, high now\n      seen\n");
    g_autofree char *json = audit_changes_json(changes);
    json_t *root = json_loads(json, 0, NULL);
    const json_t *change = json_array_get(json_object_get(root, "changes"), 0);
    g_assert_cmpstr(json_string_value(json_object_get(change, "change")), ==, "worse");
    g_assert_cmpstr(
        json_string_value(json_object_get(json_object_get(change, "before"), "severity")), ==,
        "low");
    json_decref(root);
    g_autoptr(AuditChanges) none = changes_between(after, after);
    g_autofree char *nothing = audit_changes_text(none, true);
    g_assert_cmpstr(nothing, ==, "nothing changed\n");
}

static void test_what_is_no_report_is_refused(void)
{
    static const char *const bad[] = {
        "",
        "no JSON",
        "[]",
        "{\"findings\": []}",
        "{\"schema\": \"postern-check\", \"version\": 2, \"findings\": []}",
        "{\"schema\": \"postern-check\", \"version\": 1}",
        "{\"schema\": \"postern-check\", \"version\": 1, \"findings\": [{}]}",
        "{\"schema\": \"postern-check\", \"version\": 1, \"findings\": [3]}",
        ("{\"schema\": \"postern-check\", \"version\": 1, \"findings\": [{\"id\": \"a\", "
         "\"service\": \"b\", \"verdict\": \"maybe\", \"severity\": \"low\"}]}"),
    };
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(audit_records_parse(bytes_of(bad[i]), &error));
        g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_DATA);
    }
    g_autoptr(GError) error = NULL;
    g_assert_null(audit_records_read("/nonexistent/old.json", &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_NO_INPUT);
}

static void test_what_somebody_wrote_into_a_report_is_escaped(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) records = audit_records_parse(
        BYTES_LITERAL("{\"schema\": \"postern-check\", \"version\": 1, \"findings\": [{\"id\": "
                      "\"a\\u001b[31m\", \"service\": \"b\", \"verdict\": \"fail\", \"severity\": "
                      "\"low\", \"title\": null}]}"),
        &error);
    g_assert_no_error(error);
    const AuditRecord *r = g_ptr_array_index(records, 0);
    g_assert_cmpstr(r->id, ==, "a\\x1B[31m");
    g_assert_cmpstr(r->title, ==, "");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define TEST(name) g_test_add_func("/audit_changes/" #name, test_##name)
    TEST(each_way_from_one_verdict_to_another_has_a_name);
    TEST(what_was_not_looked_at_again_is_gone_and_not_fixed);
    TEST(another_check_that_fails_is_new);
    TEST(a_service_is_known_by_its_name);
    TEST(siblings_are_told_apart_by_their_address);
    TEST(a_report_does_not_differ_from_itself_read_back);
    TEST(a_baseline_leaves_what_changed);
    TEST(text_and_json_of_changes);
    TEST(what_is_no_report_is_refused);
    TEST(what_somebody_wrote_into_a_report_is_escaped);
    return g_test_run();
}
