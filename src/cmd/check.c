/* check.c: `postern check`: how safe is this mail server, or this whole mail domain? */
#include "cmd/check.h"

#include <stddef.h>
#include <stdio.h>

#include "base/escape.h"
#include "cmd/interrupt.h"
#include "report/audit_words.h"
#include "report/transcript.h"

#define AT(member) offsetof(CheckOptions, member)
#define NAGIOS_UNKNOWN 3

/* name, letter, kind, offset, argument, help, choices */
static const Option options[] = {
    {"domain", 0, OPTION_LIST, AT(domains), "DOMAIN",
     "a whole mail domain: MX, SRV, DANE, MTA-STS, and each service at each address; repeatable"},
    {"mx", 0, OPTION_LIST, AT(mx), "DOMAIN", "the same, of its MX hosts only; repeatable"},
    {"format", 0, OPTION_LIST, AT(formats), "FORMAT[:FILE]",
     "text (default), json, flat, html, junit, prometheus or nagios; repeatable"},
    {"output", 0, OPTION_LIST, AT(outputs), "FILE",
     "where the first --format without a FILE goes; the second --output is for the second"},
    {"fail-on", 0, OPTION_CHOICE, AT(fail_on), NULL,
     "the least severity that gives status 1 (default: high)",
     "info|low|medium|high|critical|none"},
    {"strict", 0, OPTION_BOOL, AT(strict), NULL, "status 2 when something stayed inconclusive"},
    {"full", 0, OPTION_BOOL, AT(full), NULL,
     "enumerate everything, within 300 connections a service"},
    {"max-connections", 0, OPTION_INT, AT(max_connections), "N",
     "at most N connections to a service (default: 20)"},
    {"rate", 0, OPTION_STRING, AT(rate), "N/min", "at most N connections a minute to a service"},
    {"parallel", 0, OPTION_INT, AT(parallel), "N", "at most N connections at once (default: 32)"},
    {"warn-days", 0, OPTION_INT, AT(warn_days), "DAYS",
     "a certificate expires soon when it has fewer days left (default: 21)"},
    {"next-cert", 0, OPTION_FILE, AT(next_cert), "FILE",
     "would this certificate (PEM) match the TLSA records, too?"},
    {"only", 0, OPTION_LIST, AT(only), "LIST", "run these checks or families only"},
    {"skip", 0, OPTION_LIST, AT(skip), "LIST", "leave these checks or families out"},
    {"fix", 0, OPTION_LIST, AT(fix), "LIST",
     "tell what to put into postfix, dovecot, exchange, exim, dns"},
    {"baseline", 0, OPTION_FILE, AT(baseline), "FILE",
     "tell only what changed since this report (JSON)"},
    {"diff", 0, OPTION_BOOL, AT(diff), NULL, "compare two reports (JSON); connects to nothing"},
    {"list", 0, OPTION_BOOL, AT(list), NULL, "list all checks"},
    {"explain", 0, OPTION_STRING, AT(explain), "ID", "tell all about one check"},
    {NULL},
};

char **check_split(char *const *lists)
{
    if (lists == NULL) {
        return NULL;
    }
    GPtrArray *words = g_ptr_array_new();
    g_autofree char *joined = g_strjoinv(",", (char **)lists);
    g_auto(GStrv) parts = g_strsplit(joined, ",", -1);
    for (char **part = parts; *part != NULL; part++) {
        if (*g_strstrip(*part) != '\0') {
            g_ptr_array_add(words, g_strdup(*part));
        }
    }
    g_ptr_array_add(words, NULL);
    return (char **)g_ptr_array_free(words, FALSE);
}

/* --- how it was called --- */

/* What may hold a secret. */
static bool is_command(const Option *o)
{
    return g_str_has_suffix(o->name, "-command");
}

static void put_option(GString *text, const Option *o, const char *value)
{
    g_autofree char *word = is_command(o) ? g_strdup("*****") : escape_shell(value);
    g_string_append_printf(text, " --%s=%s", o->name, word);
}

static void put_options(GString *text, const Option *table, const void *values)
{
    for (const Option *o = table; o->name != NULL; o++) {
        const void *slot = (const char *)values + o->offset;
        char *const *list = o->kind == OPTION_LIST ? *(char **const *)slot : NULL;
        for (; list != NULL && *list != NULL; list++) {
            put_option(text, o, *list);
        }
        bool one = o->kind == OPTION_STRING || o->kind == OPTION_FILE || o->kind == OPTION_CHOICE;
        if (one && *(char *const *)slot != NULL) {
            put_option(text, o, *(char *const *)slot);
        } else if (o->kind == OPTION_BOOL && *(const bool *)slot) {
            g_string_append_printf(text, " --%s", o->name);
        } else if (o->kind == OPTION_INT && *(const int *)slot != 0) {
            g_string_append_printf(text, " --%s=%d", o->name, *(const int *)slot);
        } else if (o->kind == OPTION_DOUBLE && *(const double *)slot != 0) {
            g_string_append_printf(text, " --%s=%g", o->name, *(const double *)slot);
        }
    }
}

