/* deliver.c: the table of kinds, and what they have in common. */
#include "deliver/kind.h"

#include <string.h>

#include "base/escape.h"

/* Large enough that most messages are one write. */
#define BUFFER_SIZE (64u * 1024)

/* Tried in this order; the last takes everything. */
static const DeliverKind *const kinds[] = {
    &deliver_stdout, &deliver_program, &deliver_mbox,
    &deliver_lmtp,   &deliver_smtp,    &deliver_maildir,
};

static bool fits(const DeliverKind *kind, const char *to)
{
    if (kind == &deliver_stdout) { /* "-x" would be a directory */
        return g_str_equal(to, "-");
    }
    if (kind == &deliver_smtp) { /* with its other schemes */
        return (g_str_has_prefix(to, "smtp") || g_str_has_prefix(to, "submission")) &&
               strstr(to, "://") != NULL;
    }
    return g_str_has_prefix(to, kind->prefix);
}

static const DeliverKind *kind_of(const DeliverPlan *plan, const char **ret_rest)
{
    const char *to = plan->to != NULL ? plan->to : "~/Maildir";
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        if (fits(kinds[i], to)) {
            *ret_rest = to + strlen(kinds[i]->prefix);
            return kinds[i];
        }
    }
    return NULL;
}

bool deliver_check(const DeliverPlan *plan, GError **error)
{
    const char *rest = NULL;
    const DeliverKind *kind = kind_of(plan, &rest);
    if (*rest == '\0' && !g_str_equal(kind->prefix, "-")) {
        return error_fail(error, POSTERN_ERROR_USAGE, "\"%s\" does not say where mail is to go",
                          plan->to);
    }
    return kind->check == NULL || kind->check(plan, rest, error);
}

Delivery *deliver_open(const DeliverPlan *plan, const char *account, GError **error)
{
    if (!deliver_check(plan, error)) {
        return NULL;
    }
    const char *rest = NULL;
    g_autoptr(Delivery) d = g_new0(Delivery, 1);
    d->plan = plan;
    d->account = account;
    d->kind = kind_of(plan, &rest);
    d->buffer = g_byte_array_new();
    return d->kind->open(d, rest, error) ? g_steal_pointer(&d) : NULL;
}

void deliver_free(Delivery *d)
{
    if (d == NULL) {
        return;
    }
    deliver_drop(d);
    if (d->own != NULL) {
        d->kind->close(d);
    }
    g_byte_array_unref(d->buffer);
    g_free(d);
}

/* --- one message --- */

static bool write_out(Delivery *d, GError **error)
{
    Bytes piece = bytes_of_array(d->buffer);
    bool good = piece.len == 0 || d->kind->write(d, piece, error);
    g_byte_array_set_size(d->buffer, 0);
    return good;
}

static bool put(Delivery *d, Bytes b, GError **error)
{
    if (b.len == 0) {
        return true;
    }
    if (d->buffer->len + b.len > BUFFER_SIZE && !write_out(d, error)) {
        return false;
    }
    if (b.len >= BUFFER_SIZE) {
        return d->kind->write(d, b, error);
    }
    g_byte_array_append(d->buffer, (const guint8 *)b.data, (guint)b.len);
    return true;
}

static bool keeps_crlf(const Delivery *d)
{
    return d->kind->crlf || d->plan->crlf;
}

/* CRLF becomes LF; a CR elsewhere is the message's own. */
static bool put_lines(Delivery *d, Bytes piece, GError **error)
{
    if (d->pending_cr && piece.len > 0) {
        d->pending_cr = false;
        if (piece.data[0] != '\n' && !put(d, BYTES_LITERAL("\r"), error)) {
            return false;
        }
    }
    while (piece.len > 0) {
        const char *cr = memchr(piece.data, '\r', piece.len);
        size_t len = cr != NULL ? (size_t)(cr - piece.data) : piece.len;
        bool last = cr != NULL && len + 1 == piece.len;
        bool own = cr != NULL && !last && cr[1] != '\n';
        d->pending_cr = last;
        if (!put(d, (Bytes){piece.data, len + (own ? 1 : 0)}, error)) {
            return false;
        }
        piece = bytes_sub(piece, cr != NULL ? len + 1 : len, piece.len);
    }
    return true;
}

bool deliver_data(Delivery *d, Bytes piece, GError **error)
{
    return keeps_crlf(d) ? put(d, piece, error) : put_lines(d, piece, error);
}

bool deliver_begin(Delivery *d, const Letter *letter, GError **error)
{
    g_byte_array_set_size(d->buffer, 0);
    d->pending_cr = false;
    if (!d->kind->begin(d, letter, error)) {
        return false;
    }
    d->under_way = true;
    return deliver_data(d, letter->prefix, error);
}

bool deliver_end(Delivery *d, DeliverFate *ret, char **ret_said, GError **error)
{
    *ret_said = NULL;
    bool good = (!d->pending_cr || put(d, BYTES_LITERAL("\r"), error)) && write_out(d, error);
    d->pending_cr = false;
    if (!good) {
        return false;
    }
    d->under_way = false;
    return d->kind->end(d, ret, ret_said, error);
}

void deliver_drop(Delivery *d)
{
    if (d->under_way) {
        d->under_way = false;
        d->kind->drop(d);
    }
}

/* --- batches --- */

struct DeliverBatch {
    const DeliverKind *kind;
    void *held;
};

DeliverBatch *deliver_take_batch(Delivery *d)
{
    void *held = d->kind->holds ? d->kind->take(d) : NULL;
    if (held == NULL) {
        return NULL;
    }
    DeliverBatch *batch = g_new0(DeliverBatch, 1);
    batch->kind = d->kind;
    batch->held = held;
    return batch;
}

bool deliver_batch_commit(DeliverBatch *batch, GError **error)
{
    return batch->kind->commit(batch->held, error);
}

void deliver_batch_free(DeliverBatch *batch)
{
    if (batch != NULL) {
        batch->kind->release(batch->held);
        g_free(batch);
    }
}

/* --- after a crash --- */

GHashTable *deliver_present(Delivery *d, const char *folder, char delimiter, GError **error)
{
    if (d->kind->present == NULL) {
        return NULL;
    }
    g_autoptr(GHashTable) set = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return d->kind->present(d, folder, delimiter, set, error) ? g_steal_pointer(&set) : NULL;
}

unsigned deliver_sweep(Delivery *d, const char *folder, char delimiter)
{
    return d->kind->sweep != NULL ? d->kind->sweep(d, folder, delimiter) : 0;
}
