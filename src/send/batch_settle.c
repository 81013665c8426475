/* batch_settle.c: what became of a message that was handed over: written down, then told, then done
 * with or tried again. */
#include "io/thread.h"
#include "send/batch_inside.h"

/* Takes in what was decided; false when somebody is left to be tried again. */
static bool take_fates(BatchWork *w, const Submission *s)
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

static void stop_unwritten(BatchRun *b, GError *error)
{
    error_prefix(&error, "what was sent could not be written down, so nothing more is sent");
    batch_stop(b, error);
}

typedef struct {
    const BatchPlan *plan;
    const BatchSettled *settled;
    bool ok;
    GError *error;
} Write;

static void write_now(void *user)
{
    Write *w = user;
    const BatchPlan *plan = w->plan;
    const BatchSettled *d = w->settled;
    if (plan->journal) {
        JournalEntry entry = {d->work->item->key, &d->submission, d->complete};
        w->ok = journal_write(plan->journal, &entry, &w->error);
    } else if (plan->write) {
        w->ok = plan->write(plan->user, d->work->item, &d->submission, &w->error);
    }
}

static void write_down(BatchRun *b, const BatchSettled *d)
{
    Write write = {b->plan, d, true, NULL};
    sched_on_big_stack(write_now, &write);
    if (!write.ok) {
        stop_unwritten(b, write.error);
    }
}

static void count_done(BatchRun *b, const BatchWork *w)
{
    BatchCount *count = b->count;
    count->accepted += w->taken && !w->refused;
    count->partly += w->taken && w->refused;
    count->refused += !w->taken;
}

void batch_give_up(BatchRun *b, BatchWork *w, const Outgoing *message, GError *error)
{
    b->count->refused += !w->taken;
    b->count->partly += w->taken;
    batch_tell(b, (BatchEvent){w->item, BATCH_DONE, message, NULL, error});
    g_error_free(error);
    batch_work_free(w);
}

/* Somebody is left. After a connection that broke it is tried at once, on a new one: it was not the
 * message's fault. */
static void try_again(BatchRun *b, BatchWork *w, const Outgoing *message, const Submission *s,
                      const GError *error)
{
    bool used_up = w->tries > b->plan->retries || b->fatal;
    double wait = error && w->tries == 1 ? 0 : batch_backoff(b->plan, w->tries - 1);
    batch_tell(b, (BatchEvent){w->item, used_up ? BATCH_LEFT : BATCH_AGAIN, message, s, error});
    if (used_up) {
        b->count->left++;
        batch_work_free(w);
    } else {
        batch_put_back(b, w, wait);
    }
}

/* It is on disk: from here on it may be told. Frees it. */
static void conclude(BatchRun *b, BatchSettled *d)
{
    if (d->complete) {
        count_done(b, d->work);
        batch_tell(b, (BatchEvent){d->work->item, BATCH_DONE, d->message, &d->submission, NULL});
        batch_work_free(d->work);
    } else {
        try_again(b, d->work, d->message, &d->submission, d->error);
    }
    d->worker->unsynced = false;
    bell_ring(&d->worker->told);
    submission_clear(&d->submission);
    outgoing_free(d->message);
    g_clear_error(&d->error);
    g_free(d);
}

typedef struct {
    Journal *journal;
    bool ok;
    GError *error;
} Sync;

static void sync_now(void *user)
{
    Sync *s = user;
    s->ok = journal_sync(s->journal, &s->error);
}

/* A thread of its own costs more than most syncs, but a large text goes on leaving meanwhile. */
static void sync_journal(BatchRun *b)
{
    Sync sync = {.journal = b->plan->journal};
    if (!b->large || !thread_run("sync", sync_now, &sync, NULL)) {
        sync_now(&sync);
    }
    if (!sync.ok) {
        stop_unwritten(b, sync.error);
    }
}

void batch_conclude(BatchRun *b)
{
    GQueue written = b->unsynced; /* more may come while these are synced */
    g_queue_init(&b->unsynced);
    if (b->plan->journal && !g_queue_is_empty(&written)) {
        sync_journal(b);
    }
    for (BatchSettled *d; (d = g_queue_pop_head(&written));) {
        conclude(b, d);
    }
}

/* A connection goes on before its last message is synced, but not two ahead; and not when somebody
 * is to be tried again, which is for this one to do. */
void batch_settle(BatchWorker *worker, BatchSettled *d)
{
    BatchRun *b = worker->batch;
    d->complete = take_fates(d->work, &d->submission);
    write_down(b, d);
    while (worker->unsynced && bell_wait(&worker->told, NULL)) {
        /* an older ringing */
    }
    worker->unsynced = true;
    g_queue_push_tail(&b->unsynced, d);
    if (d->complete && b->plan->journal && b->telling) {
        bell_ring(&b->bell);
    } else {
        batch_conclude(b);
    }
}
