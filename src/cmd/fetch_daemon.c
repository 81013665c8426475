/* fetch_daemon.c: rounds without end. Each begins a little early or late, so that many machines do
 * not call together; after failures they are farther apart; what fails is told once. */
#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "cmd/fetch.h"
#include "cmd/fetch_signals.h"

#define JITTER 0.1
/* With --idle alone: after a connection that broke, and for servers that cannot idle. */
#define IDLE_RETRY_SECONDS 15.0
#define IDLE_ROUND_SECONDS 300.0
#define BACKOFF_MAX 3600.0

typedef struct {
    FetchRun *run;
    char *const *words;
    unsigned failures; /* rounds in a row in which nothing went well */
    GHashTable *told;  /* name of a job -> the failure that was told of it */
} Daemon;

/* --- what is told --- */

static bool was_interrupted(const FetchOutcome *outcome)
{
    return g_error_matches(outcome->error, POSTERN_ERROR, POSTERN_ERROR_CANCELLED);
}

static void tell_outcome(Daemon *d, const FetchOutcome *outcome)
{
    if (outcome->job == NULL || was_interrupted(outcome)) {
        return; /* it did not have its turn, or did not come to an end */
    }
    const char *name = outcome->job->name;
    const char *before = g_hash_table_lookup(d->told, name);
    if (outcome->error == NULL && before != NULL) {
        fetch_log(d->run, false, "%s: works again", name);
        g_hash_table_remove(d->told, name);
    } else if (outcome->error != NULL && g_strcmp0(before, outcome->error->message) != 0) {
        fetch_log(d->run, true, "%s: %s", name, outcome->error->message);
        g_hash_table_insert(d->told, g_strdup(name), g_strdup(outcome->error->message));
    }
}

static void tell_round(Daemon *d)
{
    bool any_good = false, any_bad = false;
    for (guint i = 0; i < d->run->outcomes->len; i++) {
        const FetchOutcome *outcome = &g_array_index(d->run->outcomes, FetchOutcome, i);
        if (!fetch_signals_ending()) {
            tell_outcome(d, outcome);
        }
        any_good = any_good || (outcome->job != NULL && outcome->error == NULL);
        any_bad = any_bad || (outcome->error != NULL && !was_interrupted(outcome));
    }
    d->failures = any_bad && !any_good ? d->failures + 1 : 0;
    g_autoptr(GError) problem = NULL;
    if (!fetch_prometheus(d->run, &problem)) {
        fetch_log(d->run, true, "%s", problem->message);
    }
}

/* --- when --- */

static double jitter(double seconds)
{
    uint32_t random = 0;
    digest_random(&random, sizeof(random));
    return seconds * (1 + JITTER * (2 * (double)random / UINT32_MAX - 1));
}

/* Doubled with each round that failed. */
static double pause_after(const Daemon *d)
{
    double idle = d->failures > 0 ? IDLE_RETRY_SECONDS : IDLE_ROUND_SECONDS;
    double seconds = d->run->interval > 0 ? d->run->interval : idle;
    double longest = MAX(seconds, BACKOFF_MAX);
    for (unsigned i = 1; i < d->failures && seconds < longest; i++) {
        seconds *= 2;
    }
    return jitter(MIN(seconds, longest));
}

static void note_next(const Daemon *d, double seconds)
{
    int64_t when = g_get_real_time() / G_USEC_PER_SEC + (int64_t)seconds;
    for (guint i = 0; i < d->run->jobs->len; i++) {
        const FetchJob *job = g_ptr_array_index(d->run->jobs, i);
        int64_t account = 0;
        if (state_account_id(d->run->state, job->key, job->name, &account, NULL)) {
            state_account_next_run(d->run->state, account, when, NULL);
        }
    }
}

/* --- SIGHUP --- */

static void read_anew(Daemon *d)
{
    FetchRun *run = d->run;
    g_autoptr(GError) problem = NULL;
    GPtrArray *before = run->jobs;
    g_array_set_size(run->outcomes, 0); /* they borrow from the jobs */
    run->jobs = g_ptr_array_new_with_free_func((GDestroyNotify)fetch_job_free);
    g_autofree char *reloading =
        g_strdup_printf("RELOADING=1\nMONOTONIC_USEC=%" G_GINT64_FORMAT, g_get_monotonic_time());
    fetch_notify(reloading);
    if (fetch_jobs(run, d->words, &problem)) {
        g_ptr_array_unref(before);
        fetch_log(run, false, "read anew: %u account%s", run->jobs->len,
                  run->jobs->len == 1 ? "" : "s");
    } else {
        g_ptr_array_unref(run->jobs);
        run->jobs = before;
        fetch_log(run, true, "not read anew, going on as before: %s", problem->message);
    }
    fetch_notify("READY=1");
}

/* --- rounds --- */

static bool round_and_pause(Daemon *d, GError **error)
{
    if (!fetch_round(d->run, error)) {
        return false;
    }
    tell_round(d);
    if (fetch_signals_ending()) {
        return true;
    }
    bool again = fetch_signals_take_now();
    bool reload = fetch_signals_take_reload();
    if (!again && !reload) {
        double seconds = pause_after(d);
        g_autofree char *status = g_strdup_printf("STATUS=next run in %.0f s", seconds);
        note_next(d, seconds);
        fetch_notify(status);
        fetch_signals_sleep(deadline_in(seconds));
        fetch_signals_take_now();
        reload = fetch_signals_take_reload();
    }
    if (reload && !fetch_signals_ending()) {
        read_anew(d);
    }
    return true;
}

int fetch_daemon(FetchRun *run, char *const *words)
{
    GError *error = NULL;
    Daemon d = {.run = run, .words = words};
    d.told = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    bool good = fetch_signals_begin(run->options->idle, &error);
    fetch_notify("READY=1");
    while (good && !fetch_signals_ending()) {
        good = round_and_pause(&d, &error);
    }
    fetch_notify("STOPPING=1");
    fetch_signals_end();
    g_hash_table_unref(d.told);
    return good ? 0 : command_fail(error);
}
