#include <jansson.h>

#include "audit_test.h"

static const AuditView usual = {.fail_on = SEVERITY_HIGH};

/* --- a report in which nothing is empty --- */

static GBytes *some_bytes(void)
{
    return g_bytes_new_static("\x01\xFE", 2);
}

static void fill_dane(DaneFacts *dane)
{
    TlsaRecord *record = g_new0(TlsaRecord, 1);
    record->usage = 3;
    record->selector = 1;
    record->matching = 1;
    record->data = some_bytes();
    g_ptr_array_add(dane->records, record);
    g_ptr_array_add(dane->matches, g_strdup("leaf"));
}

static void fill_service(Facts *f)
{
    const uint16_t suite = 0x1301;
    const uint16_t group = 0x11EC;
    const uint16_t signature = 0x0804;
    const uint32_t old_suite = 0x010080;
    g_array_append_val(f->version[V_TLS13].suites, suite);
    g_array_append_val(f->version[V_SSL2].suites, old_suite);
    g_array_append_val(f->groups, group);
    g_array_append_val(f->signatures, signature);
    f->caps_before = caps_new();
    caps_add_line(f->caps_before, BYTES_LITERAL("AUTH PLAIN LOGIN"));
    f->dh_bits = 2048;
    f->dh_prime = some_bytes();
    f->ticket_lifetime = 7200;
    f->tls_offer = TLS_OFFER_YES;
    g_ptr_array_add(f->missing, g_strdup("ROBOT: the budget was used up"));
    fill_dane(&f->dane);
}

static void fill_domain(DomainFacts *d)
{
    MxFacts *mx = domain_facts_add_mx(d, "mx.example.org", 10);
    g_ptr_array_add(mx->addresses, g_strdup("192.0.2.1"));
    domain_facts_add_srv(d, "_imaps._tcp", "mail.example.org")->port = 993;
    g_ptr_array_add(d->mta_sts_mx, g_strdup("*.example.org"));
    d->autoconfig_text = g_strdup(
        "<clientConfig version=\"1.1\"><emailProvider id=\"example.org\">"
        "<incomingServer type=\"imap\"><hostname>mail.example.org</hostname><port>993</port>"
        "<socketType>SSL</socketType></incomingServer></emailProvider></clientConfig>");
    d->now = NOON;
}

static AuditReport *full_report(const Target *target)
{
    AuditReport *report = usual_report(target);
    DomainFacts *d = domain_facts_new("example.org");
    g_ptr_array_add(report->domains, d);
    fill_domain(d);
    fill_service(g_ptr_array_index(report->services, 0));
    add_finding(report, &check_sts, VERDICT_FAIL, SEVERITY_MEDIUM, "no record", NULL);
    return report;
}

static json_t *rendered(const AuditReport *report)
{
    g_autofree char *text = audit_render_json(report, &usual);
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    g_assert_nonnull(root);
    return root;
}

static const json_t *at(const json_t *value, const char *path)
{
    g_auto(GStrv) steps = g_strsplit(path, ".", -1);
    for (char **step = steps; *step != NULL; step++) {
        value = g_ascii_isdigit(**step)
                    ? json_array_get(value, (size_t)g_ascii_strtoull(*step, NULL, 10))
                    : json_object_get(value, *step);
    }
    return value;
}

static const char *text_at(const json_t *root, const char *path)
{
    return json_string_value(at(root, path));
}

/* --- values --- */

static void test_the_head_says_what_it_is(void)
{
    g_autoptr(Target) target = test_target();
    g_autoptr(AuditReport) report = full_report(target);
    json_t *root = rendered(report);
    g_assert_cmpstr(text_at(root, "schema"), ==, "postern-check");
    g_assert_cmpint(json_integer_value(at(root, "version")), ==, 1);
    g_assert_cmpstr(text_at(root, "invocation"), ==, "postern check smtp://mx.example.org");
    g_assert_cmpstr(text_at(root, "started"), ==, "2026-11-21T12:00:00Z");
    g_assert_cmpstr(text_at(root, "summary.worst"), ==, "critical");
    g_assert_cmpint(json_integer_value(at(root, "summary.failed.critical")), ==, 1);
    g_assert_cmpint(json_integer_value(at(root, "summary.inconclusive")), ==, 1);
    g_assert_cmpint(json_integer_value(at(root, "summary.connections")), ==, 14);
    g_assert_true(json_is_false(at(root, "interrupted")));
    g_assert_true(json_is_null(at(root, "changes")));
    json_decref(root);
}

