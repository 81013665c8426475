/* check_run.c: looks at services, several at once, and judges what was seen. */
#include <string.h>

#include "cmd/check.h"
#include "cmd/interrupt.h"
#include "io/connect_to.h"
#include "io/sched.h"
#include "report/transcript.h"

#define PARALLEL 32 /* connections at once */
#define WORKERS 4   /* services at once */
#define RESOLVE_SECONDS 20

static void on_progress(void *user, const char *what)
{
    const CheckJob *job = ((void **)user)[1];
    g_autofree char *name = target_text(connection_target(job->connection));
    check_progress_tell(((void **)user)[0], name, what);
}

ProbePlan check_probe_plan(CheckRun *run, const SessionPlan *plan)
{
    const CheckOptions *o = run->options;
    return (ProbePlan){
        .plan = plan,
        .max_connections = (unsigned)o->max_connections,
        .per_minute = run->per_minute,
        .parallel = run->gate.limit,
        .gate = run->gate.limit > 0 ? &run->gate : NULL,
        .full = o->full,
        .next_cert = o->next_cert,
    };
}

/* --- is there such a host? --- */

static bool is_led_elsewhere(const SessionPlan *plan)
{
    for (const char *const *way = plan->dial.connect_to; way != NULL && *way != NULL; way++) {
        g_auto(ConnectTo) to = {0};
        if (connect_to_parse(*way, &to, NULL) &&
            connect_to_matches(&to, plan->dial.host, plan->dial.port)) {
            return true;
        }
    }
    return false;
}

/* Asked before anything else, because "there is no such host" has a status of its own. The answer
 * stays in the resolver's cache. */
static bool resolves(const SessionPlan *plan, GError **error)
{
    const DialPlan *dial = &plan->dial;
    bool hop = dial->via != NULL && *dial->via != NULL;
    if (dial->host == NULL || hop || is_led_elsewhere(plan)) {
        return true;
    }
    g_autoptr(DnsAddresses) addresses =
        dns_addresses(dial->dns, dial->host, dial->family, deadline_in(RESOLVE_SECONDS), error);
    return addresses != NULL;
}

/* --- one service --- */

static void not_resolved(CheckJob *job, const GError *error)
{
    job->facts = facts_new(connection_target(job->connection));
    fact_set(&job->facts->reachable, NO, "%s", error->message);
    job->unresolved = true;
    job->status = error_exit_status(error);
}

static void look_at(CheckRun *run, CheckJob *job)
{
    SessionPlan *plan = connection_plan(job->connection);
    void *user[] = {run->progress, job};
    ProbePlan probe = check_probe_plan(run, plan);
    g_autoptr(GError) error = NULL;
    probe.progress = on_progress;
    probe.progress_user = user;
    if (run->transcript != NULL) {
        plan->observer = transcript_observe;
        plan->observer_user = run->transcript;
    }
    if (!resolves(plan, &error)) {
        not_resolved(job, error);
        return;
    }
    job->facts = probe_service(&probe, plan->target);
    job->status = job->facts->reachable.known == YES ? 0 : 69;
    if (job->facts->address == NULL) {
        job->facts->address =
            g_strdup(job->address); /* else siblings that are dead look the same */
    }
}

/* A TaskFunc: takes one job after the other, until none is left. */
static void work(void *user)
{
    CheckRun *run = user;
    while (run->next < run->jobs->len && !interrupt_seen()) {
        CheckJob *job = g_ptr_array_index(run->jobs, run->next++);
        look_at(run, job);
        check_progress_done(run->progress);
    }
}

static bool work_in_parallel(CheckRun *run, size_t workers, GError **error)
{
    g_autoptr(Sched) sched = sched_new(error);
    g_autoptr(GError) problem = NULL;
    if (sched == NULL) {
        return false;
    }
    for (size_t i = 0; i < workers; i++) {
        /* With fewer workers than wanted it takes longer, no more. */
        if (sched_spawn(sched, work, run, i == 0 ? error : NULL) == NULL) {
            break;
        }
    }
    if (sched_count(sched) == 0) {
        return false;
    }
    bool good = sched_run(sched, &problem);
    if (!good && !g_error_matches(problem, POSTERN_ERROR, POSTERN_ERROR_CANCELLED)) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return false;
    }
    return true;
}

bool check_services(CheckRun *run, GError **error)
{
    /* Several conversations in one transcript could not be told apart. */
    bool apart = run->transcript != NULL;
    unsigned parallel = run->options->parallel > 0 ? (unsigned)run->options->parallel : PARALLEL;
    run->gate.limit = apart ? 1 : parallel;
    size_t workers = MIN(MIN(run->gate.limit, WORKERS), run->jobs->len);
    check_progress_total(run->progress, run->jobs->len);
    if (workers <= 1) {
        work(run);
        return true;
    }
    return work_in_parallel(run, workers, error);
}

/* --- what it means --- */

/* Of a service that could not be reached there is nothing to say but that. */
static void judge_unreached(const CheckRun *run, const Facts *facts)
{
    g_autoptr(GPtrArray) all = g_ptr_array_new();
    checks_run(facts, (const char *const *)run->only, (const char *const *)run->skip, all);
    for (guint i = 0; i < all->len; i++) {
        Finding *f = g_ptr_array_index(all, i);
        if (f->verdict == VERDICT_FAIL) {
            g_ptr_array_add(run->report->findings, f);
        } else {
            finding_free(f);
        }
    }
}

static void judge_service(const CheckRun *run, const CheckJob *job)
{
    Facts *facts = job->facts;
    facts->warn_days = run->options->warn_days;
    if (job->domain != NULL) {
        g_ptr_array_add(job->domain->services, facts);
    }
    if (facts->reachable.known == YES) {
        checks_run(facts, (const char *const *)run->only, (const char *const *)run->skip,
                   run->report->findings);
    } else if (!job->optional || job->unresolved) {
        judge_unreached(run, facts);
    }
}

/* A bare HOST that does not exist is told once, not for each port. */
static bool is_repetition(const CheckRun *run, guint index)
{
    const CheckJob *job = g_ptr_array_index(run->jobs, index);
    const CheckJob *before = index > 0 ? g_ptr_array_index(run->jobs, index - 1) : NULL;
    return job->unresolved && job->optional && before != NULL && before->unresolved &&
           before->word == job->word;
}

static void judge_domains(CheckRun *run)
{
    for (guint i = 0; i < run->report->domains->len; i++) {
        checks_run_domain(g_ptr_array_index(run->report->domains, i),
                          (const char *const *)run->only, (const char *const *)run->skip,
                          run->report->findings);
    }
}

void check_judge(CheckRun *run)
{
    AuditReport *report = run->report;
    for (guint i = 0; i < run->jobs->len; i++) {
        CheckJob *job = g_ptr_array_index(run->jobs, i);
        if (job->facts != NULL && !is_repetition(run, i)) {
            judge_service(run, job);
            g_ptr_array_add(report->services, g_steal_pointer(&job->facts));
        }
    }
    judge_domains(run);
    if (run->baseline != NULL) {
        run->changes = audit_changes_new(g_steal_pointer(&run->baseline), audit_records_of(report));
    }
}
