/* batch.c: the workers, one a connection, and the queue they share. */
#include <string.h>

#include "send/batch_inside.h"
#include "send/batch_load.h"

enum {
    BACKOFF_MAX = 3600,
    DOUBLINGS_MAX = 16,
    /* Messages that are read ahead, at once or a moment later; larger ones in their turn. */
    AHEAD_SMALL = 64 * 1024,
    AHEAD_MAX = 1 << 20,
};

/* By then what is under way has mostly left, and its server is busy with it. */
#define MOMENT_SECONDS 0.003

void batch_work_free(BatchWork *w)
{
    g_ptr_array_unref(w->decided);
    outgoing_free(w->message);
    g_free(w);
}

/* --- the queue --- */

static BatchWork *next_work(BatchRun *b, Deadline *soonest)
{
    *soonest = DEADLINE_NEVER;
    for (GList *link = b->queue.head; link; link = link->next) {
        BatchWork *w = link->data;
        if (deadline_passed(w->not_before)) {
            g_queue_delete_link(&b->queue, link);
            return w;
        }
        *soonest = deadline_sooner(*soonest, w->not_before);
    }
    return NULL;
}

void batch_put_back(BatchRun *b, BatchWork *w, double seconds)
{
    w->not_before = seconds > 0 ? deadline_in(seconds) : DEADLINE_PAST;
    if (seconds > 0) {
        g_queue_push_tail(&b->queue, w);
    } else {
        g_queue_push_head(&b->queue, w);
    }
}

double batch_backoff(const BatchPlan *plan, unsigned tries)
{
    unsigned doublings = MIN(tries, DOUBLINGS_MAX);
    return MIN(plan->retry_after * (double)(1u << doublings), BACKOFF_MAX);
}

void batch_tell(const BatchRun *b, BatchEvent event)
{
    if (b->plan->told) {
        b->plan->told(b->plan->user, &event);
    }
}

void batch_stop(BatchRun *b, GError *error)
{
    if (b->fatal) {
        g_error_free(error);
    } else {
        b->fatal = error;
    }
}

/* One message for each connection, none of more than `most` octets; true when one is left. What is
 * wrong with one is found once more in its turn. */
static bool read_ahead(BatchRun *b, int64_t most)
{
    bool left = false;
    unsigned n = MAX(b->plan->connections, 1);
    for (GList *link = b->queue.head; link && n && !b->fatal; link = link->next, n--) {
        BatchWork *w = link->data;
        if (w->read_ahead < most && !w->message && deadline_passed(w->not_before)) {
            w->message = batch_load(w->item, &b->plan->outgoing, most, NULL);
            w->read_ahead = most;
            left |= !w->message;
        }
    }
    return left;
}

void batch_meanwhile(void *run)
{
    BatchRun *b = run;
    b->telling = sched_current() != NULL;
    do {
        batch_conclude(b);
        if (read_ahead(b, AHEAD_SMALL) && io_sleep(deadline_in(MOMENT_SECONDS), NULL)) {
            batch_conclude(b);
            read_ahead(b, AHEAD_MAX);
        }
    } while (b->telling && b->working && bell_wait(&b->bell, NULL));
    b->telling = false;
}

/* --- connections --- */

static void hang_up(BatchWorker *w, bool politely)
{
    if (w->session && politely) {
        session_quit(w->session);
    }
    g_clear_pointer(&w->session, session_free);
}

/* Nothing that trying again would mend. */
static bool is_final(const GError *error)
{
    static const int later[] = {POSTERN_ERROR_TEMPFAIL, POSTERN_ERROR_TIMEOUT,
                                POSTERN_ERROR_EOF,      POSTERN_ERROR_UNAVAILABLE,
                                POSTERN_ERROR_IO,       POSTERN_ERROR_PROTOCOL};
    for (size_t i = 0; i < G_N_ELEMENTS(later); i++) {
        if (g_error_matches(error, POSTERN_ERROR, later[i])) {
            return false;
        }
    }
    return true;
}

/* A session to send over; NULL and b->fatal when there is no use in waiting for one. Suspends. */
static Session *connected(BatchWorker *w)
{
    const BatchPlan *plan = w->batch->plan;
    if (w->session && w->mails_max && w->session->mails >= w->mails_max) {
        hang_up(w, true);
    }
    while (!w->session && !w->batch->fatal) {
        GError *error = NULL;
        w->session = session_new(plan->session);
        if (session_climb(w->session, plan->upto, &error)) {
            w->failures = 0;
            w->mails_max = smtp_offers(w->session->caps).mail_max;
            return w->session;
        }
        hang_up(w, false);
        if (is_final(error) || w->failures >= plan->retries) {
            batch_stop(w->batch, error);
            return NULL;
        }
        double wait = batch_backoff(plan, w->failures++);
        if (plan->waiting) {
            plan->waiting(plan->user, error, wait);
        }
        g_clear_error(&error);
        if (!io_sleep(deadline_in(wait), &error)) {
            batch_stop(w->batch, error);
        }
    }
    return w->session;
}

/* --- one message --- */

static bool is_decided(const BatchWork *w, const char *address)
{
    for (guint i = 0; i < w->decided->len; i++) {
        if (!strcmp(g_ptr_array_index(w->decided, i), address)) {
            return true;
        }
    }
    return false;
}

