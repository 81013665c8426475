#include "report/audit_render.h"

#include <jansson.h>

#include "audit_test.h"

static const AuditView usual = {.fail_on = SEVERITY_HIGH};

static char *render(const char *format, const AuditReport *report, const AuditView *view)
{
    const AuditFormat *f = audit_format_find(format, NULL);
    g_assert_nonnull(f);
    return f->render(report, view);
}

static void assert_no_control(const char *text)
{
    g_assert_true(g_utf8_validate(text, -1, NULL));
    for (const char *c = text; *c != '\0'; c = g_utf8_next_char(c)) {
        gunichar u = g_utf8_get_char(c);
        g_assert_false((u < 0x20 && u != '\n' && u != '\t') || u == 0x7F || u == 0x9B ||
                       u == 0x202E);
    }
}

/* --- the table --- */

static void test_formats_are_found_by_name_and_ending(void)
{
    g_autoptr(GError) error = NULL;
    g_assert_cmpstr(audit_format_find("junit", &error)->name, ==, "junit");
    g_assert_null(audit_format_find("jason", &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_USAGE);
    assert_has(error->message, "text, json, flat, html, junit, prometheus, nagios");
    g_assert_cmpstr(audit_format_of_file("a/b.HTML")->name, ==, "html");
    g_assert_cmpstr(audit_format_of_file("b.json")->name, ==, "json");
    g_assert_cmpstr(audit_format_of_file("b.prom")->name, ==, "prometheus");
    g_assert_cmpstr(audit_format_of_file("b")->name, ==, "text");
}

static void test_every_format_survives_an_empty_report(void)
{
    g_autoptr(AuditReport) report = empty_report();
    for (const AuditFormat *f = audit_formats; f->name != NULL; f++) {
        g_autofree char *text = f->render(report, &usual);
        g_assert_true(g_str_has_suffix(text, "\n"));
    }
}

/* What a hostile server says reaches nobody's terminal, browser or parser as anything but text. */
static void test_every_format_escapes_what_came_from_outside(void)
{
    g_autoptr(Target) target = test_target();
    g_autoptr(AuditReport) report = hostile_report(target);
    for (const AuditFormat *f = audit_formats; f->name != NULL; f++) {
        const AuditView view = {.fail_on = SEVERITY_HIGH, .verbose = true};
        g_autofree char *text = f->render(report, &view);
        assert_no_control(text);
    }
}

/* --- text --- */

static void test_text_begins_with_the_verdict_and_the_worst(void)
{
    g_autoptr(Target) target = test_target();
    g_autoptr(AuditReport) report = usual_report(target);
    g_autofree char *text = render("text", report, &usual);
    assert_has(text, "smtp://mx.example.org (192.0.2.1), MX\n");
    assert_has(text, "used 14 of 20 connections");
    assert_has(text, "offers TLS 1.2, TLS 1.3; not SSLv2");
    assert_has(text, "\nResult: 1 critical, 1 low; 1 inconclusive; 1 passed\n");
    assert_has(text, "\nCRITICAL\n  sasl.plain-before-tls  Passwords can be sent in the clear\n");
    assert_has(text, "(192.0.2.1): AUTH PLAIN LOGIN\n");
    assert_has(text, "Whoever can listen");
    assert_has(text,
               "\n  smtp://mx.example.org (192.0.2.1): 421 too many\n      vulnerable.robot\n");
    g_assert_true(strstr(text, "\nCRITICAL") < strstr(text, "\nLOW"));
    g_assert_true(strstr(text, "\nLOW") < strstr(text, "\nINCONCLUSIVE"));
    assert_lacks(text, "cert.expired");
    assert_lacks(text, "smtpd_tls_auth_only");
    assert_lacks(text, "\033");
}

static void test_text_tells_more_when_asked(void)
{
    g_autoptr(Target) target = test_target();
    g_autoptr(AuditReport) report = usual_report(target);
    report->fix = g_strsplit("dovecot,postfix", ",", -1);
    const AuditView view = {.fail_on = SEVERITY_HIGH, .verbose = true, .color = true};
    g_autofree char *text = render("text", report, &view);
    assert_has(text, "cert.expired");
    assert_has(text, "      Dovecot:\n          ssl = required\n          auth_x = <no>\n");
    assert_has(text, "smtpd_tls_auth_only = yes");
    assert_has(text, "\033[1;37;41mCRITICAL\033[0m");
}

static void test_text_fits_80_columns(void)
{
    g_autoptr(Target) target = test_target();
    g_autoptr(AuditReport) report = hostile_report(target);
    Facts *f = g_ptr_array_index(report->services, 0);
    g_autofree char *endless = g_strnfill(700, 'x');
    add_finding(report, &check_old, VERDICT_FAIL, SEVERITY_LOW, endless, f);
    g_autofree char *text = render("text", report, &usual);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line != NULL; line++) {
        g_assert_cmpint(g_utf8_strlen(*line, -1), <=, 80);
    }
}

