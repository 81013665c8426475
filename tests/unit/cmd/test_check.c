#include "cmd/check.h"

#include <glib/gstdio.h>
#include <string.h>

static char *directory;

#define LIST(...) ((char *[]){__VA_ARGS__, NULL})

static CheckRun *new_run(const CheckOptions *o)
{
    CheckRun *run = g_new0(CheckRun, 1);
    run->options = o;
    run->outputs = g_array_new(FALSE, FALSE, sizeof(CheckOutput));
    run->jobs = g_ptr_array_new_with_free_func((GDestroyNotify)check_job_free);
    return run;
}

static void free_run(CheckRun *run)
{
    g_array_unref(run->outputs);
    g_ptr_array_unref(run->jobs);
    g_free(run);
}

/* --- formats and places --- */

/* "text=- json=FILE", the names of files without their directory. */
static char *outputs_of(const CheckRun *run)
{
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < run->outputs->len; i++) {
        const CheckOutput *o = &g_array_index(run->outputs, CheckOutput, i);
        g_autofree char *base = o->path != NULL ? g_path_get_basename(o->path) : g_strdup("-");
        g_string_append_printf(text, "%s%s=%s", i > 0 ? " " : "", o->format->name, base);
    }
    return g_string_free(text, FALSE);
}

static void assert_outputs(const CheckOptions *o, const char *expected)
{
    g_autoptr(GError) error = NULL;
    CheckRun *run = new_run(o);
    check_outputs(run, &error);
    g_assert_no_error(error);
    g_autofree char *found = outputs_of(run);
    g_assert_cmpstr(found, ==, expected);
    free_run(run);
}

static void assert_outputs_refused(const CheckOptions *o, PosternErrorCode code, const char *part)
{
    g_autoptr(GError) error = NULL;
    CheckRun *run = new_run(o);
    g_assert_false(check_outputs(run, &error));
    g_assert_error(error, POSTERN_ERROR, (int)code);
    g_assert_nonnull(strstr(error->message, part));
    free_run(run);
}

static void test_formats_are_paired_with_their_files(void)
{
    g_autofree char *a = g_build_filename(directory, "a.json", NULL);
    g_autofree char *b = g_build_filename(directory, "b.html", NULL);
    g_autofree char *with_file = g_strdup_printf("json:%s", a);
    assert_outputs(&(CheckOptions){0}, "text=-");
    assert_outputs(&(CheckOptions){.formats = LIST("json")}, "json=-");
    assert_outputs(&(CheckOptions){.formats = LIST("text", with_file)}, "text=- json=a.json");
    assert_outputs(&(CheckOptions){.formats = LIST("json", "html"), .outputs = LIST(a, b)},
                   "json=a.json html=b.html");
    assert_outputs(&(CheckOptions){.formats = LIST(with_file, "flat"), .outputs = LIST(b)},
                   "json=a.json flat=b.html");
    assert_outputs(&(CheckOptions){.outputs = LIST(a, b)}, "json=a.json html=b.html");
    assert_outputs(&(CheckOptions){.formats = LIST("nagios"), .outputs = LIST("-", b)},
                   "nagios=- html=b.html");
}

static void test_formats_that_cannot_go_anywhere_are_refused(void)
{
    assert_outputs_refused(&(CheckOptions){.formats = LIST("text", "json")}, POSTERN_ERROR_USAGE,
                           "--format=json:report.json");
    assert_outputs_refused(&(CheckOptions){.formats = LIST("yaml")}, POSTERN_ERROR_USAGE,
                           "there is no format \"yaml\"");
    assert_outputs_refused(&(CheckOptions){.formats = LIST("json:")}, POSTERN_ERROR_USAGE,
                           "names no file");
    assert_outputs_refused(&(CheckOptions){.outputs = LIST("/nonexistent/a.json")},
                           POSTERN_ERROR_CANT_CREATE, "/nonexistent/a.json");
    assert_outputs_refused(&(CheckOptions){.outputs = LIST(directory)}, POSTERN_ERROR_CANT_CREATE,
                           "directory");
}

static AuditReport *some_report(void)
{
    AuditReport *report = audit_report_new();
    report->invocation = g_strdup("postern check");
    report->started = report->ended = 1795262400;
    return report;
}

static void test_a_file_is_replaced_and_a_link_is_followed(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *file = g_build_filename(directory, "report.json", NULL);
    g_autofree char *link = g_build_filename(directory, "link.json", NULL);
    g_assert_true(g_file_set_contents(file, "old", -1, NULL));
    g_assert_cmpint(symlink("report.json", link), ==, 0);
    CheckRun *run = new_run(&(CheckOptions){.outputs = LIST(link)});
    run->report = some_report();
    g_assert_true(check_outputs(run, &error) && check_write(run, &error));
    g_assert_no_error(error);
    g_autofree char *text = NULL;
    g_assert_true(g_file_get_contents(file, &text, NULL, NULL));
    g_assert_nonnull(strstr(text, "\"schema\": \"postern-check\""));
    g_assert_true(g_file_test(link, G_FILE_TEST_IS_SYMLINK));
    audit_report_free(run->report);
    free_run(run);
}

