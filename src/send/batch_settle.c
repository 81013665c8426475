/* batch_settle.c: what became of a message that was handed over: written down, then told, then done
 * with or tried again. */
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

typedef struct {
    const BatchPlan *plan;
    const BatchSettled *settled;
    bool ok;
    GError *error;
} Write;

static void write_now(void *user)
{
    Write *w = user;
    w->ok =
        w->plan->write(w->plan->user, w->settled->work->item, &w->settled->submission, &w->error);
}

static void stop_unwritten(BatchRun *b, GError *error)
{
    error_prefix(&error, "what was sent could not be written down, so nothing more is sent");
    batch_stop(b, error);
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
    if (d->entry.error) {
        stop_unwritten(b, d->entry.error);
    }
    if (d->complete) {
        count_done(b, d->work);
        batch_tell(b, (BatchEvent){d->work->item, BATCH_DONE, d->message, &d->submission, NULL});
        batch_work_free(d->work);
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

void batch_conclude_done(BatchRun *b)
{
    for (ScribeEntry *e; (e = scribe_done(b->scribe));) {
        b->settling--;
        conclude(b, e->user);
    }
}

void batch_tell_settled(void *user)
{
    BatchRun *b = user;
    while ((b->working || b->settling) &&
           io_wait_read(scribe_fd(b->scribe), DEADLINE_NEVER, NULL)) {
        batch_conclude_done(b);
    }
}

/* A connection goes on while its last message is being written down, but not two ahead; and not at
 * all when somebody is to be tried again, which is for this one to do. Suspends. */
static void hand_to_scribe(BatchWorker *worker, BatchSettled *d)
{
    BatchRun *b = worker->batch;
    bool complete = d->complete;
    d->in_gate =
        gate_enter(&worker->unsettled, NULL); /* interrupted: it is written none the less */
    d->entry = (ScribeEntry){{d->work->item->key, &d->submission, complete}, d, NULL};
    b->settling++;
    scribe_take(b->scribe, &d->entry);
    while (!sched_current() && b->settling &&
           io_wait_read(scribe_fd(b->scribe), DEADLINE_NEVER, NULL)) {
        batch_conclude_done(b); /* no tasks could be had: one after the other, then */
    }
    if (!complete && gate_enter(&worker->unsettled, NULL)) {
        gate_leave(&worker->unsettled);
    }
}

void batch_settle(BatchWorker *worker, BatchSettled *d)
{
    BatchRun *b = worker->batch;
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