static void test_text_says_the_same_of_several_services_once(void)
{
    g_autoptr(Target) target = test_target();
    g_autoptr(AuditReport) report = usual_report(target);
    const Facts *two = add_service(report, target, "smtp://mx2.example.org", "192.0.2.2");
    add_finding(report, &check_old, VERDICT_FAIL, SEVERITY_LOW, "", two);
    g_autofree char *text = render("text", report, &usual);
    assert_has(text, "smtp://mx.example.org (192.0.2.1), smtp://mx2.example.org (192.0.2.2)\n");
    g_assert_null(strstr(strstr(text, "versions.tls10") + 1, "versions.tls10"));
}

static void test_text_tells_one_reason_for_not_knowing_once(void)
{
    g_autoptr(Target) target = test_target();
    g_autoptr(AuditReport) report = usual_report(target);
    const Facts *f = g_ptr_array_index(report->services, 0);
    add_finding(report, &check_old, VERDICT_UNKNOWN, SEVERITY_INFO, "421 too many", f);
    add_finding(report, &check_plain, VERDICT_UNKNOWN, SEVERITY_INFO, "timeout", f);
    g_autofree char *text = render("text", report, &usual);
    assert_has(text, "(192.0.2.1): 421 too many\n      vulnerable.robot, versions.tls10\n");
    assert_has(text, "(192.0.2.1): timeout\n      sasl.plain-before-tls\n");
    const Facts *two = add_service(report, target, "smtp://mx2.example.org", "192.0.2.2");
    add_finding(report, &check_plain, VERDICT_UNKNOWN, SEVERITY_INFO, "timeout", two);
    g_autofree char *more = render("text", report, &usual);
    assert_has(more, "(192.0.2.1), smtp://mx2.example.org (192.0.2.2): timeout\n"
                     "      sasl.plain-before-tls\n");
}

static void test_text_says_that_it_was_interrupted_and_what_is_missing(void)
{
    g_autoptr(Target) target = test_target();
    g_autoptr(AuditReport) report = usual_report(target);
    Facts *f = g_ptr_array_index(report->services, 0);
    report->interrupted = true;
    g_ptr_array_add(f->missing, g_strdup("TLS 1.2 suites: the budget was used up"));
    g_ptr_array_add(f->missing, g_strdup("ROBOT: the budget was used up"));
    g_ptr_array_add(f->missing, g_strdup("groups: 421 too many"));
    g_autofree char *text = render("text", report, &usual);
    assert_has(text, "Interrupted");
    assert_has(text, "    not learnt: the budget was used up: TLS 1.2 suites; ROBOT\n"
                     "    not learnt: 421 too many: groups\n");
}

static void test_text_of_an_unreachable_service_says_why(void)
{
    g_autoptr(Target) target = test_target();
    g_autoptr(AuditReport) report = empty_report();
    Facts *f = add_service(report, target, "smtp://mx.example.org", NULL);
    fact_set(&f->reachable, NO, "connection refused");
    g_autofree char *text = render("text", report, &usual);
    assert_has(text, "not reachable: connection refused");
    assert_lacks(text, "TLS 1.3");
}

static void test_text_of_a_domain_tells_what_senders_would_do(void)
{
    g_autoptr(AuditReport) report = empty_report();
    DomainFacts *d = domain_facts_new("example.org");
    domain_facts_add_mx(d, "mx.example.org", 10);
    g_ptr_array_add(report->domains, d);
    g_autofree char *text = render("text", report, &usual);
    assert_has(text, "  example.org\n    MX 10 mx.example.org\n      opportunistic sender: ");
    assert_has(text, "      DANE sender: ");
    assert_has(text, "      MTA-STS sender: ");
    g_autofree char *html = render("html", report, &usual);
    assert_has(html, "<li>MTA-STS sender: <b>");
}

/* --- flat --- */