/* --- targets --- */

static char *targets_of(const CheckOptions *o, char **args, GError **error)
{
    CheckRun *run = new_run(o);
    GString *text = g_string_new(NULL);
    if (check_targets(run, args, error)) {
        for (guint i = 0; i < run->jobs->len; i++) {
            const CheckJob *job = g_ptr_array_index(run->jobs, i);
            g_autofree char *url = target_text(connection_target(job->connection));
            g_string_append_printf(text, "%s%s%s", i > 0 ? " " : "", url, job->optional ? "?" : "");
        }
    }
    free_run(run);
    return g_string_free(text, FALSE);
}

static void assert_targets(char **args, const char *expected)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *found = targets_of(&(CheckOptions){0}, args, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(found, ==, expected);
}

static void test_a_bare_host_is_every_mail_service(void)
{
    assert_targets(LIST("mail.example.org"),
                   "smtp://mail.example.org? submission://mail.example.org? "
                   "submissions://mail.example.org? imap://mail.example.org? "
                   "imaps://mail.example.org? pop3://mail.example.org? "
                   "pop3s://mail.example.org? sieve://mail.example.org?");
    g_autoptr(GError) error = NULL;
    g_autofree char *six = targets_of(&(CheckOptions){0}, LIST("2001:db8::1"), &error);
    g_assert_no_error(error);
    g_assert_true(g_str_has_prefix(six, "smtp://[2001:db8::1]? "));
}

static void test_addresses_are_services_and_each_is_looked_at_once(void)
{
    assert_targets(LIST("imaps://mail.example.org", "smtp://mx.example.org:2525",
                        "imaps://mail.example.org:993"),
                   "imaps://mail.example.org smtp://mx.example.org:2525");
}

static void test_what_is_no_target_is_refused(void)
{
    static const struct {
        const char *word, *part;
    } rows[] = {
        {"mail.example.org:993", "SCHEME://mail.example.org:993"},
        {"imap5://mail.example.org", "unknown scheme"},
        {"imaps://", "host"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *none = targets_of(&(CheckOptions){0}, LIST((char *)rows[i].word), &error);
        g_assert_cmpstr(none, ==, "");
        g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_USAGE);
        g_assert_nonnull(strstr(error->message, rows[i].part));
    }
    g_autoptr(GError) error = NULL;
    g_autofree char *none = targets_of(&(CheckOptions){0}, (char *[]){NULL}, &error);
    g_assert_cmpstr(none, ==, "");
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_USAGE);
}

/* --- words --- */

static void test_lists_are_split_at_commas(void)
{
    g_auto(GStrv) words = check_split(LIST("cert, dane", "", "sasl,,"));
    g_autofree char *joined = g_strjoinv(" ", words);
    g_assert_cmpstr(joined, ==, "cert dane sasl");
    g_assert_null(check_split(NULL));
}

static void test_the_invocation_can_be_pasted_and_gives_no_secret_away(void)
{
    CheckOptions o = {.formats = LIST("json:a b.json"),
                      .full = true,
                      .warn_days = 30,
                      .connect = {.password_command = (char *)"echo hunter2", .timeout = 5}};
    g_autofree char *text = check_invocation(&o, LIST("imaps://mail.example.org"));
    g_assert_cmpstr(text, ==,
                    "postern check --format='json:a b.json' --full --warn-days=30 --timeout=5 "
                    "--password-command=***** imaps://mail.example.org");
}

static void test_fail_on(void)
{
    g_assert_cmpint(check_fail_on(&(CheckOptions){0}), ==, SEVERITY_HIGH);
    g_assert_cmpint(check_fail_on(&(CheckOptions){.fail_on = (char *)"low"}), ==, SEVERITY_LOW);
    g_assert_cmpint(check_fail_on(&(CheckOptions){.fail_on = (char *)"none"}), >,
                    SEVERITY_CRITICAL);
}

int main(int argc, char **argv)
{
    g_autofree char *config = NULL;
    directory = g_dir_make_tmp("postern-check-XXXXXX", NULL);
    config = g_build_filename(directory, "config", NULL);
    g_setenv("XDG_CONFIG_HOME", config, TRUE);
    g_setenv("HOME", directory, TRUE);
    g_test_init(&argc, &argv, NULL);
#define TEST(name) g_test_add_func("/check/" #name, test_##name)
    TEST(formats_are_paired_with_their_files);
    TEST(formats_that_cannot_go_anywhere_are_refused);
    TEST(a_file_is_replaced_and_a_link_is_followed);
    TEST(a_bare_host_is_every_mail_service);
    TEST(addresses_are_services_and_each_is_looked_at_once);
    TEST(what_is_no_target_is_refused);
    TEST(lists_are_split_at_commas);
    TEST(the_invocation_can_be_pasted_and_gives_no_secret_away);
    TEST(fail_on);
    int status = g_test_run();
    g_autofree char *clean = g_strdup_printf("%s/report.json", directory);
    g_autofree char *link = g_strdup_printf("%s/link.json", directory);
    g_unlink(clean);
    g_unlink(link);
    g_rmdir(directory);
    g_free(directory);
    return status;
}
