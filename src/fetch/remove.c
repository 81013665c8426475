/* remove.c: what becomes of messages on the server, once they are safely here and the state says
 * so. What was told to the server is told to the state afterwards; between the two, it is told
 * again, which does no harm. */
#include <string.h>

#include "fetch/run_inside.h"

#define DAY 86400

/* What is due: messages for the server, rows for the state, side by side. */
typedef struct {
    GPtrArray *messages; /* of SourceMessage */
    GArray *rows;        /* of StateMessage */
    GPtrArray *made;     /* SourceMessages that are ours; or NULL */
} Due;

static void due_clear(Due *due)
{
    g_ptr_array_unref(due->messages);
    g_array_unref(due->rows);
    g_ptr_array_unref(due->made);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Due, due_clear)

static Due due_new(void)
{
    return (Due){g_ptr_array_new(), g_array_new(FALSE, FALSE, sizeof(StateMessage)),
                 g_ptr_array_new_with_free_func(g_free)};
}

/* What was fetched before that moment and kept since is due now. */
static int64_t kept_until(const FetchJob *job)
{
    int64_t now = g_get_real_time() / G_USEC_PER_SEC;
    if (job->keep_days > 0) {
        return now - (int64_t)job->keep_days * DAY;
    }
    return job->flush ? now + 1 : 0;
}

bool folder_is_due(const FetchJob *job, const Choice *c)
{
    if (job->after == FETCH_KEEP || c->what != CHOICE_KNOWN) {
        return false;
    }
    bool kept =
        c->row->what == STATE_FETCHED || (c->row->what == STATE_DONE && job->after != FETCH_FLAG);
    return c->row->what == STATE_TO_REMOVE || (kept && c->row->fetched < kept_until(job));
}

/* --- POP3: what is not listed cannot be named --- */

static bool is_due(const FetchJob *job, bool at_once, const Choice *c)
{
    bool fresh = c->settled && (c->row == NULL || c->what == CHOICE_FETCH);
    if (fresh) {
        return at_once;
    }
    return folder_is_due(job, c);
}

static void find_due_listed(const Folder *f, Due *due)
{
    bool at_once = folder_removes_at_once(f->run);
    for (guint i = 0; i < f->choices->len; i++) {
        const Choice *c = &g_array_index(f->choices, Choice, i);
        if (is_due(f->run->job, at_once, c)) {
            StateMessage row = folder_row(c, STATE_TO_REMOVE);
            g_ptr_array_add(due->messages, (gpointer)c->message);
            g_array_append_val(due->rows, row);
        }
    }
}

static void leave_with_quit(Run *run, int64_t folder, const Due *due)
{
    for (guint i = 0; i < due->rows->len; i++) {
        Leaving leaving = {folder, g_array_index(due->rows, StateMessage, i)};
        leaving.row.id = g_strdup(leaving.row.id);
        g_array_append_val(run->leaving, leaving);
    }
}

static bool put_leaving(Run *run, GError **error)
{
    for (guint i = 0; i < run->leaving->len; i++) {
        Leaving *leaving = &g_array_index(run->leaving, Leaving, i);
        leaving->row.gone = g_get_real_time() / G_USEC_PER_SEC;
        if (!state_message_put(run->state, leaving->folder, &leaving->row, error)) {
            return false;
        }
    }
    return true;
}

bool run_removed(Run *run, GError **error)
{
    unsigned n = run->leaving->len;
    if (n == 0) {
        return true;
    }
    bool good = state_begin(run->state, error) && put_leaving(run, error) &&
                state_commit(run->state, error);
    if (!good) {
        state_rollback(run->state);
        return false;
    }
    run->totals->removed += n;
    run_tell(run, (FetchEvent){.kind = FETCH_EVENT_REMOVED, .folder = "INBOX", .count = n});
    return true;
}

/* --- IMAP: by UID, whether it is listed or not --- */

