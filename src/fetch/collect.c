/* collect.c: messages come in, batches go out. While one batch is made durable on a thread, the
 * next one is downloaded; the state is committed only after the batch was. */
#include <string.h>

#include "fetch/received.h"
#include "fetch/run_inside.h"
#include "io/thread.h"

#define BATCH_MESSAGES 512
#define BATCH_BYTES (32u * 1024 * 1024)
/* So many refusals in a row: the target takes nothing at all. */
#define PATIENCE 5

/* A batch on its way to the disk. */
typedef struct {
    DeliverBatch *batch;
    GPtrArray *choices; /* of Choice: what is in it */
    uint64_t bytes;
    ThreadJob *thread;
    GError *error;
    bool done;
} Flight;

typedef struct {
    Folder *folder;
    Choice *current;
    uint64_t octets;
    GPtrArray *held; /* of Choice: what is in the batch being filled */
    uint64_t held_bytes;
    Flight *flight; /* or NULL */
    unsigned refusals;
    bool failed; /* delivering or writing down has failed: what is held is not to be settled */
} Collector;

/* --- settling --- */

static StateWhat what_for(const Folder *f, const Choice *c)
{
    if (c->what == CHOICE_HEADER) {
        return STATE_HEADER;
    }
    return folder_removes_at_once(f->run) ? STATE_TO_REMOVE : STATE_FETCHED;
}

static bool put_rows(const Folder *f, GPtrArray *choices, GError **error)
{
    for (guint i = 0; i < choices->len; i++) {
        const Choice *c = g_ptr_array_index(choices, i);
        StateMessage row = folder_row(c, what_for(f, c));
        if (!state_message_put(f->run->state, f->state.id, &row, error)) {
            return false;
        }
    }
    return true;
}

/* These are safely here. */
static bool write_down(const Folder *f, GPtrArray *choices, uint64_t bytes, GError **error)
{
    State *state = f->run->state;
    bool good = state_begin(state, error) && put_rows(f, choices, error);
    good = good && state_commit(state, error);
    if (!good) {
        state_rollback(state);
        return false;
    }
    for (guint i = 0; i < choices->len; i++) {
        Choice *c = g_ptr_array_index(choices, i);
        c->settled = c->what != CHOICE_HEADER;
    }
    f->run->totals->fetched += choices->len;
    f->run->totals->bytes += bytes;
    run_tell(f->run,
             (FetchEvent){.kind = FETCH_EVENT_SETTLED, .folder = f->name, .count = choices->len});
    return true;
}

static void fly(void *user)
{
    Flight *flight = user;
    flight->done = deliver_batch_commit(flight->batch, &flight->error);
}

/* Waits for the batch that is under way, and writes it down. */
static bool land(Collector *c, GError **error)
{
    Flight *flight = g_steal_pointer(&c->flight);
    if (flight == NULL) {
        return true;
    }
    thread_join(flight->thread);
    bool good = flight->done;
    if (!good) {
        g_propagate_error(error, g_steal_pointer(&flight->error));
    }
    good = good && write_down(c->folder, flight->choices, flight->bytes, error);
    c->failed = c->failed || !good;
    deliver_batch_free(flight->batch);
    g_ptr_array_unref(flight->choices);
    g_free(flight);
    return good;
}

/* Sends off what is held; the batch before has landed then. */
static bool send_off(Collector *c, GError **error)
{
    if (!land(c, error)) {
        return false;
    }
    DeliverBatch *batch = deliver_take_batch(c->folder->run->delivery);
    if (batch == NULL) {
        return true;
    }
    Flight *flight = g_new0(Flight, 1);
    flight->batch = batch;
    flight->choices = g_steal_pointer(&c->held);
    flight->bytes = c->held_bytes;
    c->held = g_ptr_array_new();
    c->held_bytes = 0;
    c->flight = flight;
    flight->thread = thread_start("batch", fly, flight, NULL);
    if (flight->thread == NULL) {
        fly(flight); /* without a thread it takes longer, no more */
    }
    return true;
}

/* --- the sink --- */

static Choice *choice_of(const Folder *f, const SourceMessage *message)
{
    const SourceMessage *first = (const SourceMessage *)(void *)f->listing->messages->data;
    return &g_array_index(f->choices, Choice, message - first);
}

