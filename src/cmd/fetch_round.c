/* fetch_round.c: one round over all jobs, several at once. */
#include <sys/stat.h>

#include "base/digest.h"
#include "cmd/fetch.h"
#include "io/sched.h"
#include "report/transcript.h"
#include "store/lock.h"

#define PARALLEL 4

typedef struct {
    FetchRun *run;
    guint next; /* the job to begin with next */
} Round;

/* --- one job --- */

/* One lock an account: another run may collect another one meanwhile. */
static Lock *lock_account(const FetchRun *run, const FetchJob *job, GError **error)
{
    uint8_t digest[DIGEST_MAX];
    digest_compute(DIGEST_SHA256, bytes_of(job->key), digest);
    g_autofree char *name = bytes_hex((Bytes){(const char *)digest, 8});
    g_autofree char *directory = g_build_filename(state_directory(run->state), "locks", NULL);
    mkdir(directory, 0700); /* a failure shows when the lock cannot be made */
    Deadline until = run->options->wait ? DEADLINE_NEVER : DEADLINE_PAST;
    return lock_take(directory, name, until, error);
}

static void observe(const FetchRun *run, const FetchJob *job)
{
    if (run->transcript != NULL) {
        SessionPlan *plan = (SessionPlan *)job->plan;
        plan->observer = transcript_observe;
        plan->observer_user = run->transcript;
    }
}

static void collect(FetchRun *run, const FetchJob *job, FetchOutcome *outcome)
{
    *outcome = (FetchOutcome){.job = job};
    g_autoptr(Lock) lock = lock_account(run, job, &outcome->error);
    if (lock != NULL) {
        observe(run, job);
        fetch_account(job, run->mode, run->state, &run->watcher, outcome);
    }
}

/* As fetchmail's `protocol auto` goes on: not where the server was spoken to and had its reasons.
 */
static bool may_speak_another(const FetchOutcome *outcome)
{
    static const PosternErrorCode reasons[] = {POSTERN_ERROR_AUTH, POSTERN_ERROR_NO_HOST,
                                               POSTERN_ERROR_TEMPFAIL, POSTERN_ERROR_CANCELLED};
    for (size_t i = 0; i < G_N_ELEMENTS(reasons); i++) {
        if (g_error_matches(outcome->error, POSTERN_ERROR, reasons[i])) {
            return false;
        }
    }
    return outcome->error != NULL && outcome->reached < STAGE_AUTH;
}

void fetch_do_job(FetchRun *run, guint index)
{
    const FetchJob *job = g_ptr_array_index(run->jobs, index);
    FetchOutcome result;
    collect(run, job, &result);
    if (job->otherwise != NULL && may_speak_another(&result)) {
        g_autoptr(GError) before = g_steal_pointer(&result.error);
        fetch_outcome_clear(&result);
        collect(run, job->otherwise, &result);
        if (result.error != NULL) {
            error_prefix(&result.error, "%s; then", before->message);
        }
    }
    FetchOutcome *outcome = &g_array_index(run->outcomes, FetchOutcome, index);
    fetch_outcome_clear(outcome);
    *outcome = result;
}

static bool has_turn(const FetchRun *run, const FetchJob *job)
{
    return job->interval <= 1 || (run->round - 1) % job->interval == 0;
}

/* A TaskFunc. */
static void work(void *user)
{
    Round *round = user;
    while (round->next < round->run->jobs->len) {
        guint index = round->next++;
        if (!sched_pause(NULL)) {
            return; /* interrupted */
        }
        if (has_turn(round->run, g_ptr_array_index(round->run->jobs, index))) {
            fetch_do_job(round->run, index);
        }
    }
}

/* --- all --- */

bool fetch_idles(const FetchRun *run)
{
    bool any = false;
    for (guint i = 0; i < run->jobs->len; i++) {
        any = any || ((const FetchJob *)g_ptr_array_index(run->jobs, i))->idle;
    }
    return any;
}

static guint workers(const FetchRun *run)
{
    const FetchOptions *o = run->options;
    guint parallel = o->parallel > 0 ? (guint)o->parallel : PARALLEL;
    /* Several conversations in one transcript could not be told apart. */
    return run->transcript != NULL ? 1 : MIN(parallel, run->jobs->len);
}

static void sum_up(FetchRun *run)
{
    run->totals = (FetchTotals){0};
    run->status = 0;
    for (guint i = 0; i < run->outcomes->len; i++) {
        const FetchOutcome *outcome = &g_array_index(run->outcomes, FetchOutcome, i);
        fetch_totals_add(&run->totals, &outcome->totals);
        run->status = MAX(run->status, error_exit_status(outcome->error));
    }
}

bool fetch_round(FetchRun *run, GError **error)
{
    Round round = {.run = run};
    run->round++;
    g_array_set_size(run->outcomes, 0);
    g_array_set_size(run->outcomes, run->jobs->len);
    G_GNUC_UNUSED g_autoptr(FetchShares) shares = fetch_shares_new(run); /* until the end */
    g_autoptr(Sched) sched = sched_new(error);
    if (sched == NULL) {
        return false;
    }
    for (guint i = 0; i < workers(run); i++) {
        /* With fewer workers than wanted it takes longer, no more. */
        if (sched_spawn(sched, work, &round, i == 0 ? error : NULL) == NULL) {
            break;
        }
    }
    if (sched_count(sched) == 0 && run->jobs->len > 0) {
        return false;
    }
    g_autoptr(GError) problem = NULL;
    bool good = sched_run(sched, &problem);
    sum_up(run);
    fetch_progress_round(run->progress);
    if (!good && !g_error_matches(problem, POSTERN_ERROR, POSTERN_ERROR_CANCELLED)) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return false;
    }
    return true;
}