static void test_facts_have_their_three_values(void)
{
    g_autoptr(Target) target = test_target();
    g_autoptr(AuditReport) report = full_report(target);
    Facts *f = g_ptr_array_index(report->services, 0);
    fact_set(&f->robot, UNKNOWN, "internal_error");
    json_t *root = rendered(report);
    g_assert_cmpstr(text_at(root, "services.0.facts.reachable.known"), ==, "yes");
    g_assert_cmpstr(text_at(root, "services.0.facts.robot.known"), ==, "unknown");
    g_assert_cmpstr(text_at(root, "services.0.facts.robot.why"), ==, "internal_error");
    g_assert_cmpstr(text_at(root, "services.0.versions.0.name"), ==, "SSLv2");
    g_assert_cmpstr(text_at(root, "services.0.versions.0.offered.known"), ==, "no");
    g_assert_cmpstr(text_at(root, "services.0.versions.0.suites.0.id"), ==, "0x010080");
    g_assert_cmpstr(text_at(root, "services.0.versions.5.suites.0.name"), ==,
                    "TLS_AES_128_GCM_SHA256");
    g_assert_cmpstr(text_at(root, "services.0.groups.0.name"), ==, "X25519MLKEM768");
    g_assert_cmpstr(text_at(root, "services.0.dane.records.0.data"), ==, "01fe");
    g_assert_cmpstr(text_at(root, "services.0.dane.records.0.matches"), ==, "leaf");
    g_assert_cmpstr(text_at(root, "services.0.mechanisms.before_tls.1"), ==, "LOGIN");
    g_assert_true(json_is_null(at(root, "services.0.mechanisms.inside_tls")));
    g_assert_cmpstr(text_at(root, "services.0.tls.version"), ==, "TLS 1.3");
    json_decref(root);
}

static void test_findings_are_complete(void)
{
    g_autoptr(Target) target = test_target();
    g_autoptr(AuditReport) report = full_report(target);
    json_t *root = rendered(report);
    g_assert_cmpstr(text_at(root, "findings.0.id"), ==, "sasl.plain-before-tls");
    g_assert_cmpstr(text_at(root, "findings.0.family"), ==, "sasl");
    g_assert_cmpstr(text_at(root, "findings.0.service"), ==, "smtp://mx.example.org");
    g_assert_cmpstr(text_at(root, "findings.0.verdict"), ==, "fail");
    g_assert_cmpstr(text_at(root, "findings.0.fix.postfix"), ==, "smtpd_tls_auth_only = yes");
    g_assert_cmpstr(text_at(root, "findings.2.verdict"), ==, "unknown");
    g_assert_true(json_is_null(at(root, "findings.2.fix")));
    g_assert_cmpstr(text_at(root, "findings.4.domain"), ==, "example.org");
    g_assert_true(json_is_null(at(root, "findings.4.service")));
    json_decref(root);
}

/* --- the document and the output name the same members --- */

static void join(GHashTable *paths, const char *path, const json_t *value);

static void join_object(GHashTable *paths, const char *path, const json_t *object)
{
    const char *key;
    json_t *member;
    json_object_foreach((json_t *)object, key, member)
    {
        g_autofree char *below = g_strdup_printf("%s%s%s", path, *path != '\0' ? "." : "", key);
        join(paths, below, member);
    }
}

/* What has a document of its own, is named by products, or is a fact ends a path. */
static bool is_leaf(const char *path, const json_t *value)
{
    bool fact = json_is_object(value) && json_object_size(value) == 2 &&
                json_object_get(value, "known") != NULL;
    return fact || g_str_equal(path, "services[].tls") ||
           g_str_has_prefix(path, "services[].chains[][]") || g_str_has_suffix(path, "[].fix") ||
           g_str_has_suffix(path, "[].before") || g_str_has_suffix(path, "[].after") ||
           !(json_is_object(value) || json_is_array(value));
}