static json_t *find_flat(json_t *array, const char *id)
{
    for (size_t i = 0; i < json_array_size(array); i++) {
        json_t *object = json_array_get(array, i);
        if (g_strcmp0(json_string_value(json_object_get(object, "id")), id) == 0) {
            return object;
        }
    }
    g_error("no id %s", id);
}

static const char *member(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static void test_flat_is_what_parsers_of_testssl_expect(void)
{
    g_autoptr(Target) target = test_target();
    g_autoptr(AuditReport) report = usual_report(target);
    g_autofree char *text = render("flat", report, &usual);
    json_t *array = json_loads(text, 0, NULL);
    g_assert_true(json_is_array(array));
    g_assert_cmpint(json_array_size(array), ==, 4);
    json_t *plain = find_flat(array, "sasl.plain-before-tls");
    g_assert_cmpstr(member(plain, "ip"), ==, "mx.example.org/192.0.2.1");
    g_assert_cmpstr(member(plain, "port"), ==, "25");
    g_assert_cmpstr(member(plain, "severity"), ==, "CRITICAL");
    g_assert_cmpstr(member(plain, "cve"), ==, "CVE-2011-0411 CVE-2014-0160");
    g_assert_cmpstr(member(plain, "finding"), ==,
                    "Passwords can be sent in the clear: AUTH PLAIN LOGIN");
    g_assert_cmpstr(member(find_flat(array, "TLS1"), "severity"), ==, "LOW");
    g_assert_null(member(find_flat(array, "TLS1"), "cve"));
    g_assert_cmpstr(member(find_flat(array, "vulnerable.robot"), "severity"), ==, "WARN");
    g_assert_cmpstr(member(find_flat(array, "cert.expired"), "severity"), ==, "OK");
    json_decref(array);
}

/* --- HTML and XML: GLib's parser takes nothing that is not well-formed --- */

typedef struct {
    GString *text;
    unsigned scripts, failures, skipped, errors, cases;
} Parsed;

static void on_start(GMarkupParseContext *context, const char *element, const char **names,
                     const char **values, gpointer user, GError **error)
{
    Parsed *parsed = user;
    (void)context;
    (void)error;
    parsed->scripts += strcmp(element, "script") == 0 || strcmp(element, "img") == 0 ||
                       strcmp(element, "link") == 0;
    parsed->failures += strcmp(element, "failure") == 0;
    parsed->skipped += strcmp(element, "skipped") == 0;
    parsed->errors += strcmp(element, "error") == 0;
    parsed->cases += strcmp(element, "testcase") == 0;
    for (; *names != NULL; names++, values++) {
        g_string_append_printf(parsed->text, "%s=%s\n", *names, *values);
    }
}

static void on_text(GMarkupParseContext *context, const char *text, gsize len, gpointer user,
                    GError **error)
{
    (void)context;
    (void)error;
    g_string_append_len(((Parsed *)user)->text, text, (gssize)len);
}

static Parsed parse_markup(const char *text)
{
    static const GMarkupParser parser = {.start_element = on_start, .text = on_text};
    Parsed parsed = {.text = g_string_new(NULL)};
    g_autoptr(GError) error = NULL;
    GMarkupParseContext *context = g_markup_parse_context_new(&parser, 0, &parsed, NULL);
    bool good = g_markup_parse_context_parse(context, text, -1, &error) &&
                g_markup_parse_context_end_parse(context, &error);
    if (!good) {
        g_error("%s in:\n%s", error->message, text);
    }
    g_markup_parse_context_free(context);
    return parsed;
}

static void test_html_is_one_file_that_asks_nobody(void)
{
    g_autoptr(Target) target = test_target();
    g_autoptr(AuditReport) report = usual_report(target);
    g_autofree char *text = render("html", report, &usual);
    Parsed parsed = parse_markup(text);
    g_assert_true(g_str_has_prefix(text, "<!DOCTYPE html>\n"));
    assert_has(text, "Content-Security-Policy");
    assert_has(text, "width=device-width");
    assert_has(text, "prefers-color-scheme:dark");
    assert_has(text, "@media print");
    g_assert_cmpuint(parsed.scripts, ==, 0);
    assert_lacks(text, "src=");
    assert_lacks(text, "url(");
    assert_lacks(text, "http://");
    assert_lacks(text, "https://");
    assert_has(parsed.text->str, "Passwords can be sent in the clear");
    assert_has(parsed.text->str, "smtpd_tls_auth_only = yes");
    assert_has(parsed.text->str, "421 too many");
    g_string_free(parsed.text, TRUE);
}

static void test_html_of_hostile_words_has_no_element_of_theirs(void)
{
    g_autoptr(Target) target = test_target();
    g_autoptr(AuditReport) report = hostile_report(target);
    g_autofree char *text = render("html", report, &usual);
    Parsed parsed = parse_markup(text);
    g_assert_cmpuint(parsed.scripts, ==, 0);
    assert_has(parsed.text->str, "<script>alert(1)</script>");
    g_string_free(parsed.text, TRUE);
}

static void test_html_shows_only_the_fixes_asked_for(void)
{
    g_autoptr(Target) target = test_target();
    g_autoptr(AuditReport) report = usual_report(target);
    report->fix = g_strsplit("dovecot", ",", -1);
    g_autofree char *text = render("html", report, &usual);
    assert_lacks(text, "smtpd_tls_auth_only");
    assert_has(text, "auth_x = &lt;no&gt;");
}

static void test_junit_fails_what_is_severe_enough(void)
{
    g_autoptr(Target) target = test_target();
    g_autoptr(AuditReport) report = usual_report(target);
    g_autofree char *text = render("junit", report, &usual);
    Parsed parsed = parse_markup(text);
    g_assert_cmpuint(parsed.cases, ==, 4);
    g_assert_cmpuint(parsed.failures, ==, 1);
    g_assert_cmpuint(parsed.skipped, ==, 1);
    assert_has(text, "<testsuites name=\"postern check\" tests=\"4\" failures=\"1\" errors=\"0\" "
                     "skipped=\"1\">");
    assert_has(text, "timestamp=\"2026-11-21T12:00:00Z\"");
    g_string_free(parsed.text, TRUE);

    const AuditView strict = {.fail_on = SEVERITY_LOW, .strict = true};
    g_autofree char *more = render("junit", report, &strict);
    parsed = parse_markup(more);
    g_assert_cmpuint(parsed.failures, ==, 2);
    g_assert_cmpuint(parsed.errors, ==, 1);
    g_assert_cmpuint(parsed.skipped, ==, 0);
    g_string_free(parsed.text, TRUE);
}

static void test_junit_of_hostile_words_is_well_formed(void)
{
    g_autoptr(Target) target = test_target();
    g_autoptr(AuditReport) report = hostile_report(target);
    g_autofree char *text = render("junit", report, &usual);
    Parsed parsed = parse_markup(text);
    g_assert_cmpuint(parsed.cases, ==, 5);
    assert_lacks(text, "\xEF\xBF\xBF");
    g_string_free(parsed.text, TRUE);
}

/* --- Prometheus --- */

static void test_prometheus_tells_each_thing_once(void)
{
    g_autoptr(Target) target = test_target();
    g_autoptr(AuditReport) report = usual_report(target);
    const Facts *f = g_ptr_array_index(report->services, 0);
    add_finding(report, &check_plain, VERDICT_FAIL, SEVERITY_CRITICAL, "LOGIN", f);
    g_autofree char *text = render("prometheus", report, &usual);
    assert_has(text,
               "# TYPE postern_check_up gauge\n"
               "postern_check_up{service=\"smtp://mx.example.org\",address=\"192.0.2.1\"} 1\n");
    assert_has(text,
               "postern_check_certificate_not_after_seconds{service=\"smtp://mx.example.org\","
               "address=\"192.0.2.1\"} 1798891260\n");
    assert_has(text, "id=\"versions.tls10\",severity=\"low\"} 1\n");
    assert_has(text, "id=\"vulnerable.robot\",severity=\"inconclusive\"} 1\n");
    assert_has(text, "postern_check_findings{severity=\"critical\"} 2\n");
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    for (char **line = lines; *line != NULL && **line != '\0'; line++) {
        g_assert_true(g_hash_table_add(seen, *line));
    }
}

static void test_prometheus_labels_are_quoted(void)
{
    g_autoptr(Target) target = test_target();
    g_autoptr(AuditReport) report = hostile_report(target);
    g_autofree char *text = render("prometheus", report, &usual);
    g_autoptr(GRegex) line = g_regex_new(
        "^(#.*|[a-z_]+(\\{([a-z]+=\"([^\"\\\\]|\\\\[\\\\\"n])*\",?)*\\})? -?[0-9]+)$", 0, 0, NULL);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **l = lines; *l != NULL && **l != '\0'; l++) {
        if (!g_regex_match(line, *l, 0, NULL)) {
            g_error("no sample: %s", *l);
        }
    }
}

