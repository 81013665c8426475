/* choose.c: take it or leave it. */
#include "fetch/choose.h"

static ChoiceKind oversize(const FetchJob *job)
{
    return job->oversize == FETCH_OVERSIZE_HEADER ? CHOICE_HEADER : CHOICE_OVERSIZE;
}

static ChoiceKind judge(const FetchJob *job, const SourceMessage *m, const StateMessage *row)
{
    bool too_large = job->max_size > 0 && m->size > job->max_size;
    bool only_header = row != NULL && row->what == STATE_HEADER;
    if (row != NULL && job->which != FETCH_ALL && !(only_header && !too_large)) {
        return CHOICE_KNOWN;
    }
    if (m->deleted) {
        return CHOICE_DELETED;
    }
    return too_large ? oversize(job) : CHOICE_FETCH;
}

GArray *choose(const FetchJob *job, const SourceListing *listing, const char *const *ids,
               const Known *known, unsigned left)
{
    GArray *choices = g_array_sized_new(FALSE, FALSE, sizeof(Choice), listing->messages->len);
    for (guint i = 0; i < listing->messages->len; i++) {
        const SourceMessage *m = &g_array_index(listing->messages, SourceMessage, i);
        Choice c = {.message = m, .id = ids != NULL ? ids[i] : NULL};
        c.row = known_find(known, m, c.id);
        c.what = judge(job, m, c.row);
        bool wanted = c.what == CHOICE_FETCH || c.what == CHOICE_HEADER;
        if (wanted && left == 0) {
            c.what = CHOICE_LATER;
        } else if (wanted) {
            left--;
        }
        c.settled = c.what == CHOICE_KNOWN && c.row->what != STATE_HEADER;
        g_array_append_val(choices, c);
    }
    return choices;
}

uint32_t choose_settled(const GArray *choices, const SourceListing *listing, uint32_t before)
{
    /* Servers list in the order of UIDs, but need not. */
    uint32_t highest = before, first_open = UINT32_MAX;
    for (guint i = 0; i < choices->len; i++) {
        const Choice *c = &g_array_index(choices, Choice, i);
        if (!c->settled) {
            first_open = MIN(first_open, c->message->number);
        }
        highest = MAX(highest, c->message->number);
    }
    if (first_open != UINT32_MAX) {
        return MAX(before, MIN(highest, first_open - 1));
    }
    return listing->uid_next > 0 ? MAX(highest, listing->uid_next - 1) : highest;
}