static char *header_for(const Folder *f, const char *marker)
{
    const Run *run = f->run;
    const Session *s = run->session;
    const ReceivedFacts facts = {.host = run_host(run),
                                 .address = s->dialled.address,
                                 .user = run->job->plan->credentials.user,
                                 .proto = s->proto->title,
                                 .encrypted = wire_encrypted(s->wire),
                                 .local = run->local,
                                 .marker = marker,
                                 .when = g_get_real_time() / G_USEC_PER_SEC};
    return received_header(&facts);
}

/* As a Maildir's name has them; in the order of the alphabet. */
static const char *flags_of(const SourceMessage *m, char ret[5])
{
    char *at = ret;
    *at = 'D';
    at += m->draft;
    *at = 'F';
    at += m->flagged;
    *at = 'R';
    at += m->answered;
    *at = 'S';
    at += m->seen;
    *at = '\0';
    return ret;
}

static bool begin(void *user, const SourceMessage *message, GError **error)
{
    Collector *c = user;
    const Folder *f = c->folder;
    char marker[MAILDIR_MARKER_LENGTH + 1], flags[5];
    c->current = choice_of(f, message);
    c->octets = 0;
    folder_marker(f, c->current, marker);
    g_autofree char *header = f->run->job->deliver.invisible ? NULL : header_for(f, marker);
    const Letter letter = {.marker = marker,
                           .folder = f->name,
                           .delimiter = f->listing->delimiter,
                           .received = message->received,
                           .flags = flags_of(message, flags),
                           .prefix = bytes_of(header)};
    bool good = deliver_begin(f->run->delivery, &letter, error);
    c->failed = c->failed || !good;
    return good;
}

static bool data(void *user, Bytes piece, GError **error)
{
    Collector *c = user;
    c->octets += piece.len;
    bool good = deliver_data(c->folder->run->delivery, piece, error);
    c->failed = c->failed || !good;
    run_tell(c->folder->run, (FetchEvent){.kind = FETCH_EVENT_BYTES, .bytes = piece.len});
    return good;
}

static bool not_taken(Collector *c, const SourceMessage *message, const char *said, GError **error)
{
    Run *run = c->folder->run;
    run->totals->kept_back++;
    run_tell(run, (FetchEvent){.kind = FETCH_EVENT_KEPT_BACK,
                               .folder = c->folder->name,
                               .message = message,
                               .text = said});
    return ++c->refusals < PATIENCE ||
           error_fail(error, POSTERN_ERROR_TEMPFAIL,
                      "%u messages in a row were not taken: %s; all stay on the server",
                      c->refusals, said != NULL ? said : "no reason was given");
}

static bool taken(Collector *c, const SourceMessage *message, bool held, GError **error)
{
    c->refusals = 0;
    run_tell(c->folder->run,
             (FetchEvent){.kind = FETCH_EVENT_MESSAGE,
                          .folder = c->folder->name,
                          .message = message,
                          .text = c->current->what == CHOICE_HEADER ? "its header" : NULL,
                          .bytes = c->octets});
    g_ptr_array_add(c->held, c->current);
    c->held_bytes += c->octets;
    if (!held) { /* the target has it: no later failure must have it delivered again */
        bool good = write_down(c->folder, c->held, c->held_bytes, error);
        g_ptr_array_set_size(c->held, 0);
        c->held_bytes = 0;
        c->failed = c->failed || !good;
        return good;
    }
    bool full = c->held->len >= BATCH_MESSAGES || c->held_bytes >= BATCH_BYTES;
    return !full || send_off(c, error);
}

static bool end_complete(Collector *c, const SourceMessage *message, GError **error)
{
    DeliverFate fate = DELIVER_LATER;
    g_autofree char *said = NULL;
    if (!deliver_end(c->folder->run->delivery, &fate, &said, error)) {
        c->failed = true;
        return false;
    }
    bool held = fate == DELIVER_HELD;
    return held || fate == DELIVER_DONE ? taken(c, message, held, error)
                                        : not_taken(c, message, said, error);
}

static bool end(void *user, const SourceMessage *message, SourceEnd how, const char *said,
                GError **error)
{
    Collector *c = user;
    Run *run = c->folder->run;
    if (how == SOURCE_COMPLETE) {
        return end_complete(c, message, error);
    }
    deliver_drop(run->delivery);
    run->totals->gone++;
    choice_of(c->folder, message)->settled = how == SOURCE_GONE;
    run_tell(run, (FetchEvent){.kind = FETCH_EVENT_GONE,
                               .folder = c->folder->name,
                               .message = message,
                               .text = said});
    return true;
}