/* --- Nagios --- */

static void test_nagios_is_one_line_with_numbers(void)
{
    g_autoptr(Target) target = test_target();
    g_autoptr(AuditReport) report = usual_report(target);
    g_autofree char *text = render("nagios", report, &usual);
    g_assert_cmpstr(text, ==,
                    "POSTERN CRITICAL - smtp://mx.example.org: 1 critical, 1 low; Passwords can be "
                    "sent in the clear (sasl.plain-before-tls): AUTH PLAIN LOGIN | critical=1 "
                    "high=0 medium=0 low=1 inconclusive=1 connections=14;;;0;20 days_left=42 "
                    "time=2s\n");
    g_assert_cmpint(audit_nagios_status(report, &usual), ==, 2);
}

static void test_nagios_of_hostile_words_is_one_line_with_one_bar(void)
{
    g_autoptr(Target) target = test_target();
    g_autoptr(AuditReport) report = hostile_report(target);
    g_autofree char *text = render("nagios", report, &usual);
    g_assert_true(strchr(text, '\n') == text + strlen(text) - 1);
    g_assert_true(strchr(text, '|') == strrchr(text, '|'));
}

static int nagios_of(Verdict verdict, Severity severity, const AuditView *view)
{
    g_autoptr(Target) target = test_target();
    g_autoptr(AuditReport) report = empty_report();
    const Facts *f = add_service(report, target, "smtp://mx.example.org", "192.0.2.1");
    add_finding(report, &check_old, verdict, severity, "", f);
    return audit_nagios_status(report, view);
}

