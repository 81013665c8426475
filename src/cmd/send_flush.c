/* send_flush.c: what lies in the spool is delivered: once, or whenever something is due. Messages
 * that go the same way share a connection; each is locked while it is worked on, and its state is
 * on disk before anybody hears of it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/escape.h"
#include "cmd/command.h"
#include "cmd/interrupt.h"
#include "cmd/send.h"
#include "cmd/send_failure.h"
#include "io/io.h"
#include "io/sched.h"
#include "send/batch.h"

/* At most so many are locked at a time: a lock is an open file. */
#define AT_ONCE 200
#define FAR_AWAY 3600.0

typedef struct {
    const SendOptions *options;
    SendShow show;
    Spool *spool;
    GHashTable *taken; /* id -> SpoolJob, locked, of those sent now */
    size_t delivered, failed, waiting;
} Flush;

static int64_t now(void)
{
    return g_get_real_time() / G_USEC_PER_SEC;
}

/* --- what became of one --- */

static void say(const Flush *f, const SpoolJob *job, const char *text, bool bad)
{
    if (!f->show.quiet || bad) {
        g_autofree char *shown = escape_line_max(bytes_of(text), 700);
        fprintf(bad ? stderr : stdout, "%s: %s\n", job->id, shown);
        fflush(stdout);
    }
}

/* The job is done with: it goes, waits on, or, when nobody can be told that it failed, is held.
 * Takes it out of the table. */
static bool put_down(Flush *f, SpoolJob *job, GError **error)
{
    bool done = !job->recipients[0];
    bool good = done ? spool_remove(f->spool, job, error) : spool_save(f->spool, job, error);
    f->waiting += !done;
    g_hash_table_remove(f->taken, job->id);
    return good;
}

static double first_wait(const Flush *f)
{
    return f->options->retry_after > 0 ? f->options->retry_after : SEND_QUEUE_RETRY;
}

/* Those that are left: later, or, past its time, never. */
static bool put_off(Flush *f, SpoolJob *job, const char *why, bool by_server, GError **error)
{
    spool_job_put_off(job, first_wait(f), why);
    if (now() < job->expires) {
        return true;
    }
    SendFailure failure = {.spool = f->spool, .job = job, .notices = f->options->notices};
    failure.expired = true;
    for (char **left = job->recipients; *left; left++) {
        send_failure_add(&failure, *left, NULL, why, by_server);
    }
    f->failed++;
    say(f, job, "given up, its time is over", true);
    return send_failure_tell(&failure, error);
}

static char *words_of(const SmtpAnswer *answer)
{
    return answer->code ? g_strdup_printf("%u %s", answer->code, answer->text ? answer->text : "")
                        : g_strdup("the connection broke before the server had answered");
}

/* One that was handed over, in part or whole. A BatchPlan's write. */
static bool write_down(void *user, const BatchItem *item, const Submission *s, GError **error)
{
    Flush *f = user;
    SpoolJob *job = g_hash_table_lookup(f->taken, item->key);
    SendFailure failure = {
        .spool = f->spool, .job = job, .notices = f->options->notices, .server = item->name};
    g_autofree char *later = NULL;
    bool taken = false;
    for (size_t i = 0; i < s->n; i++) {
        const SmtpRecipient *r = &s->recipients[i];
        g_autofree char *line = send_result_line(s, i);
        line[strcspn(line, "\n")] = '\0';
        say(f, job, line, r->fate == SMTP_REFUSED);
        taken |= r->fate == SMTP_ACCEPTED;
        if (r->fate == SMTP_ACCEPTED) {
            spool_job_decided(job, r->address);
        } else if (r->fate == SMTP_REFUSED) {
            g_autofree char *said = words_of(&r->answer);
            send_failure_add(&failure, r->address, r->answer.enhanced, said, true);
        } else if (!later) {
            later = words_of(&r->answer);
        }
    }
    f->failed += failure.n > 0;
    f->delivered += taken && !failure.n && !later;
    return send_failure_tell(&failure, error) && (!later || put_off(f, job, later, true, error)) &&
           put_down(f, job, error);
}

/* Nothing was handed over: it does not fit, or cannot be read. */
static bool give_up(Flush *f, SpoolJob *job, const GError *why, GError **error)
{
    if (!g_error_matches(why, POSTERN_ERROR, POSTERN_ERROR_DATA)) {
        say(f, job, why->message, true);
        return put_off(f, job, why->message, false, error) && put_down(f, job, error);
    }
    SendFailure failure = {.spool = f->spool, .job = job, .notices = f->options->notices};
    for (char **left = job->recipients; *left; left++) {
        send_failure_add(&failure, *left, NULL, why->message, false);
    }
    f->failed++;
    say(f, job, why->message, true);
    return send_failure_tell(&failure, error) && put_down(f, job, error);
}

