/* batch.c: the workers, one a connection, and the queue they share. */
#include "send/batch.h"

#include <string.h>

#include "io/together.h"
#include "send/batch_load.h"
#include "send/scribe.h"

enum { BACKOFF_MAX = 3600, DOUBLINGS_MAX = 16 };

/* A message with what became of it so far. */
typedef struct {
    const BatchItem *item;
    GPtrArray *decided;  /* of char*: recipients nothing is left to be done for */
    bool taken, refused; /* some recipient was, in an earlier try of this run */
    unsigned tries;
    Deadline not_before;
} Work;

typedef struct {
    const BatchPlan *plan;
    BatchCount *count;
    GQueue queue; /* of Work */
    GError *fatal;
    Scribe *scribe;             /* NULL without a journal */
    unsigned working, settling; /* workers that have not ended; what the scribe has */
} Batch;

typedef struct {
    Batch *batch;
    Session *session;  /* or NULL */
    unsigned mails;    /* transactions of this session */
    unsigned failures; /* connections that could not be made, in a row */
    Gate unsettled;    /* one message at a time is with the scribe */
} Worker;

/* A message that was handed over, until what was decided is on disk and told. */
typedef struct {
    Worker *worker;
    Work *work;
    Outgoing *message;
    Submission submission;
    GError *error; /* why the transaction broke, or NULL */
    bool complete, in_gate;
    ScribeEntry entry;
} Settled;

static void work_free(Work *w)
{
    g_ptr_array_unref(w->decided);
    g_free(w);
}

/* --- the queue --- */

static Work *next_work(Batch *b, Deadline *soonest)
{
    *soonest = DEADLINE_NEVER;
    for (GList *link = b->queue.head; link; link = link->next) {
        Work *w = link->data;
        if (deadline_passed(w->not_before)) {
            g_queue_delete_link(&b->queue, link);
            return w;
        }
        *soonest = deadline_sooner(*soonest, w->not_before);
    }
    return NULL;
}

static void put_back(Batch *b, Work *w, double seconds)
{
    w->not_before = seconds > 0 ? deadline_in(seconds) : DEADLINE_PAST;
    if (seconds > 0) {
        g_queue_push_tail(&b->queue, w);
    } else {
        g_queue_push_head(&b->queue, w);
    }
}

static double backoff(const BatchPlan *plan, unsigned tries)
{
    unsigned doublings = MIN(tries, DOUBLINGS_MAX);
    return MIN(plan->retry_after * (double)(1u << doublings), BACKOFF_MAX);
}

static void tell(const Batch *b, BatchEvent event)
{
    if (b->plan->told) {
        b->plan->told(b->plan->user, &event);
    }
}

/* The first reason to stop is the one that is told. */
static void stop(Batch *b, GError *error)
{
    if (b->fatal) {
        g_error_free(error);
    } else {
        b->fatal = error;
    }
}

/* --- connections --- */

