/* folder.c: one folder: list, choose, collect, remove, settle. */
#include <string.h>

#include "fetch/identity.h"
#include "fetch/run_inside.h"

/* How long a message that is missing from a POP3 listing is remembered: some servers leave messages
 * out for a while. */
#define GONE_SECONDS (30 * 86400)

bool folder_removes_at_once(const Run *run)
{
    return run->job->after != FETCH_KEEP && run->job->keep_days <= 0;
}

void folder_marker(const Folder *f, const Choice *c, char ret[MAILDIR_MARKER_LENGTH + 1])
{
    identity_marker(f->run->job->key, f->name, f->listing->validity, c->message->number, c->id,
                    f->run->again, ret);
}

StateMessage folder_row(const Choice *c, StateWhat what)
{
    return (StateMessage){.id = c->id,
                          .uid = c->id == NULL ? c->message->number : 0,
                          .what = what,
                          .size = c->message->size,
                          .received = c->message->received,
                          .fetched = g_get_real_time() / G_USEC_PER_SEC};
}

/* --- listing --- */

/* Everything is looked at: by what the state knows, or because it may be news. */
static bool wants_all(const Run *run)
{
    return !run_wants_news_only(run);
}

/* Nothing but news is of interest: no message that is known can be due for anything. */
static bool keeps_all(const Run *run)
{
    const FetchJob *job = run->job;
    return run_wants_news_only(run) && job->which == FETCH_NEW && job->after == FETCH_KEEP &&
           job->keep_days <= 0;
}

static bool list(Folder *f, GError **error)
{
    const Run *run = f->run;
    bool imap = source_is_imap(run->source);
    bool only_new = imap && !wants_all(run);
    const SourceListPlan plan = {
        .folder = imap ? f->name : NULL,
        .read_only = run->mode != FETCH_RUN || run->job->after == FETCH_KEEP,
        .unseen = run->job->which == FETCH_UNSEEN,
        .since = run->job->since,
        .known_validity = f->state.validity,
        .known_uid = f->state.settled,
        .only_new = only_new,
        .ids_only = !wants_all(run),
        .known_digest = keeps_all(run) && !f->state.in_progress ? f->state.digest : NULL,
        .may_skip = run->job->after == FETCH_KEEP && !run->job->idle,
    };
    f->listing = source_list(run->source, &plan, error);
    if (f->listing == NULL) {
        return false;
    }
    if (!imap && !f->listing->unchanged) {
        f->texts = g_string_chunk_new(4096);
        f->ids = identity_pop3(f->listing, f->texts);
        if (!f->listing->has_uidl && f->listing->messages->len > 0) {
            run_warn(run, "%s has no UIDL: messages are told apart by a digest of their header",
                     run_host(run));
        }
    }
    return true;
}

/* --- UIDVALIDITY has changed: UIDs mean something else now --- */

static bool put_recognised(const Folder *f, GHashTable *found, GError **error)
{
    GHashTableIter iter;
    gpointer message, row;
    g_hash_table_iter_init(&iter, found);
    while (g_hash_table_iter_next(&iter, &message, &row)) {
        StateMessage now = *(const StateMessage *)row;
        now.uid = ((const SourceMessage *)message)->number;
        if (!state_message_put(f->run->state, f->state.id, &now, error)) {
            return false;
        }
    }
    return true;
}

static bool write_anew(Folder *f, GHashTable *found, GError **error)
{
    State *state = f->run->state;
    f->state.settled = 0;
    f->state.validity = f->listing->validity;
    bool good = state_begin(state, error) && state_folder_forget(state, f->state.id, error) &&
                put_recognised(f, found, error) && state_folder_write(state, &f->state, error) &&
                state_commit(state, error);
    if (!good) {
        state_rollback(state);
    }
    return good;
}

static bool renumber(Folder *f, GError **error)
{
    g_autoptr(Known) before = known_new(f->run->state, f->state.id, 0, error);
    if (before == NULL) {
        return false;
    }
    g_autoptr(GHashTable) found = known_recognise(before, f->listing);
    run_warn(f->run,
             "the server has numbered %s anew (UIDVALIDITY %u, before %u): of %u messages %u were "
             "recognised by size and date",
             f->name, f->listing->validity, f->state.validity, f->listing->messages->len,
             g_hash_table_size(found));
    return f->run->mode != FETCH_RUN || write_anew(f, found, error);
}

static bool is_renumbered(const Folder *f)
{
    return f->state.validity != 0 && f->listing->validity != 0 &&
           f->state.validity != f->listing->validity;
}

/* --- what the state knows --- */

static bool has_news(const Folder *f)
{
    for (guint i = 0; i < f->choices->len; i++) {
        const Choice *c = &g_array_index(f->choices, Choice, i);
        if (!c->settled) {
            return true;
        }
    }
    return false;
}

/* POP3: where there is news, sizes are asked for after all, and it is judged by them. */
static bool weigh(Folder *f, GError **error)
{
    if (source_is_imap(f->run->source) || wants_all(f->run) || !has_news(f)) {
        return true;
    }
    g_clear_pointer(&f->choices, g_array_unref);
    if (!source_sizes(f->run->source, f->listing, error)) {
        return false;
    }
    f->choices = choose(f->run->job, f->listing, f->ids, f->known, f->run->left);
    return true;
}