typedef struct {
    Flush *flush;
    const BatchEvent *event;
} Told;

static void told_now(void *user)
{
    const Told *t = user;
    SpoolJob *job = g_hash_table_lookup(t->flush->taken, t->event->item->key);
    g_autoptr(GError) problem = NULL;
    if (job && t->event->error && !give_up(t->flush, job, t->event->error, &problem)) {
        fprintf(stderr, "postern: %s\n", problem->message);
    }
}

/* Those with a Submission have been written down. */
static void told(void *user, const BatchEvent *event)
{
    Told t = {user, event};
    if (!event->submission) {
        sched_on_big_stack(told_now, &t);
    }
}

/* --- those that go the same way --- */

static BatchItem *item_of(const Flush *f, const SpoolJob *job, const char *server)
{
    BatchItem *item = g_new0(BatchItem, 1);
    item->key = g_strdup(job->id);
    item->name = g_strdup(server);
    item->file = spool_text_path(f->spool, job->id);
    item->length = -1;
    item->sender = g_strdup(job->sender);
    item->recipients = g_strdupv(job->recipients);
    return item;
}

/* An id begins with the time. */
static int by_age(gconstpointer a, gconstpointer b)
{
    return strcmp((*(BatchItem *const *)a)->key, (*(BatchItem *const *)b)->key);
}

static bool send_taken(Flush *f, const SendOptions *way, Connection *c, GError **error)
{
    g_autoptr(GPtrArray) items = g_ptr_array_new_with_free_func((GDestroyNotify)batch_item_free);
    GHashTableIter iter;
    gpointer job;
    g_hash_table_iter_init(&iter, f->taken);
    const Target *target = connection_target(c);
    while (g_hash_table_iter_next(&iter, NULL, &job)) {
        g_ptr_array_add(items, item_of(f, job, target->host ? target->host : "localhost"));
    }
    g_ptr_array_sort(items, by_age);
    SessionPlan *session = connection_plan(c);
    if (!f->show.dialogue && !f->show.transcript) {
        session->observer = NULL; /* nobody looks on */
    }
    BatchPlan plan = {
        .session = session,
        .upto = send_top_stage(c),
        .wishes = send_wishes(way),
        .recode = send_recode,
        .outgoing = {.as_is = true},
        .write = write_down,
        .connections = (unsigned)MAX(f->options->connections, 1),
        .told = told,
        .user = f,
    };
    BatchCount count;
    return batch_run(&plan, items, &count, error);
}

/* What is still locked had no turn: the server could not be reached, or would not have us. */
static bool put_off_rest(Flush *f, const GError *why, GError **error)
{
    bool stopped = g_error_matches(why, POSTERN_ERROR, POSTERN_ERROR_CANCELLED);
    if (why && !stopped) {
        g_autofree char *shown = escape_line_max(bytes_of(why->message), 700);
        fprintf(stderr, "=== %s\n", shown);
    }
    g_autoptr(GList) left = g_hash_table_get_values(f->taken);
    bool good = true;
    for (GList *link = left; link && good && !stopped; link = link->next) {
        SpoolJob *job = link->data;
        const char *text = why ? why->message : "it had no turn";
        good = put_off(f, job, text, false, error) && put_down(f, job, error);
    }
    g_hash_table_remove_all(f->taken);
    return good;
}

/* The options as they were when these messages were queued. */
static Connection *open_way(Flush *f, const SpoolJob *job, SendOptions *way, GError **error)
{
    const Option *const tables[] = {connect_options, cmd_send.options, NULL};
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    g_ptr_array_add(argv, (char *)"send");
    for (char **word = job->options; *word; word++) {
        g_ptr_array_add(argv, *word);
    }
    g_ptr_array_add(argv, NULL);
    g_auto(GStrv) rest = NULL;
    bool help;
    return options_parse(tables, way, (char **)argv->pdata, &rest, &help, error)
               ? send_connection(way, job->url, &f->show, error)
               : NULL;
}

static bool send_the_same_way(Flush *f, const SpoolJob *first, GError **error)
{
    const Option *const tables[] = {connect_options, cmd_send.options, NULL};
    SendOptions way = {0};
    GError *why = NULL;
    Connection *c = open_way(f, first, &way, &why);
    bool sent = c && send_taken(f, &way, c, &why);
    bool cancelled = g_error_matches(why, POSTERN_ERROR, POSTERN_ERROR_CANCELLED);
    bool good = (sent && !g_hash_table_size(f->taken)) || put_off_rest(f, why, error);
    connection_free(c);
    options_clear(tables, &way);
    if (cancelled && good) {
        good = error_fail(error, POSTERN_ERROR_CANCELLED, "interrupted");
    }
    g_clear_error(&why);
    return good;
}

/* --- which --- */

