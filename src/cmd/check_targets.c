/* check_targets.c: the words of the command line, made into services to look at. */
#include <string.h>

#include "base/escape.h"
#include "cmd/check.h"

/* What is looked for on a bare HOST, in the order of the report. */
static const char *const host_schemes[] = {"smtp",  "submission", "submissions", "imap",
                                           "imaps", "pop3",       "pop3s",       "sieve"};

/* The same service twice would be the same connections twice. */
static bool is_known(const CheckRun *run, const CheckJob *job)
{
    g_autofree char *text = target_text(connection_target(job->connection));
    for (guint i = 0; i < run->jobs->len; i++) {
        const CheckJob *other = g_ptr_array_index(run->jobs, i);
        g_autofree char *known = target_text(connection_target(other->connection));
        bool any_way = job->connect_to == NULL || other->connect_to == NULL;
        if (strcmp(text, known) == 0 &&
            (any_way || g_strv_equal((const char *const *)job->connect_to,
                                     (const char *const *)other->connect_to))) {
            return true;
        }
    }
    return false;
}

bool check_job_add(CheckRun *run, const char *url, CheckJob like, GError **error)
{
    CheckJob *job = g_memdup2(&like, sizeof like);
    job->connection = connection_new(&run->options->connect, url, "smtp", error);
    if (job->connection == NULL || is_known(run, job)) {
        bool known = job->connection != NULL;
        check_job_free(job);
        return known;
    }
    SessionPlan *plan = connection_plan(job->connection);
    if (job->connect_to != NULL) {
        plan->dial.connect_to = (const char *const *)job->connect_to;
    }
    /* One resolver, with its cache and its thread, for all. */
    run->dns = run->dns != NULL ? run->dns : plan->dial.dns;
    plan->dial.dns = run->dns;
    g_ptr_array_add(run->jobs, job);
    return true;
}

/* "mail.example.org", "2001:db8::1": neither a scheme nor a port. */
static bool is_bare_host(const char *word)
{
    bool bracketed = *word == '[' && g_str_has_suffix(word, "]");
    const char *colon = strchr(word, ':');
    bool address = colon != NULL && strchr(colon + 1, ':') != NULL;
    return strchr(word, '/') == NULL && (colon == NULL || bracketed || address);
}

static bool add_host(CheckRun *run, const char *word, GError **error)
{
    bool naked = strchr(word, ':') != NULL && *word != '[';
    for (size_t i = 0; i < G_N_ELEMENTS(host_schemes); i++) {
        g_autofree char *url = g_strdup_printf("%s://%s%s%s", host_schemes[i], naked ? "[" : "",
                                               word, naked ? "]" : "");
        if (!check_job_add(run, url, (CheckJob){.word = word, .optional = true}, error)) {
            return false;
        }
    }
    return true;
}

static bool refuse_port(const char *word, GError **error)
{
    g_autofree char *shown = escape_line_max(bytes_of(word), 80);
    return error_fail(
        error, POSTERN_ERROR_USAGE,
        "\"%s\" has a port, but does not say what is spoken there: SCHEME://%s, as in "
        "imap://%s",
        shown, shown, shown);
}

static bool add_word(CheckRun *run, const char *word, GError **error)
{
    if (is_bare_host(word)) {
        return add_host(run, word, error);
    }
    if (strstr(word, "://") == NULL && strchr(word, ':') != NULL && strchr(word, '/') == NULL) {
        return refuse_port(word, error);
    }
    return check_job_add(run, word, (CheckJob){.word = word}, error);
}

static bool add_account(CheckRun *run, GError **error)
{
    return check_job_add(run, NULL, (CheckJob){.word = run->options->connect.account}, error);
}

bool check_targets(CheckRun *run, char *const *args, GError **error)
{
    const CheckOptions *o = run->options;
    bool domains = o->domains != NULL || o->mx != NULL;
    if (*args == NULL && !domains && o->connect.account == NULL) {
        return error_fail(error, POSTERN_ERROR_USAGE,
                          "what should be checked? Give an address such as "
                          "imaps://mail.example.org, a host, or --domain=DOMAIN");
    }
    if (*args == NULL && !domains) {
        return add_account(run, error);
    }
    for (; *args != NULL; args++) {
        if (!add_word(run, *args, error)) {
            return false;
        }
    }
    return true;
}