/* Only who is left. */
static void leave_out_decided(const BatchWork *w, Outgoing *message)
{
    for (guint i = message->recipients->len; i-- > 0;) {
        if (is_decided(w, g_ptr_array_index(message->recipients, i))) {
            g_ptr_array_remove_index(message->recipients, i);
        }
    }
}

/* Takes the message. Suspends. */
static void send_work(BatchWorker *worker, BatchWork *w, Outgoing *message)
{
    BatchRun *b = worker->batch;
    BatchSettled *d = g_new0(BatchSettled, 1);
    *d = (BatchSettled){.worker = worker, .work = w, .message = message};
    w->tries++;
    bool large = message->text->len > AHEAD_SMALL;
    b->large += large;
    bool ok = submit(worker->session, message, &b->plan->wishes, b->plan->recode, &d->submission,
                     &d->error);
    b->large -= large;
    if (!ok) {
        bool unfit = g_error_matches(d->error, POSTERN_ERROR, POSTERN_ERROR_DATA) ||
                     g_error_matches(d->error, POSTERN_ERROR, POSTERN_ERROR_CONFIG);
        if (unfit && !d->submission.result.mail.code) {
            batch_give_up(b, w, message, d->error);
            submission_clear(&d->submission);
            outgoing_free(message);
            g_free(d);
            return;
        }
        hang_up(worker, false);
    }
    if (g_error_matches(d->error, POSTERN_ERROR, POSTERN_ERROR_CANCELLED)) {
        batch_stop(b, g_error_copy(d->error));
    }
    batch_settle(worker, d);
}

static void one(BatchWorker *worker, BatchWork *w)
{
    BatchRun *b = worker->batch;
    GError *error = NULL;
    g_autoptr(Outgoing) message = g_steal_pointer(&w->message);
    message = message ? message : batch_load(w->item, &b->plan->outgoing, INT64_MAX, &error);
    if (!message) {
        batch_give_up(b, w, NULL, error);
        return;
    }
    leave_out_decided(w, message);
    if (!connected(worker)) {
        b->count->left++;
        batch_work_free(w);
        return;
    }
    send_work(worker, w, g_steal_pointer(&message));
}

static void work(void *user)
{
    BatchWorker *worker = user;
    BatchRun *b = worker->batch;
    while (!b->fatal && !g_queue_is_empty(&b->queue)) {
        Deadline soonest;
        BatchWork *w = next_work(b, &soonest);
        GError *error = NULL;
        if (w) {
            one(worker, w);
        } else if (!io_sleep(soonest, &error)) {
            batch_stop(b, error);
        }
    }
    hang_up(worker, !b->fatal);
    b->working--;
    bell_ring(&b->bell);
}

/* --- all of them --- */

/* What the journal knows is not begun again. */
static bool enqueue(BatchRun *b, const BatchItem *item, GError **error)
{
    g_autoptr(GPtrArray) decided = g_ptr_array_new_with_free_func(g_free);
    bool complete = false;
    Journal *journal = b->plan->journal;
    if (journal && !journal_look(journal, item->key, &complete, decided, error)) {
        return false;
    }
    if (complete) {
        b->count->skipped++;
        batch_tell(b, (BatchEvent){item, BATCH_SKIPPED, NULL, NULL, NULL});
        return true;
    }
    BatchWork *w = g_new0(BatchWork, 1);
    w->item = item;
    w->taken = decided->len > 0;
    w->decided = g_steal_pointer(&decided);
    g_queue_push_tail(&b->queue, w);
    return true;
}

/* One of those who run beside each other. */
typedef struct {
    TaskFunc run;
    void *user;
} Part;

static void play(void *user)
{
    const Part *part = user;
    part->run(part->user);
}

static void run_workers(BatchRun *b)
{
    guint n = MIN(MAX(b->plan->connections, 1), MAX(g_queue_get_length(&b->queue), 1));
    g_autofree BatchWorker *workers = g_new0(BatchWorker, n);
    g_autofree Part *parts = g_new0(Part, n + 1);
    g_autofree void **users = g_new0(void *, n + 1);
    parts[0] = (Part){batch_meanwhile, b};
    for (guint i = 0; i < n; i++) {
        workers[i] = (BatchWorker){.batch = b};
        parts[i + 1] = (Part){work, &workers[i]};
    }
    for (guint i = 0; i <= n; i++) {
        users[i] = &parts[i];
    }
    b->working = n;
    io_together(play, users, n + 1);
    batch_conclude(b);
}

bool batch_run(const BatchPlan *plan, const GPtrArray *items, BatchCount *ret, GError **error)
{
    *ret = (BatchCount){0};
    BatchRun b = {.plan = plan, .count = ret, .queue = G_QUEUE_INIT};
    for (guint i = 0; i < items->len; i++) {
        if (!enqueue(&b, g_ptr_array_index(items, i), error)) {
            g_queue_clear_full(&b.queue, (GDestroyNotify)batch_work_free);
            return false;
        }
    }
    guint left = g_queue_get_length(&b.queue);
    if (left && (!plan->journal || journal_expect(plan->journal, left, &b.fatal))) {
        run_workers(&b);
    }
    ret->left += g_queue_get_length(&b.queue);
    g_queue_clear_full(&b.queue, (GDestroyNotify)batch_work_free);
    if (b.fatal) {
        g_propagate_error(error, b.fatal);
        return false;
    }
    return true;
}
