/* inspect.c: looks without taking: what would be done, what is where, what counts as fetched. */
#include "fetch/run_inside.h"

static void would(const Folder *f, const SourceMessage *message, const char *what)
{
    run_tell(f->run,
             (FetchEvent){
                 .kind = FETCH_EVENT_WOULD, .folder = f->name, .message = message, .text = what});
}

static const char *const words[] = {
    [CHOICE_FETCH] = "fetch",      [CHOICE_HEADER] = "fetch its header",
    [CHOICE_KNOWN] = "known",      [CHOICE_OVERSIZE] = "skip: too large",
    [CHOICE_LATER] = "past limit", [CHOICE_DELETED] = "skip: marked as deleted",
};

static const char *const due_words[] = {
    [FETCH_DELETE] = "known, to be deleted there",
    [FETCH_MOVE] = "known, to be moved there",
    [FETCH_FLAG] = "known, to be flagged there",
};

void folder_dry_run(const Folder *f)
{
    const FetchJob *job = f->run->job;
    for (guint i = 0; i < f->choices->len; i++) {
        const Choice *c = &g_array_index(f->choices, Choice, i);
        would(f, c->message, folder_is_due(job, c) ? due_words[job->after] : words[c->what]);
    }
}

/* --- --adopt --- */

/* Lists of other programs know UIDLs only. */
static bool is_wanted(const FetchJob *job, const Choice *c)
{
    return job->adopt_only == NULL ||
           (c->message->uidl != NULL && g_hash_table_contains(job->adopt_only, c->message->uidl));
}

static bool put_adopted(Folder *f, unsigned *ret_n, GError **error)
{
    for (guint i = 0; i < f->choices->len; i++) {
        Choice *c = &g_array_index(f->choices, Choice, i);
        if (c->row == NULL && !is_wanted(f->run->job, c)) {
            continue;
        }
        if (c->row == NULL) {
            StateMessage row = folder_row(c, STATE_ADOPTED);
            if (!state_message_put(f->run->state, f->state.id, &row, error)) {
                return false;
            }
            (*ret_n)++;
        }
        c->settled = true;
    }
    return true;
}

bool folder_adopt(Folder *f, GError **error)
{
    State *state = f->run->state;
    unsigned n = 0;
    if (!state_begin(state, error)) {
        return false;
    }
    if (!put_adopted(f, &n, error) || !state_commit(state, error)) {
        state_rollback(state);
        return false;
    }
    f->run->totals->listed += f->listing->messages->len;
    f->run->totals->known += n;
    return true;
}

/* --- --compare --- */

static bool is_present(const Folder *f, const Choice *c)
{
    char marker[MAILDIR_MARKER_LENGTH + 1];
    folder_marker(f, c, marker);
    return g_hash_table_contains(f->present, marker);
}

static const char *compare_one(const Folder *f, const Choice *c)
{
    bool here = f->present != NULL && is_present(f, c);
    if (c->row == NULL) {
        return here ? "here, but not known" : "only on the server";
    }
    if (c->row->what == STATE_ADOPTED || f->present == NULL) {
        return NULL;
    }
    return here ? NULL : "fetched, but not here any more";
}

static void tell_only_here(const Folder *f)
{
    g_autoptr(GHashTable) listed = g_hash_table_new(NULL, NULL);
    for (guint i = 0; i < f->choices->len; i++) {
        const Choice *c = &g_array_index(f->choices, Choice, i);
        if (c->row != NULL) {
            g_hash_table_add(listed, c->row);
        }
    }
    for (guint i = 0; i < f->known->rows->len; i++) {
        const StateMessage *row = &g_array_index(f->known->rows, StateMessage, i);
        if (!g_hash_table_contains(listed, row)) {
            const SourceMessage message = {.number = row->uid, .uidl = row->id, .size = row->size};
            would(f, &message, "fetched, and gone from the server");
        }
    }
}

bool folder_compare(Folder *f, GError **error)
{
    g_autoptr(GError) problem = NULL;
    f->present = deliver_present(f->run->delivery, f->name, f->listing->delimiter, &problem);
    if (problem != NULL) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return false;
    }
    f->run->totals->listed += f->listing->messages->len;
    for (guint i = 0; i < f->choices->len; i++) {
        const Choice *c = &g_array_index(f->choices, Choice, i);
        const char *difference = compare_one(f, c);
        f->run->totals->known += c->row != NULL;
        if (difference != NULL) {
            would(f, c->message, difference);
        }
    }
    tell_only_here(f);
    return true;
}