/* --- all that was chosen --- */

/* What is in the target already, because a run was killed between renaming and writing down. */
static bool search_target(Folder *f, GError **error)
{
    g_autoptr(GError) problem = NULL;
    bool imap = source_is_imap(f->run->source);
    bool first = imap ? f->state.validity == 0 : f->known->rows->len == 0;
    if (!f->state.in_progress && !first) {
        return true;
    }
    deliver_sweep(f->run->delivery, f->name, f->listing->delimiter);
    f->present = deliver_present(f->run->delivery, f->name, f->listing->delimiter, &problem);
    if (problem != NULL) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return false;
    }
    return true;
}

static bool write_down_present(Folder *f, GError **error)
{
    g_autoptr(GPtrArray) found = g_ptr_array_new();
    for (guint i = 0; f->present != NULL && i < f->choices->len; i++) {
        Choice *c = &g_array_index(f->choices, Choice, i);
        char marker[MAILDIR_MARKER_LENGTH + 1];
        if (c->what != CHOICE_FETCH) {
            continue;
        }
        folder_marker(f, c, marker);
        if (g_hash_table_contains(f->present, marker)) {
            c->what = CHOICE_KNOWN;
            g_ptr_array_add(found, c);
        }
    }
    if (found->len == 0) {
        return true;
    }
    unsigned before = f->run->totals->fetched;
    bool good = write_down(f, found, 0, error);
    f->run->totals->known += f->run->totals->fetched - before;
    f->run->totals->fetched = before;
    return good;
}

/* The next run looks into the target, unless this one comes to its end. */
static bool begin_progress(Folder *f, GError **error)
{
    f->state.in_progress = true;
    f->state.validity = f->listing->validity;
    return state_folder_write(f->run->state, &f->state, error);
}

static GPtrArray *chosen(const Folder *f, ChoiceKind what)
{
    GPtrArray *messages = g_ptr_array_new();
    for (guint i = 0; i < f->choices->len; i++) {
        const Choice *c = &g_array_index(f->choices, Choice, i);
        if (c->what == what) {
            g_ptr_array_add(messages, (gpointer)c->message);
        }
    }
    return messages;
}

static bool fetch(Collector *c, ChoiceKind what, GError **error)
{
    Run *run = c->folder->run;
    const SourceFetchPlan plan = {.header_only = what == CHOICE_HEADER};
    const SourceSink sink = {.begin = begin, .data = data, .end = end, .user = c};
    g_autoptr(GPtrArray) messages = chosen(c->folder, what);
    run->left -= MIN(messages->len, run->left);
    return source_fetch(run->source, (const SourceMessage *const *)messages->pdata, messages->len,
                        &plan, &sink, error);
}

/* What has come is settled even if the connection broke; but not if the disk did. */
static bool finish(Collector *c, bool good, GError **error)
{
    deliver_drop(c->folder->run->delivery);
    if (c->failed) {
        land(c, NULL);
        deliver_batch_free(deliver_take_batch(c->folder->run->delivery));
        return false;
    }
    GError **why = good ? error : NULL;
    return send_off(c, why) && land(c, why) && good;
}

static bool anything_chosen(const Folder *f)
{
    for (guint i = 0; i < f->choices->len; i++) {
        ChoiceKind what = g_array_index(f->choices, Choice, i).what;
        if (what == CHOICE_FETCH || what == CHOICE_HEADER) {
            return true;
        }
    }
    return false;
}

bool folder_collect(Folder *f, GError **error)
{
    if (!anything_chosen(f)) {
        return true;
    }
    if (!search_target(f, error) || !write_down_present(f, error)) {
        return false;
    }
    if (!anything_chosen(f)) {
        return true;
    }
    if (!begin_progress(f, error)) {
        return false;
    }
    Collector c = {.folder = f, .held = g_ptr_array_new()};
    bool good = fetch(&c, CHOICE_FETCH, error) && fetch(&c, CHOICE_HEADER, error);
    good = finish(&c, good, error);
    g_ptr_array_unref(c.held);
    return good;
}
