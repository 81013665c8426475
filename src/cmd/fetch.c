/* fetch.c: `postern fetch`: mail comes home, all of it, once. */
#include "cmd/fetch.h"

#include <malloc.h>
#include <stdio.h>

#include "base/escape.h"
#include "cmd/interrupt.h"
#include "report/transcript.h"

static void outcome_clear(gpointer outcome)
{
    fetch_outcome_clear(outcome);
}

static FetchRun *run_new(const FetchOptions *o)
{
    FetchRun *run = g_new0(FetchRun, 1);
    run->options = o;
    run->jobs = g_ptr_array_new_with_free_func((GDestroyNotify)fetch_job_free);
    run->outcomes = g_array_new(FALSE, TRUE, sizeof(FetchOutcome));
    g_array_set_clear_func(run->outcomes, outcome_clear);
    run->asking.limit = 1;
    run->syslog = o->syslog;
    run->fetchmail_exit_codes = o->fetchmail_exit_codes;
    run->mode = o->connect.dry_run          ? FETCH_DRY
                : o->adopt || o->adopt_from ? FETCH_ADOPT
                : o->compare                ? FETCH_COMPARE
                                            : FETCH_RUN;
    return run;
}

static void run_free(FetchRun *run)
{
    fetch_progress_free(run->progress);
    transcript_close(run->transcript, NULL);
    g_array_unref(run->outcomes);
    g_ptr_array_unref(run->jobs);
    state_close(run->state);
    g_free(run);
}

static bool open_state(FetchRun *run, GError **error)
{
    g_autofree char *own = run->options->state != NULL ? g_strdup(run->options->state)
                                                       : config_state_directory(true, error);
    run->state = own != NULL ? state_open(own, error) : NULL;
    return run->state != NULL;
}

static bool open_transcript(FetchRun *run, GError **error)
{
    const char *path = run->options->connect.transcript;
    run->transcript = path != NULL ? transcript_open(path, error) : NULL;
    return path == NULL || run->transcript != NULL;
}

bool fetch_jobs(FetchRun *run, char *const *words, GError **error)
{
    return run->options->fetchmailrc != NULL ? fetch_jobs_from_rc(run, words, error)
                                             : fetch_jobs_from_words(run, words, error);
}

static bool prepare(FetchRun *run, char *const *words, GError **error)
{
    const char *every = run->options->daemon;
    if (every != NULL && !fetch_parse_interval(every, &run->interval)) {
        g_autofree char *shown = escape_line_max(bytes_of(every), 40);
        return error_fail(error, POSTERN_ERROR_USAGE,
                          "--daemon takes a time such as 300, 90s, 5m or 2h, not \"%s\"", shown);
    }
    fetch_log_open(run);
    return fetch_jobs(run, words, error) && fetch_take_adopted(run, error) &&
           open_state(run, error) && open_transcript(run, error);
}

/* --- how it went --- */

/* Whose it is has to be said, unless it can be nobody else's. */
static void tell_failure(const FetchRun *run, const FetchOutcome *outcome)
{
    g_autoptr(GError) problem = g_error_copy(outcome->error);
    if (run->jobs->len > 1 || run->syslog) {
        error_prefix(&problem, "%s", outcome->job->name);
    }
    if (run->syslog) {
        fetch_log(run, true, "%s", problem->message);
    } else {
        command_fail(g_steal_pointer(&problem));
    }
}

static void tell_failures(const FetchRun *run)
{
    for (guint i = 0; i < run->outcomes->len; i++) {
        const FetchOutcome *outcome = &g_array_index(run->outcomes, FetchOutcome, i);
        if (outcome->error != NULL) {
            tell_failure(run, outcome);
        }
    }
}

static int one_round(FetchRun *run)
{
    GError *error = NULL;
    if (!interrupt_begin(&error)) {
        return command_fail(error);
    }
    bool good = fetch_round(run, &error);
    bool interrupted = interrupt_seen();
    interrupt_end();
    if (!good) {
        return command_fail(error);
    }
    tell_failures(run);
    if (!fetch_prometheus(run, &error)) {
        return command_fail(error);
    }
    if (run->fetchmail_exit_codes) {
        return fetch_rc_exit_status(run);
    }
    return interrupted ? 130 : run->status;
}

/* Lists of 10,000 messages are grown and given back several times a run: let what was given back be
 * given back to the system, and threads that only sync need no heap of their own. */
static void be_small(void)
{
    mallopt(M_MMAP_THRESHOLD, 128 * 1024);
    mallopt(M_TRIM_THRESHOLD, 128 * 1024);
    mallopt(M_ARENA_MAX, 1);
}

static int run_fetch(void *values, char **args)
{
    const FetchOptions *o = values;
    be_small();
    if (o->status) {
        return fetch_status(o);
    }
    FetchRun *run = run_new(o);
    GError *error = NULL;
    int status = 0;
    if (!prepare(run, args, &error)) {
        status = command_fail(error);
        bool bad_file = run->fetchmail_exit_codes && run->rc_failure;
        status = bad_file ? fetch_rc_exit_status(run) : status;
    } else {
        run->progress = fetch_progress_new(run);
        run->watcher = (FetchWatcher){fetch_progress_told, run->progress};
        bool stays = (run->interval > 0 || fetch_idles(run)) && run->mode == FETCH_RUN;
        status = stays ? fetch_daemon(run, args) : one_round(run);
    }
    run_free(run);
    return status;
}

const Command cmd_fetch = {
    .name = "fetch",
    .summary = "collect mail from POP3 and IMAP servers",
    .arguments = "[URL|ACCOUNT...]",
    .text = "Collects new mail into a Maildir (or wherever --to says), each message once, and\n"
            "leaves it on the server unless --after says otherwise. Without arguments it collects\n"
            "from every account of accounts.conf that has an address of POP3 or IMAP.\n"
            "Status: 0 fine, 75 try again later (a lock is held, the server or the target is\n"
            "not ready), 76 insecure or broken, 77 login refused, 130 interrupted.",
    .examples = "  postern fetch pop3s://joe@pop.example.org\n"
                "  postern fetch imaps://joe@imap.example.org --folder='INBOX,Lists/*' --to=Mail\n"
                "  postern fetch work --after=delete --keep-days=30\n"
                "  postern fetch pop3://pop.example.org --via=ssh://pop.example.org --daemon=5m\n"
                "  postern fetch work --to='|procmail -d %u'\n",
    .options = fetch_options,
    .connects = true,
    .values_size = sizeof(FetchOptions),
    .run = run_fetch,
};
