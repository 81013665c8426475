/* fetch_daemon.c: rounds without end. Each begins a little early or late, so that many machines do
 * not call together; after failures they are farther apart; what fails is told once.
 *
 * When a job stays connected (IDLE) there are no rounds: each job goes on by itself, so that one
 * whose connection broke does not wait for those whose did not. */
#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "cmd/fetch.h"
#include "cmd/fetch_signals.h"
#include "io/sched.h"

#define JITTER 0.1
/* Where connections stay: after one that broke, and for servers that cannot idle. */
#define IDLE_RETRY_SECONDS 2.0
#define IDLE_ROUND_SECONDS 300.0
#define BACKOFF_MAX 3600.0

typedef struct {
    FetchRun *run;
    char *const *words;
    unsigned failures; /* rounds in a row in which nothing went well */
    GHashTable *told;  /* name of a job -> the failure that was told of it */
} Daemon;

/* A job that goes on by itself. */
typedef struct {
    Daemon *daemon;
    guint index;
    unsigned failures; /* in a row, without a pass between them */
} Staying;

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

static void write_figures(Daemon *d)
{
    g_autoptr(GError) problem = NULL;
    if (!fetch_prometheus(d->run, &problem)) {
        fetch_log(d->run, true, "%s", problem->message);
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
    write_figures(d);
}

/* A FetchWatcher's. */
static void told(void *user, const FetchJob *job, const FetchEvent *event)
{
    Daemon *d = user;
    fetch_progress_told(d->run->progress, job, event);
    if (event->kind == FETCH_EVENT_PASSED) {
        tell_outcome(d, &(FetchOutcome){.job = job});
        write_figures(d);
    }
}

/* --- when --- */

static double jitter(double seconds)
{
    uint32_t random = 0;
    digest_random(&random, sizeof(random));
    return seconds * (1 + JITTER * (2 * (double)random / UINT32_MAX - 1));
}

static double doubled(double seconds, unsigned failures, double longest)
{
    for (unsigned i = 1; i < failures && seconds < longest; i++) {
        seconds *= 2;
    }
    return jitter(MIN(seconds, longest));
}

static double pause_after(const Daemon *d)
{
    double seconds = d->run->interval;
    return doubled(seconds, d->failures, MAX(seconds, BACKOFF_MAX));
}

/* A connection that broke is soon made again; a login that was refused will be refused again. */
static double pause_of(const Staying *s, const FetchOutcome *outcome)
{
    const FetchRun *run = s->daemon->run;
    double usual = run->interval > 0 ? run->interval : IDLE_ROUND_SECONDS;
    bool refused = g_error_matches(outcome->error, POSTERN_ERROR, POSTERN_ERROR_AUTH);
    if (outcome->error == NULL || refused) {
        return doubled(usual, s->failures, MAX(usual, BACKOFF_MAX));
    }
    return doubled(IDLE_RETRY_SECONDS, s->failures, usual);
}

static void note_next(const FetchRun *run, const FetchJob *job, double seconds)
{
    int64_t account = 0, when = g_get_real_time() / G_USEC_PER_SEC + (int64_t)seconds;
    if (state_account_id(run->state, job->key, job->name, &account, NULL)) {
        state_account_next_run(run->state, account, when, NULL);
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
        for (guint i = 0; i < d->run->jobs->len; i++) {
            note_next(d->run, g_ptr_array_index(d->run->jobs, i), seconds);
        }
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

/* --- each by itself --- */

/* A TaskFunc. */
static void stay(void *user)
{
    Staying *s = user;
    FetchRun *run = s->daemon->run;
    FetchOutcome *outcome = &g_array_index(run->outcomes, FetchOutcome, s->index);
    double seconds = 0;
    do {
        fetch_do_job(run, s->index);
        if (was_interrupted(outcome)) {
            return;
        }
        s->failures = outcome->error == NULL ? 0 : outcome->passes > 0 ? 1 : s->failures + 1;
        tell_outcome(s->daemon, outcome);
        fetch_progress_job(run->progress, outcome);
        write_figures(s->daemon);
        seconds = pause_of(s, outcome);
        note_next(run, outcome->job, seconds);
    } while (io_sleep(deadline_in(seconds), NULL));
}

static bool spawn_all(Daemon *d, Sched *sched, Staying *staying, GError **error)
{
    FetchRun *run = d->run;
    g_array_set_size(run->outcomes, 0);
    g_array_set_size(run->outcomes, run->jobs->len);
    for (guint i = 0; i < run->jobs->len; i++) {
        staying[i] = (Staying){.daemon = d, .index = i};
        if (sched_spawn(sched, stay, &staying[i], error) == NULL) {
            sched_cancel_all(sched);
            sched_run(sched, NULL);
            return false;
        }
    }
    return true;
}

/* Until a signal says something: then all connections end. */
static bool stay_all(Daemon *d, GError **error)
{
    FetchRun *run = d->run;
    G_GNUC_UNUSED g_autoptr(FetchShares) shares = fetch_shares_new(run); /* until the end */
    g_autofree Staying *staying = g_new0(Staying, run->jobs->len);
    g_autoptr(Sched) sched = sched_new(error);
    g_autoptr(GError) problem = NULL;
    if (sched == NULL || !spawn_all(d, sched, staying, error)) {
        return false;
    }
    g_autofree char *status =
        g_strdup_printf("STATUS=waiting for the mail of %u accounts", run->jobs->len);
    fetch_notify(status);
    if (!sched_run(sched, &problem) &&
        !g_error_matches(problem, POSTERN_ERROR, POSTERN_ERROR_CANCELLED)) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return false;
    }
    return true;
}

static bool stay_until_told(Daemon *d, GError **error)
{
    if (!stay_all(d, error)) {
        return false;
    }
    fetch_signals_take_now();
    if (fetch_signals_take_reload() && !fetch_signals_ending()) {
        read_anew(d);
    }
    return true;
}

/* --- without end --- */

static bool may_stay(const FetchRun *run, GError **error)
{
    return run->transcript == NULL || !fetch_idles(run) || run->jobs->len == 1 ||
           error_fail(error, POSTERN_ERROR_USAGE,
                      "several accounts that stay connected cannot be told apart in one "
                      "--transcript: name one of them");
}

int fetch_daemon(FetchRun *run, char *const *words)
{
    GError *error = NULL;
    Daemon d = {.run = run, .words = words};
    d.told = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    bool good = may_stay(run, &error) && fetch_signals_begin(&error);
    run->watcher = (FetchWatcher){told, &d};
    fetch_notify("READY=1");
    while (good && !fetch_signals_ending()) {
        bool idles = fetch_idles(run);
        fetch_signals_disturb(idles);
        good = idles ? stay_until_told(&d, &error) : round_and_pause(&d, &error);
    }
    fetch_notify("STOPPING=1");
    fetch_signals_end();
    g_hash_table_unref(d.told);
    return good ? 0 : command_fail(error);
}