static bool add_rows(const Folder *f, StateWhat what, int64_t before, Due *due, GError **error)
{
    GStringChunk *texts = NULL;
    g_autoptr(GArray) rows =
        state_messages_with(f->run->state, f->state.id, what, before, &texts, error);
    if (rows == NULL) {
        return false;
    }
    for (guint i = 0; i < rows->len; i++) {
        StateMessage row = g_array_index(rows, StateMessage, i);
        SourceMessage *message = g_new0(SourceMessage, 1);
        message->number = row.uid;
        message->size = row.size;
        g_ptr_array_add(due->made, message);
        g_ptr_array_add(due->messages, message);
        g_array_append_val(due->rows, row);
    }
    g_string_chunk_free(texts);
    return true;
}

static bool tell_server(const Folder *f, const Due *due, GError **error)
{
    const FetchJob *job = f->run->job;
    Source *source = f->run->source;
    const SourceMessage *const *messages = (const SourceMessage *const *)due->messages->pdata;
    size_t n = due->messages->len;
    bool only_marked = false;
    switch (job->after) {
    case FETCH_KEEP:
        return true;
    case FETCH_MOVE:
        return source_move(source, messages, n, job->after_argument, error);
    case FETCH_FLAG:
        return source_flag(source, messages, n, job->after_argument, error);
    case FETCH_DELETE:
        break;
    }
    if (!source_delete(source, messages, n, &only_marked, error)) {
        return false;
    }
    if (only_marked) {
        run_warn(f->run,
                 "%s: %zu messages are only marked as deleted: the server has no UIDPLUS, and "
                 "others there are marked too",
                 f->name, n);
    }
    return true;
}

static bool put_done(const Folder *f, const Due *due, GError **error)
{
    State *state = f->run->state;
    for (guint i = 0; i < due->rows->len; i++) {
        StateMessage *row = &g_array_index(due->rows, StateMessage, i);
        row->what = STATE_DONE;
        bool good = f->run->job->after == FETCH_FLAG
                        ? state_message_put(state, f->state.id, row, error)
                        : state_message_drop(state, f->state.id, row, error);
        if (!good) {
            return false;
        }
    }
    return true;
}

static bool tell_state(const Folder *f, const Due *due, GError **error)
{
    State *state = f->run->state;
    bool good = state_begin(state, error) && put_done(f, due, error) && state_commit(state, error);
    if (!good) {
        state_rollback(state);
    }
    return good;
}

static bool remove_by_uid(Folder *f, GError **error)
{
    g_auto(Due) due = due_new();
    int64_t until = kept_until(f->run->job);
    /* What was flagged once may go away later; flagging it again would be for nothing. */
    bool flagged_too = f->run->job->after != FETCH_FLAG;
    if (!add_rows(f, STATE_TO_REMOVE, INT64_MAX, &due, error) ||
        (until > 0 && !add_rows(f, STATE_FETCHED, until, &due, error)) ||
        (until > 0 && flagged_too && !add_rows(f, STATE_DONE, until, &due, error))) {
        return false;
    }
    if (due.messages->len == 0) {
        return true;
    }
    if (!tell_server(f, &due, error) || !tell_state(f, &due, error)) {
        return false;
    }
    f->run->totals->removed += due.messages->len;
    run_tell(
        f->run,
        (FetchEvent){.kind = FETCH_EVENT_REMOVED, .folder = f->name, .count = due.messages->len});
    return true;
}

bool folder_remove(Folder *f, GError **error)
{
    if (f->run->job->after == FETCH_KEEP) {
        return true;
    }
    if (source_is_imap(f->run->source)) {
        return remove_by_uid(f, error);
    }
    g_auto(Due) due = due_new();
    find_due_listed(f, &due);
    if (!tell_server(f, &due, error)) {
        return false;
    }
    leave_with_quit(f->run, f->state.id, &due);
    return true;
}