static void hang_up(Worker *w, bool politely)
{
    if (w->session && politely) {
        session_quit(w->session);
    }
    g_clear_pointer(&w->session, session_free);
    w->mails = 0;
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
static Session *connected(Worker *w)
{
    const BatchPlan *plan = w->batch->plan;
    uint64_t most = w->session ? smtp_offers(w->session->caps).mail_max : 0;
    if (w->session && most && w->mails >= most) {
        hang_up(w, true);
    }
    while (!w->session && !w->batch->fatal) {
        GError *error = NULL;
        w->session = session_new(plan->session);
        if (session_climb(w->session, plan->upto, &error)) {
            w->failures = 0;
            return w->session;
        }
        hang_up(w, false);
        if (is_final(error) || w->failures >= plan->retries) {
            stop(w->batch, error);
            return NULL;
        }
        double wait = backoff(plan, w->failures++);
        if (plan->waiting) {
            plan->waiting(plan->user, error, wait);
        }
        g_clear_error(&error);
        if (!io_sleep(deadline_in(wait), &error)) {
            stop(w->batch, error);
        }
    }
    return w->session;
}

/* --- one message --- */

static bool is_decided(const Work *w, const char *address)
{
    for (guint i = 0; i < w->decided->len; i++) {
        if (!strcmp(g_ptr_array_index(w->decided, i), address)) {
            return true;
        }
    }
    return false;
}

/* Only who is left. */
static void leave_out_decided(const Work *w, Outgoing *message)
{
    for (guint i = message->recipients->len; i-- > 0;) {
        if (is_decided(w, g_ptr_array_index(message->recipients, i))) {
            g_ptr_array_remove_index(message->recipients, i);
        }
    }
}

/* Takes in what was decided; false when somebody is left to be tried again. */
static bool take_fates(Work *w, const Submission *s)
{
    bool complete = true;
    for (size_t i = 0; i < s->n; i++) {
        const SmtpRecipient *r = &s->recipients[i];
        bool decided = r->fate == SMTP_ACCEPTED || r->fate == SMTP_REFUSED;
        w->taken |= r->fate == SMTP_ACCEPTED;
        w->refused |= r->fate == SMTP_REFUSED;
        complete &= decided;
        if (decided) {
            g_ptr_array_add(w->decided, g_strdup(r->address));
        }
    }
    return complete;
}

typedef struct {
    const BatchPlan *plan;
    const Settled *settled;
    bool ok;
    GError *error;
} Write;

static void write_now(void *user)
{
    Write *w = user;
    w->ok =
        w->plan->write(w->plan->user, w->settled->work->item, &w->settled->submission, &w->error);
}

static void stop_unwritten(Batch *b, GError *error)
{
    error_prefix(&error, "what was sent could not be written down, so nothing more is sent");
    stop(b, error);
}

static void count_done(Batch *b, const Work *w)
{
    BatchCount *count = b->count;
    count->accepted += w->taken && !w->refused;
    count->partly += w->taken && w->refused;
    count->refused += !w->taken;
}

/* Nothing was or will be sent of it: it cannot be read, or is no message, or does not fit. */
static void give_up(Batch *b, Work *w, const Outgoing *message, GError *error)
{
    b->count->refused += !w->taken;
    b->count->partly += w->taken;
    tell(b, (BatchEvent){w->item, BATCH_DONE, message, NULL, error});
    g_error_free(error);
    work_free(w);
}

/* Somebody is left. After a connection that broke it is tried at once, on a new one: it was not the
 * message's fault. */
static void try_again(Batch *b, Work *w, const Outgoing *message, const Submission *s,
                      const GError *error)
{
    bool used_up = w->tries > b->plan->retries || b->fatal;
    double wait = error && w->tries == 1 ? 0 : backoff(b->plan, w->tries - 1);
    tell(b, (BatchEvent){w->item, used_up ? BATCH_LEFT : BATCH_AGAIN, message, s, error});
    if (used_up) {
        b->count->left++;
        work_free(w);
    } else {
        put_back(b, w, wait);
    }
}

/* It is on disk: from here on it may be told. Frees it. */
static void conclude(Batch *b, Settled *d)
{
    if (d->entry.error) {
        stop_unwritten(b, d->entry.error);
    }
    if (d->complete) {
        count_done(b, d->work);
        tell(b, (BatchEvent){d->work->item, BATCH_DONE, d->message, &d->submission, NULL});
        work_free(d->work);
    } else {
        try_again(b, d->work, d->message, &d->submission, d->error);
    }
    if (d->in_gate) {
        gate_leave(&d->worker->unsettled);
    }
    submission_clear(&d->submission);
    outgoing_free(d->message);
    g_clear_error(&d->error);
    g_free(d);
}

static void conclude_done(Batch *b)
{
    for (ScribeEntry *e; (e = scribe_done(b->scribe));) {
        b->settling--;
        conclude(b, e->user);
    }
}

/* Tells what has come to disk, beside the workers. When it is interrupted the rest is told at the
 * end. Suspends. */
static void tell_settled(void *user)
{
    Batch *b = user;
    while ((b->working || b->settling) &&
           io_wait_read(scribe_fd(b->scribe), DEADLINE_NEVER, NULL)) {
        conclude_done(b);
    }
}

/* A connection goes on while its last message is being written down, but not two ahead; and not at
 * all when somebody is to be tried again, which is for this one to do. Suspends. */
static void hand_to_scribe(Worker *worker, Settled *d)
{
    Batch *b = worker->batch;
    bool complete = d->complete;
    d->in_gate =
        gate_enter(&worker->unsettled, NULL); /* interrupted: it is written none the less */
    d->entry = (ScribeEntry){{d->work->item->key, &d->submission, complete}, d, NULL};
    b->settling++;
    scribe_take(b->scribe, &d->entry);
    while (!sched_current() && b->settling &&
           io_wait_read(scribe_fd(b->scribe), DEADLINE_NEVER, NULL)) {
        conclude_done(b); /* no tasks could be had: one after the other, then */
    }
    if (!complete && gate_enter(&worker->unsettled, NULL)) {
        gate_leave(&worker->unsettled);
    }
}

/* What the server said is on disk before anybody hears of it. Takes all of `d`. Suspends. */
static void settle(Worker *worker, Settled *d)
{
    Batch *b = worker->batch;
    d->complete = take_fates(d->work, &d->submission);
    if (b->scribe) {
        hand_to_scribe(worker, d);
        return;
    }
    Write write = {b->plan, d, true, NULL};
    if (b->plan->write) {
        sched_on_big_stack(write_now, &write);
    }
    if (!write.ok) {
        stop_unwritten(b, write.error);
    }
    conclude(b, d);
}

/* Takes the message. Suspends. */
static void send_work(Worker *worker, Work *w, Outgoing *message)
{
    Batch *b = worker->batch;
    Settled *d = g_new0(Settled, 1);
    *d = (Settled){.worker = worker, .work = w, .message = message};
    w->tries++;
    worker->mails++;
    if (!submit(worker->session, message, &b->plan->wishes, b->plan->recode, &d->submission,
                &d->error)) {
        bool unfit = g_error_matches(d->error, POSTERN_ERROR, POSTERN_ERROR_DATA) ||
                     g_error_matches(d->error, POSTERN_ERROR, POSTERN_ERROR_CONFIG);
        if (unfit && !d->submission.result.mail.code) {
            give_up(b, w, message, d->error);
            submission_clear(&d->submission);
            outgoing_free(message);
            g_free(d);
            return;
        }
        hang_up(worker, false);
    }
    if (g_error_matches(d->error, POSTERN_ERROR, POSTERN_ERROR_CANCELLED)) {
        stop(b, g_error_copy(d->error));
    }
    settle(worker, d);
}

static void one(Worker *worker, Work *w)
{
    Batch *b = worker->batch;
    GError *error = NULL;
    g_autoptr(Outgoing) message = batch_load(w->item, &b->plan->outgoing, &error);
    if (!message) {
        give_up(b, w, NULL, error);
        return;
    }
    leave_out_decided(w, message);
    if (!connected(worker)) {
        b->count->left++;
        work_free(w);
        return;
    }
    send_work(worker, w, g_steal_pointer(&message));
}

static void work(void *user)
{
    Worker *worker = user;
    Batch *b = worker->batch;
    while (!b->fatal && !g_queue_is_empty(&b->queue)) {
        Deadline soonest;
        Work *w = next_work(b, &soonest);
        GError *error = NULL;
        if (w) {
            one(worker, w);
        } else if (!io_sleep(soonest, &error)) {
            stop(b, error);
        }
    }
    hang_up(worker, !b->fatal);
    b->working--;
    if (b->scribe) {
        scribe_wake(b->scribe);
    }
}

/* --- all of them --- */

/* What the journal knows is not begun again. */
static bool enqueue(Batch *b, const BatchItem *item, GError **error)
{
    g_autoptr(GPtrArray) decided = g_ptr_array_new_with_free_func(g_free);
    bool complete = false;
    Journal *journal = b->plan->journal;
    if (journal && !journal_look(journal, item->key, &complete, decided, error)) {
        return false;
    }
    if (complete) {
        b->count->skipped++;
        tell(b, (BatchEvent){item, BATCH_SKIPPED, NULL, NULL, NULL});
        return true;
    }
    Work *w = g_new0(Work, 1);
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

static void run_workers(Batch *b)
{
    guint n = MIN(MAX(b->plan->connections, 1), MAX(g_queue_get_length(&b->queue), 1));
    g_autofree Worker *workers = g_new0(Worker, n);
    g_autofree Part *parts = g_new0(Part, n + 1);
    g_autofree void **users = g_new0(void *, n + 1);
    for (guint i = 0; i < n; i++) {
        workers[i] = (Worker){.batch = b, .unsettled.limit = 1};
        parts[i] = (Part){work, &workers[i]};
    }
    parts[n] = (Part){tell_settled, b};
    for (guint i = 0; i <= n; i++) {
        users[i] = &parts[i];
    }
    b->working = n;
    io_together(play, users, b->scribe ? n + 1 : n);
    if (b->scribe) {
        scribe_finish(b->scribe);
        conclude_done(b);
    }
}

bool batch_run(const BatchPlan *plan, const GPtrArray *items, BatchCount *ret, GError **error)
{
    *ret = (BatchCount){0};
    Batch b = {.plan = plan, .count = ret, .queue = G_QUEUE_INIT};
    for (guint i = 0; i < items->len; i++) {
        if (!enqueue(&b, g_ptr_array_index(items, i), error)) {
            g_queue_clear_full(&b.queue, (GDestroyNotify)work_free);
            return false;
        }
    }
    if (plan->journal && !g_queue_is_empty(&b.queue)) {
        b.scribe = scribe_new(plan->journal, &b.fatal);
    }
    if (!b.fatal && !g_queue_is_empty(&b.queue)) {
        run_workers(&b);
    }
    scribe_free(b.scribe);
    ret->left += g_queue_get_length(&b.queue);
    g_queue_clear_full(&b.queue, (GDestroyNotify)work_free);
    if (b.fatal) {
        g_propagate_error(error, b.fatal);
        return false;
    }
    return true;
}