char *check_invocation(const CheckOptions *o, char *const *args)
{
    GString *text = g_string_new("postern check");
    put_options(text, options, o);
    put_options(text, connect_options, o);
    for (; *args != NULL; args++) {
        g_autofree char *word = escape_shell(*args);
        g_string_append_printf(text, " %s", word);
    }
    return g_string_free(text, FALSE);
}

/* --- what the options say --- */

/* "30/min", "1/s", "100/h"; a bare number is a minute's. */
static bool parse_rate(const char *text, double *ret, GError **error)
{
    static const struct {
        const char *unit;
        double minutes;
    } units[] = {{"", 1}, {"/min", 1}, {"/m", 1}, {"/s", 60}, {"/h", 1.0 / 60}};
    char *end = NULL;
    double number = g_ascii_strtod(text, &end);
    for (size_t i = 0; i < G_N_ELEMENTS(units); i++) {
        if (g_ascii_isdigit(*text) && number > 0 && number < 1e6 &&
            g_str_equal(end, units[i].unit)) {
            *ret = number * units[i].minutes;
            return true;
        }
    }
    g_autofree char *shown = escape_line_max(bytes_of(text), 40);
    return error_fail(error, POSTERN_ERROR_USAGE,
                      "--rate takes a number of connections, as in 30/min or 1/s, not \"%s\"",
                      shown);
}

static bool check_number(const char *name, int value, int max, GError **error)
{
    return (value >= 0 && value <= max) ||
           error_fail(error, POSTERN_ERROR_USAGE, "--%s takes a number from 1 to %d", name, max);
}

static bool take_fix(CheckRun *run, GError **error)
{
    run->report->fix = check_split(run->options->fix);
    for (char **product = run->report->fix; product != NULL && *product != NULL; product++) {
        if (!g_strv_contains(audit_products, *product)) {
            g_autofree char *names = g_strjoinv(", ", (char **)audit_products);
            g_autofree char *shown = escape_line_max(bytes_of(*product), 40);
            return error_fail(error, POSTERN_ERROR_USAGE,
                              "--fix knows nothing of \"%s\"; there are %s", shown, names);
        }
    }
    return true;
}

int check_fail_on(const CheckOptions *o)
{
    Severity severity = SEVERITY_HIGH;
    if (g_strcmp0(o->fail_on, "none") == 0) {
        return (int)SEVERITY_CRITICAL + 1;
    }
    if (o->fail_on != NULL) {
        severity_parse(o->fail_on, &severity, NULL); /* the option table has checked the word */
    }
    return (int)severity;
}

static bool take_options(CheckRun *run, GError **error)
{
    const CheckOptions *o = run->options;
    run->only = check_split(o->only);
    run->skip = check_split(o->skip);
    if (o->baseline != NULL) {
        run->baseline = audit_records_read(o->baseline, error);
        if (run->baseline == NULL) {
            return false;
        }
    }
    return check_number("max-connections", o->max_connections, 100000, error) &&
           check_number("parallel", o->parallel, 256, error) &&
           check_number("warn-days", o->warn_days, 10000, error) &&
           (o->rate == NULL || parse_rate(o->rate, &run->per_minute, error)) &&
           take_fix(run, error) && checks_selection_valid((const char *const *)run->only, error) &&
           checks_selection_valid((const char *const *)run->skip, error);
}

/* --- one run --- */

void check_job_free(CheckJob *job)
{
    facts_free(job->facts);
    connection_free(job->connection);
    g_strfreev(job->connect_to);
    g_free(job->address);
    g_free(job);
}

static CheckRun *run_new(const CheckOptions *o)
{
    CheckRun *run = g_new0(CheckRun, 1);
    run->options = o;
    run->fail_on = check_fail_on(o);
    run->outputs = g_array_new(FALSE, FALSE, sizeof(CheckOutput));
    run->jobs = g_ptr_array_new_with_free_func((GDestroyNotify)check_job_free);
    run->carriers = g_ptr_array_new_with_free_func((GDestroyNotify)connection_free);
    run->report = audit_report_new();
    run->report->started = g_get_real_time() / G_USEC_PER_SEC;
    return run;
}

static void run_free(CheckRun *run)
{
    check_progress_end(run->progress);
    transcript_close(run->transcript, NULL);
    audit_changes_free(run->changes);
    if (run->baseline != NULL) {
        g_ptr_array_unref(run->baseline);
    }
    audit_report_free(run->report);
    g_ptr_array_unref(run->jobs); /* the facts of the report borrow their targets from here */
    g_ptr_array_unref(run->carriers);
    g_array_unref(run->outputs);
    g_strfreev(run->only);
    g_strfreev(run->skip);
    g_free(run);
}

static void describe_domains(char *const *names, const char *what)
{
    for (; names != NULL && *names != NULL; names++) {
        g_autofree char *shown = escape_line(bytes_of(*names));
        printf("%-11s %s\n", what, shown);
    }
}