static void join(GHashTable *paths, const char *path, const json_t *value)
{
    g_autofree char *item = g_strdup_printf("%s[]", path);
    if (*path != '\0' && is_leaf(path, value)) {
        g_hash_table_add(paths, g_strdup(path));
    } else if (json_is_object(value)) {
        join_object(paths, path, value);
    } else {
        /* One that is always empty is missed by the document's own side of the comparison. */
        for (size_t i = 0; i < json_array_size(value); i++) {
            join(paths, item, json_array_get(value, i));
        }
    }
}

static GHashTable *new_set(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

/* What stands in backquotes in the first cell of a table's rows, with the prefix of the heading
 * above: "## `services[]`". */
static GHashTable *documented(void)
{
    g_autofree char *path = g_build_filename(TEST_DATA, "..", "docs", "audit-json.md", NULL);
    g_autofree char *text = NULL;
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    g_autofree char *prefix = g_strdup("");
    GHashTable *paths = new_set();
    for (char **line = lines; *line != NULL; line++) {
        g_auto(GStrv) cells = g_strsplit(*line, "|", 3);
        bool heading = g_str_has_prefix(*line, "## ");
        bool row = **line == '|' && cells[1] != NULL;
        g_auto(GStrv) names = g_strsplit(heading ? *line : row ? cells[1] : "", "`", -1);
        if (heading) {
            g_free(prefix);
            prefix = names[0] != NULL && names[1] != NULL ? g_strdup_printf("%s.", names[1])
                                                          : g_strdup("");
        }
        for (size_t i = 1; row && names[0] != NULL && i < g_strv_length(names); i += 2) {
            g_hash_table_add(paths, g_strconcat(prefix, names[i], NULL));
        }
    }
    return paths;
}

static unsigned count_missing(GHashTable *wanted, GHashTable *there, const char *where)
{
    GHashTableIter iter;
    gpointer path;
    unsigned missing = 0;
    g_hash_table_iter_init(&iter, wanted);
    while (g_hash_table_iter_next(&iter, &path, NULL)) {
        if (!g_hash_table_contains(there, path)) {
            g_test_message("%s is not in %s", (char *)path, where);
            missing++;
        }
    }
    return missing;
}

static AuditChanges *some_change(AuditReport *report)
{
    g_autoptr(Target) target = test_target();
    g_autoptr(AuditReport) before = usual_report(target);
    ((Finding *)g_ptr_array_index(before->findings, 0))->severity = SEVERITY_LOW;
    return audit_changes_new(audit_records_of(before), audit_records_of(report));
}

static void test_the_document_tells_every_member_and_no_other(void)
{
    g_autoptr(Target) target = test_target();
    g_autoptr(AuditReport) report = full_report(target);
    Facts *f = g_ptr_array_index(report->services, 0);
    GPtrArray *chain = g_ptr_array_new_with_free_func((GDestroyNotify)tls_certificate_free);
    g_ptr_array_add(chain, test_certificate("CN=mx.example.org"));
    g_ptr_array_add(f->chains, chain);
    f->caps_after = caps_new();
    caps_add_line(f->caps_after, BYTES_LITERAL("AUTH PLAIN"));
    g_autoptr(AuditChanges) changes = some_change(report);
    const AuditView view = {.fail_on = SEVERITY_HIGH, .changes = changes};
    g_autofree char *text = audit_render_json(report, &view);
    json_t *root = json_loads(text, 0, NULL);
    g_autoptr(GHashTable) written = new_set();
    g_autoptr(GHashTable) told = documented();
    join(written, "", root);
    unsigned missing = count_missing(written, told, "docs/audit-json.md") +
                       count_missing(told, written, "the output");
    g_assert_cmpuint(g_hash_table_size(written), >, 100);
    g_assert_cmpuint(missing, ==, 0);
    json_decref(root);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define TEST(name) g_test_add_func("/audit_json/" #name, test_##name)
    TEST(the_head_says_what_it_is);
    TEST(facts_have_their_three_values);
    TEST(findings_are_complete);
    TEST(the_document_tells_every_member_and_no_other);
    return g_test_run();
}