static void test_nagios_statuses(void)
{
    const AuditView strict = {.fail_on = SEVERITY_HIGH, .strict = true};
    const AuditView never = {.fail_on = (Severity)(SEVERITY_CRITICAL + 1)};
    g_assert_cmpint(nagios_of(VERDICT_PASS, SEVERITY_INFO, &usual), ==, 0);
    g_assert_cmpint(nagios_of(VERDICT_FAIL, SEVERITY_LOW, &usual), ==, 0);
    g_assert_cmpint(nagios_of(VERDICT_FAIL, SEVERITY_MEDIUM, &usual), ==, 1);
    g_assert_cmpint(nagios_of(VERDICT_FAIL, SEVERITY_HIGH, &usual), ==, 2);
    g_assert_cmpint(nagios_of(VERDICT_FAIL, SEVERITY_CRITICAL, &never), ==, 1);
    g_assert_cmpint(nagios_of(VERDICT_UNKNOWN, SEVERITY_INFO, &usual), ==, 0);
    g_assert_cmpint(nagios_of(VERDICT_UNKNOWN, SEVERITY_INFO, &strict), ==, 3);
    g_autoptr(AuditReport) nothing = empty_report();
    g_assert_cmpint(audit_nagios_status(nothing, &usual), ==, 3);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define TEST(name) g_test_add_func("/audit_render/" #name, test_##name)
    TEST(formats_are_found_by_name_and_ending);
    TEST(every_format_survives_an_empty_report);
    TEST(every_format_escapes_what_came_from_outside);
    TEST(text_begins_with_the_verdict_and_the_worst);
    TEST(text_tells_more_when_asked);
    TEST(text_fits_80_columns);
    TEST(text_says_the_same_of_several_services_once);
    TEST(text_tells_one_reason_for_not_knowing_once);
    TEST(text_says_that_it_was_interrupted_and_what_is_missing);
    TEST(text_of_an_unreachable_service_says_why);
    TEST(text_of_a_domain_tells_what_senders_would_do);
    TEST(flat_is_what_parsers_of_testssl_expect);
    TEST(html_is_one_file_that_asks_nobody);
    TEST(html_of_hostile_words_has_no_element_of_theirs);
    TEST(html_shows_only_the_fixes_asked_for);
    TEST(junit_fails_what_is_severe_enough);
    TEST(junit_of_hostile_words_is_well_formed);
    TEST(prometheus_tells_each_thing_once);
    TEST(prometheus_labels_are_quoted);
    TEST(nagios_is_one_line_with_numbers);
    TEST(nagios_of_hostile_words_is_one_line_with_one_bar);
    TEST(nagios_statuses);
    return g_test_run();
}