static bool know(Folder *f, GError **error)
{
    if (is_renumbered(f) && !renumber(f, error)) {
        return false;
    }
    uint32_t above = source_is_imap(f->run->source) && !wants_all(f->run) ? f->state.settled : 0;
    f->known = known_new(f->run->state, f->state.id, above, error);
    if (f->known == NULL) {
        return false;
    }
    f->choices = choose(f->run->job, f->listing, f->ids, f->known, f->run->left);
    bool good = weigh(f, error);
    g_clear_pointer(&f->ids, g_free); /* the choices have them */
    return good;
}

static void count(Folder *f)
{
    FetchTotals *t = f->run->totals;
    t->listed += f->listing->messages->len;
    for (guint i = 0; i < f->choices->len; i++) {
        const Choice *c = &g_array_index(f->choices, Choice, i);
        if (c->what == CHOICE_FETCH || c->what == CHOICE_HEADER) {
            t->wanted++;
            t->wanted_bytes += c->message->size;
        } else if (c->what == CHOICE_OVERSIZE) {
            t->oversize++;
            run_tell(f->run, (FetchEvent){.kind = FETCH_EVENT_OVERSIZE,
                                          .folder = f->name,
                                          .message = c->message});
        }
    }
    run_tell(f->run, (FetchEvent){.kind = FETCH_EVENT_LISTED, .folder = f->name});
}

/* --- rows of messages that are not there any more --- */

static bool note_gone(const Folder *f, StateMessage *row, bool there, int64_t now, GError **error)
{
    State *state = f->run->state;
    bool old = row->gone > 0 && row->gone < now - GONE_SECONDS;
    if (!there && (row->what == STATE_TO_REMOVE || old)) {
        return state_message_drop(state, f->state.id, row, error);
    }
    row->gone = there ? 0 : now;
    return state_message_put(state, f->state.id, row, error);
}

/* POP3 lists everything each time: what is not in it is gone. */
static bool forget_gone(Folder *f, GError **error)
{
    int64_t now = g_get_real_time() / G_USEC_PER_SEC;
    const StateMessage *first = (const StateMessage *)(void *)f->known->rows->data;
    g_autofree bool *there = g_new0(bool, f->known->rows->len + 1);
    for (guint i = 0; i < f->choices->len; i++) {
        const Choice *c = &g_array_index(f->choices, Choice, i);
        if (c->row != NULL) {
            there[c->row - first] = true;
        }
    }
    bool begun = false;
    for (guint i = 0; i < f->known->rows->len; i++) {
        StateMessage *row = &g_array_index(f->known->rows, StateMessage, i);
        bool here = there[i];
        bool as_noted =
            here ? row->gone == 0 : row->gone > now - GONE_SECONDS && row->what != STATE_TO_REMOVE;
        if (as_noted) {
            continue;
        }
        if ((!begun && !state_begin(f->run->state, error)) ||
            !note_gone(f, row, here, now, error)) {
            if (begun) {
                state_rollback(f->run->state);
            }
            return false;
        }
        begun = true;
    }
    return !begun || state_commit(f->run->state, error);
}

/* --- the run itself --- */

static bool settle(Folder *f, GError **error)
{
    StateFolder now = f->state;
    bool complete = f->run->job->which != FETCH_UNSEEN && f->run->job->since == 0;
    now.validity = f->listing->validity;
    now.modseq = f->listing->modseq > 0 ? f->listing->modseq : f->state.modseq;
    now.in_progress = false;
    if (source_is_imap(f->run->source) && complete) {
        uint32_t before = is_renumbered(f) ? 0 : f->state.settled;
        now.settled = choose_settled(f->choices, f->listing, before);
    }
    bool all = keeps_all(f->run) && !has_news(f);
    g_strlcpy(now.digest, all ? f->listing->digest : "", sizeof now.digest);
    bool same = now.validity == f->state.validity && now.settled == f->state.settled &&
                now.modseq == f->state.modseq && !strcmp(now.digest, f->state.digest) &&
                !f->state.in_progress;
    f->state = now;
    return same || state_folder_write(f->run->state, &now, error);
}

static bool do_run(Folder *f, GError **error)
{
    count(f);
    return folder_collect(f, error) && settle(f, error) && folder_remove(f, error) &&
           (source_is_imap(f->run->source) || forget_gone(f, error));
}

/* The very list of a run that had nothing left to do. */
static bool nothing_to_do(Folder *f)
{
    f->run->totals->listed += f->listing->messages->len;
    run_tell(f->run, (FetchEvent){.kind = FETCH_EVENT_LISTED, .folder = f->name});
    return true;
}

static bool by_mode(Folder *f, GError **error)
{
    switch (f->run->mode) {
    case FETCH_RUN:
        return do_run(f, error);
    case FETCH_DRY:
        count(f);
        folder_dry_run(f);
        return true;
    case FETCH_ADOPT:
        return folder_adopt(f, error) && settle(f, error);
    case FETCH_COMPARE:
        return folder_compare(f, error);
    }
    return false;
}

static void folder_clear(Folder *f)
{
    g_clear_pointer(&f->choices, g_array_unref);
    known_free(f->known);
    g_free(f->ids);
    g_clear_pointer(&f->texts, g_string_chunk_free);
    source_listing_free(f->listing);
    g_clear_pointer(&f->present, g_hash_table_unref);
}

bool folder_do(Run *run, const char *name, GError **error)
{
    Folder f = {.run = run, .name = name};
    bool good = state_folder(run->state, run->account, name, &f.state, error) && list(&f, error) &&
                (f.listing->unchanged ? nothing_to_do(&f) : know(&f, error) && by_mode(&f, error));
    folder_clear(&f);
    return good || error_prefix(error, "%s", name);
}