static int dry_run(const CheckRun *run)
{
    describe_domains(run->options->domains, "domain");
    describe_domains(run->options->mx, "mx of");
    for (guint i = 0; i < run->jobs->len; i++) {
        const CheckJob *job = g_ptr_array_index(run->jobs, i);
        g_autofree char *text = connection_describe(job->connection);
        printf("%s%s", i > 0 ? "\n" : "", text);
    }
    return 0;
}

static bool prepare(CheckRun *run, char *const *args, GError **error)
{
    const char *transcript = run->options->connect.transcript;
    if (!check_outputs(run, error) || !take_options(run, error) ||
        !check_targets(run, args, error)) {
        return false;
    }
    run->report->invocation = check_invocation(run->options, args);
    if (transcript != NULL && !run->options->connect.dry_run) {
        run->transcript = transcript_open(transcript, error);
    }
    return transcript == NULL || run->options->connect.dry_run || run->transcript != NULL;
}

enum { STATUS_NO_HOST = 68 };

/* A domain that does not exist. */
static int domain_status(const CheckRun *run)
{
    for (guint i = 0; i < run->report->domains->len; i++) {
        const DomainFacts *domain = g_ptr_array_index(run->report->domains, i);
        if (domain->exists.known == NO) {
            return STATUS_NO_HOST;
        }
    }
    return 0;
}

/* What could not be reached. A bare HOST or a domain is, when anything of it answers. */
static int reach_status(const CheckRun *run)
{
    int worst = domain_status(run);
    for (guint i = 0; i < run->jobs->len; i++) {
        const CheckJob *job = g_ptr_array_index(run->jobs, i);
        bool one_of_many = job->optional || job->domain != NULL;
        bool excused = false;
        for (guint k = 0; one_of_many && k < run->jobs->len; k++) {
            const CheckJob *other = g_ptr_array_index(run->jobs, k);
            excused = excused || (other->word == job->word && other->status == 0);
        }
        worst = excused ? worst : MAX(worst, job->status);
    }
    return worst;
}

static int status_of(const CheckRun *run)
{
    const AuditView view = check_view(run, false);
    bool unknown = audit_view_count(run->report, &view, VERDICT_UNKNOWN, SEVERITY_INFO) > 0;
    if (check_has_format(run, "nagios")) {
        return audit_nagios_status(run->report, &view);
    }
    if (run->report->interrupted) {
        return 130;
    }
    int failed = audit_view_worst(run->report, &view) >= run->fail_on ? 1 : 0;
    int strict = run->options->strict && unknown ? 2 : 0;
    return MAX(MAX(failed, strict), reach_status(run));
}

static bool look(CheckRun *run, GError **error)
{
    if (!interrupt_begin(error)) {
        return false;
    }
    run->progress = check_progress_new(run->options);
    bool good = check_domains(run, error) && check_services(run, error);
    check_progress_end(g_steal_pointer(&run->progress));
    run->report->interrupted = interrupt_seen();
    run->report->ended = g_get_real_time() / G_USEC_PER_SEC;
    interrupt_end();
    return good;
}

static int audit(CheckRun *run, char *const *args, GError **error)
{
    if (!prepare(run, args, error)) {
        return 0;
    }
    if (run->options->connect.dry_run) {
        return dry_run(run);
    }
    if (!look(run, error)) {
        return 0;
    }
    check_judge(run);
    return check_write(run, error) ? status_of(run) : 0;
}

static int fail(const CheckRun *run, GError *error)
{
    if (!check_has_format(run, "nagios")) {
        return command_fail(error);
    }
    g_autofree char *words = escape_line(bytes_of(error->message));
    printf("POSTERN UNKNOWN - %s\n", g_strdelimit(words, "|", '/'));
    g_error_free(error);
    return NAGIOS_UNKNOWN;
}

static int run_check(void *values, char **args)
{
    const CheckOptions *o = values;
    if (o->list) {
        return check_list();
    }
    if (o->explain != NULL) {
        return check_explain(o->explain);
    }
    if (o->diff) {
        return check_diff(o, args);
    }
    CheckRun *run = run_new(o);
    GError *error = NULL;
    int status = audit(run, args, &error);
    status = error != NULL ? fail(run, error) : status;
    run_free(run);
    return status;
}

const Command cmd_check = {
    .name = "check",
    .summary = "audit a mail server, or a whole mail domain",
    .arguments = "URL|HOST... | --domain=DOMAIN | --diff OLD.json NEW.json",
    .text =
        "Tells how safe a server is, in few connections, and what to change. A bare HOST means\n"
        "every mail service found on it (25, 587, 465, 143, 993, 110, 995, 4190).\n"
        "Status: 0 fine, 1 a finding of at least --fail-on, 2 something inconclusive (with\n"
        "--strict), 68 host unknown, 69 not reachable, 130 interrupted; with\n"
        "--format=nagios 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.",
    .examples = "  postern check mail.example.org\n"
                "  postern check smtp://mx.example.org --fix=postfix\n"
                "  postern check --domain=example.org --format=text --format=html:report.html\n"
                "  postern check imaps://mail.example.org --format=nagios --warn-days=30\n"
                "  postern check --explain cert.expired\n",
    .options = options,
    .connects = true,
    .values_size = sizeof(CheckOptions),
    .run = run_check,
};