static bool is_due(const Flush *f, const SpoolJob *job)
{
    return !job->held && (f->options->now || job->next <= now());
}

static bool same_way(const SpoolJob *a, const SpoolJob *b)
{
    return !g_strcmp0(a->url, b->url) &&
           g_strv_equal((const char *const *)a->options, (const char *const *)b->options);
}

/* Locks those of the list that go as the first does, and takes them off it. */
static void take_some(Flush *f, GPtrArray *due, const SpoolJob *first)
{
    guint kept = 0;
    for (guint i = 0; i < due->len; i++) {
        const SpoolJob *listed = g_ptr_array_index(due, i);
        bool full = g_hash_table_size(f->taken) >= AT_ONCE;
        if (full || !same_way(first, listed)) {
            due->pdata[kept++] = due->pdata[i];
            continue;
        }
        bool busy;
        SpoolJob *job = spool_take(f->spool, listed->id, &busy);
        if (job && is_due(f, job)) {
            g_hash_table_insert(f->taken, job->id, job);
        } else {
            spool_job_free(job);
        }
    }
    g_ptr_array_set_size(due, (gint)kept);
}

/* One pass over all that is due. *next is when the next of the others is (seconds from now). */
static bool pass(Flush *f, double *next, GError **error)
{
    spool_sweep(f->spool);
    g_autoptr(GPtrArray) jobs = spool_list(f->spool, error);
    if (!jobs) {
        return false;
    }
    g_autoptr(GPtrArray) due = g_ptr_array_new();
    for (guint i = 0; i < jobs->len; i++) {
        SpoolJob *job = g_ptr_array_index(jobs, i);
        if (is_due(f, job)) {
            g_ptr_array_add(due, job);
        }
        if (job->damaged && !f->options->daemon) {
            fprintf(stderr, "=== %s\n", job->why);
        }
    }
    while (due->len) {
        const SpoolJob *first = g_ptr_array_index(due, 0);
        take_some(f, due, first);
        if (g_hash_table_size(f->taken) && !send_the_same_way(f, first, error)) {
            return false;
        }
    }
    g_autoptr(GPtrArray) left = spool_list(f->spool, error);
    *next = FAR_AWAY;
    for (guint i = 0; left && i < left->len; i++) {
        const SpoolJob *job = g_ptr_array_index(left, i);
        *next = job->held ? *next : CLAMP((double)(job->next - now()), 0, *next);
    }
    return left != NULL;
}

/* --- once, and always --- */

static void print_summary(const Flush *f, double next)
{
    if (f->show.quiet) {
        return;
    }
    fprintf(stderr, "=== %zu delivered, %zu failed, %zu put off", f->delivered, f->failed,
            f->waiting);
    fprintf(stderr, next < FAR_AWAY ? "; the next is due in %.0f s\n" : "\n", next);
}

/* Until something is put there, or the next is due. One that is being sent by somebody else is
 * looked at again soon. */
static bool wait_for_work(int watch, double next, GError **error)
{
    GError *problem = NULL;
    char events[2048];
    bool came = io_wait_read(watch, deadline_in(CLAMP(next, 1, FAR_AWAY)), &problem);
    while (came && read(watch, events, sizeof events) > 0) {
    }
    if (!came && !g_error_matches(problem, POSTERN_ERROR, POSTERN_ERROR_TIMEOUT)) {
        g_propagate_error(error, problem);
        return false;
    }
    g_clear_error(&problem);
    return true;
}

static bool run_daemon(Flush *f, GError **error)
{
    int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (watch < 0 || inotify_add_watch(watch, spool_path(f->spool), IN_MOVED_TO) < 0) {
        int failure = errno;
        if (watch >= 0) {
            close(watch);
        }
        return error_fail(error, POSTERN_ERROR_IO, "cannot watch the spool: %s",
                          g_strerror(failure));
    }
    if (!f->show.quiet) {
        fprintf(stderr, "=== delivering what comes into %s, until told to end\n",
                spool_path(f->spool));
    }
    double next = 0;
    bool good = true;
    while (good) {
        good = pass(f, &next, error) && wait_for_work(watch, next, error);
    }
    close(watch);
    return false;
}

static bool run(Flush *f, GError **error)
{
    double next = FAR_AWAY;
    f->spool = send_spool(f->options, error);
    if (!f->spool || !send_show_open(&f->show, f->options, error) || !interrupt_begin(error)) {
        return false;
    }
    bool good = f->options->daemon ? run_daemon(f, error) : pass(f, &next, error);
    if (good) {
        print_summary(f, next);
    }
    interrupt_end();
    return good;
}

int send_flush(const SendOptions *o)
{
    Flush f = {.options = o};
    f.taken = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)spool_job_free);
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
    g_hash_table_destroy(f.taken);
    spool_close(f.spool);
    return status;
}
