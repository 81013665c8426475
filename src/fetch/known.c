/* known.c: tables over rows of the state. */
#include "fetch/known.h"

#include "fetch/identity.h"

static void index_rows(Known *known)
{
    for (guint i = 0; i < known->rows->len; i++) {
        StateMessage *row = &g_array_index(known->rows, StateMessage, i);
        if (row->id != NULL) {
            g_hash_table_insert(known->by_id, (gpointer)row->id, row);
        } else {
            g_hash_table_insert(known->by_uid, GUINT_TO_POINTER(row->uid), row);
        }
    }
}

Known *known_new(State *state, int64_t folder, uint32_t above, GError **error)
{
    GStringChunk *texts = NULL;
    GArray *rows = state_messages(state, folder, above, &texts, error);
    if (rows == NULL) {
        return NULL;
    }
    Known *known = g_new0(Known, 1);
    known->rows = rows;
    known->texts = texts;
    known->by_id = g_hash_table_new(g_str_hash, g_str_equal);
    known->by_uid = g_hash_table_new(NULL, NULL);
    index_rows(known);
    return known;
}

void known_free(Known *known)
{
    if (known != NULL) {
        g_hash_table_unref(known->by_id);
        g_hash_table_unref(known->by_uid);
        g_array_unref(known->rows);
        g_string_chunk_free(known->texts);
        g_free(known);
    }
}

/* It had its UIDL for itself when it was fetched, and shares it now. */
static StateMessage *find_alone(const Known *known, const char *id)
{
    uint64_t size = 0;
    g_autofree char *alone = identity_alone(id, &size);
    StateMessage *row = alone != NULL ? g_hash_table_lookup(known->by_id, alone) : NULL;
    return row != NULL && (row->size == size || row->size == 0) ? row : NULL;
}

StateMessage *known_find(const Known *known, const SourceMessage *message, const char *id)
{
    if (id == NULL) {
        return g_hash_table_lookup(known->by_uid, GUINT_TO_POINTER(message->number));
    }
    StateMessage *row = g_hash_table_lookup(known->by_id, id);
    return row != NULL || !message->ambiguous ? row : find_alone(known, id);
}

/* --- after UIDVALIDITY has changed --- */

static char *likeness(uint64_t size, int64_t received)
{
    return g_strdup_printf("%" G_GUINT64_FORMAT "/%" G_GINT64_FORMAT, size, received);
}

static void push_row(GHashTable *rows, StateMessage *row)
{
    g_autofree char *like = likeness(row->size, row->received);
    GQueue *queue = g_hash_table_lookup(rows, like);
    if (queue == NULL) {
        queue = g_queue_new();
        g_hash_table_insert(rows, g_steal_pointer(&like), queue);
    }
    g_queue_push_tail(queue, row);
}

GHashTable *known_recognise(const Known *known, const SourceListing *listing)
{
    g_autoptr(GHashTable) rows =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_queue_free);
    GHashTable *found = g_hash_table_new(NULL, NULL);
    for (guint i = 0; i < known->rows->len; i++) {
        StateMessage *row = &g_array_index(known->rows, StateMessage, i);
        if (row->size > 0 && row->received > 0) {
            push_row(rows, row);
        }
    }
    for (guint i = 0; i < listing->messages->len; i++) {
        SourceMessage *m = &g_array_index(listing->messages, SourceMessage, i);
        g_autofree char *like = likeness(m->size, m->received);
        GQueue *queue = g_hash_table_lookup(rows, like);
        if (queue != NULL && !g_queue_is_empty(queue)) {
            g_hash_table_insert(found, m, g_queue_pop_head(queue));
        }
    }
    return found;
}
