/* send_flush.c: what lies in the spool is delivered: once, or whenever something is due. Each way
 * is a task of its own, so that a server that stalls holds up nobody else's mail. */
#include <errno.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "cmd/interrupt.h"
#include "cmd/send_way.h"

#define WAYS_AT_ONCE 32
#define FAR_AWAY 3600.0

/* --- the ways --- */

/* Nothing more is begun; what is under way comes to its end. Takes the error; the first counts. */
static void stop(Flush *f, GError *error)
{
    if (f->error) {
        g_error_free(error);
        return;
    }
    f->error = error;
    if (f->looker) {
        sched_cancel(f->sched, f->looker);
    }
}

static void go(void *user)
{
    Way *w = user;
    Flush *f = w->flush;
    GError *error = NULL;
    bool in = gate_enter(&f->gate, &error);
    bool good = in && (f->error || way_go(w, &error));
    if (in) {
        gate_leave(&f->gate);
    }
    if (!good) {
        stop(f, error);
    }
    if (f->ended >= 0 && w->busy) {
        eventfd_write(f->ended, 1);
    }
    g_ptr_array_remove(f->ways, w);
}

static Way *find_way(const Flush *f, const SpoolJob *job)
{
    for (guint i = 0; i < f->ways->len; i++) {
        Way *w = g_ptr_array_index(f->ways, i);
        if (way_is_of(w, job)) {
            return w;
        }
    }
    return NULL;
}

static bool add(Flush *f, const SpoolJob *job, GError **error)
{
    Way *w = find_way(f, job);
    if (!w) {
        w = way_new(f, job);
        g_ptr_array_add(f->ways, w);
        if (!sched_spawn(f->sched, go, w, error)) {
            g_ptr_array_remove(f->ways, w);
            return false;
        }
    }
    g_queue_push_tail(&w->due, g_strdup(job->id));
    return true;
}

/* --- what is due --- */

/* Of a way that is under way it is known when it ends. */
static void find_next(Flush *f, const GPtrArray *jobs)
{
    int64_t now = g_get_real_time() / G_USEC_PER_SEC;
    f->next = FAR_AWAY;
    for (guint i = 0; i < jobs->len; i++) {
        const SpoolJob *job = g_ptr_array_index(jobs, i);
        const Way *w = job->held ? NULL : find_way(f, job);
        if (!job->held && !(w && w->busy)) {
            f->next = CLAMP((double)(job->next - now), 0, f->next);
        }
    }
}

/* Everything that is due is given to its way; looking takes no wait. */
static void look(void *user)
{
    Flush *f = user;
    GError *error = NULL;
    spool_sweep(f->spool);
    g_autoptr(GPtrArray) jobs = spool_list(f->spool, &error);
    for (guint i = 0; i < f->ways->len; i++) {
        Way *w = g_ptr_array_index(f->ways, i);
        g_queue_clear_full(&w->due, g_free); /* they are found again */
    }
    for (guint i = 0; jobs && i < jobs->len && !error; i++) {
        const SpoolJob *job = g_ptr_array_index(jobs, i);
        if (flush_is_due(f, job)) {
            add(f, job, &error);
        }
        if (job->damaged && !f->options->daemon) {
            fprintf(stderr, "=== %s\n", job->why);
        }
    }
    if (error) {
        stop(f, error);
    } else {
        find_next(f, jobs);
    }
}

/* --- once, and always --- */

static void print_summary(Flush *f)
{
    g_autoptr(GPtrArray) left = spool_list(f->spool, NULL);
    if (f->show.quiet || !left) {
        return;
    }
    find_next(f, left);
    fprintf(stderr, "=== %zu delivered, %zu failed, %zu put off", f->delivered, f->failed,
            f->waiting);
    fprintf(stderr, f->next < FAR_AWAY ? "; the next is due in %.0f s\n" : "\n", f->next);
}

static void read_away(int fd)
{
    char events[2048];
    while (read(fd, events, sizeof events) > 0) {
    }
}

/* Until something is put there, the next is due, or a way has ended. One that is being sent by
 * somebody else is looked at again soon. */
static bool wait_for_work(const Flush *f, GError **error)
{
    GError *problem = NULL;
    IoWait waits[] = {{.fd = f->came, .want_read = true}, {.fd = f->ended, .want_read = true}};
    bool came = io_wait_any(waits, G_N_ELEMENTS(waits), deadline_in(MAX(f->next, 1)), &problem);
    if (!came && !g_error_matches(problem, POSTERN_ERROR, POSTERN_ERROR_TIMEOUT)) {
        g_propagate_error(error, problem);
        return false;
    }
    g_clear_error(&problem);
    read_away(f->came);
    read_away(f->ended);
    return true;
}

/* A large spool takes a while to look through: most of the time is for those who send. */
static bool look_and_rest(Flush *f, GError **error)
{
    gint64 began = g_get_monotonic_time();
    sched_on_big_stack(look, f);
    double took = (double)(g_get_monotonic_time() - began) / G_USEC_PER_SEC;
    return !f->options->daemon || io_sleep(deadline_in(4 * took), error);
}

/* The task that finds work for the others. */
static void keep_looking(void *user)
{
    Flush *f = user;
    GError *error = NULL;
    while (look_and_rest(f, &error) && f->options->daemon && wait_for_work(f, &error)) {
    }
    f->looker = NULL;
    if (error) {
        stop(f, error);
    }
}

static bool begin_daemon(Flush *f, GError **error)
{
    f->came = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    f->ended = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (f->came < 0 || f->ended < 0 ||
        inotify_add_watch(f->came, spool_path(f->spool), IN_MOVED_TO) < 0) {
        return error_fail(error, POSTERN_ERROR_IO, "cannot watch the spool: %s", g_strerror(errno));
    }
    if (!f->show.quiet) {
        fprintf(stderr, "=== delivering what comes into %s, until told to end\n",
                spool_path(f->spool));
    }
    return true;
}

static bool run_all(Flush *f, GError **error)
{
    g_autoptr(Sched) sched = sched_new(error);
    f->sched = sched;
    f->looker = sched ? sched_spawn(sched, keep_looking, f, error) : NULL;
    if (!f->looker) {
        return false;
    }
    GError *problem = NULL;
    sched_run(sched, &problem);
    if (problem) {
        stop(f, problem);
    }
    if (f->error) {
        g_propagate_error(error, g_steal_pointer(&f->error));
        return false;
    }
    return true;
}

static bool run(Flush *f, GError **error)
{
    f->spool = send_spool(f->options, error);
    if (!f->spool || !send_show_open(&f->show, f->options, error) || !interrupt_begin(error)) {
        return false;
    }
    /* Several conversations could not be told apart. */
    f->gate.limit = f->show.transcript || f->show.dialogue ? 1 : WAYS_AT_ONCE;
    f->asking.limit = 1;
    bool good = (!f->options->daemon || begin_daemon(f, error)) && run_all(f, error);
    if (good) {
        print_summary(f);
    }
    interrupt_end();
    return good;
}

static void clear(Flush *f)
{
    if (f->came >= 0) {
        close(f->came);
    }
    if (f->ended >= 0) {
        close(f->ended);
    }
    g_ptr_array_unref(f->ways);
    spool_close(f->spool);
}

int send_flush(const SendOptions *o)
{
    Flush f = {.options = o, .came = -1, .ended = -1};
    f.ways = g_ptr_array_new_with_free_func((GDestroyNotify)way_free);
    GError *error = NULL;
    bool good = run(&f, &error);
    bool asked_to_end = o->daemon && g_error_matches(error, POSTERN_ERROR, POSTERN_ERROR_CANCELLED);
    if (asked_to_end) {
        g_clear_error(&error);
    }
    int status = !good && !asked_to_end ? command_fail(error)
                 : o->daemon            ? 0
                 : f.failed             ? STATUS_UNAVAILABLE
                 : f.waiting            ? STATUS_TEMPFAIL
                                        : 0;
    status = send_show_close(&f.show, status);
    clear(&f);
    return status;
}
