/* mbox.c: messages behind each other in one file (mboxrd: lines that begin with any number of ">"
 * and "From " get one more ">"). What is under way is written to a spool beside the file; a batch
 * goes from there into the file, see mbox_append.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "deliver/kind.h"
#include "deliver/mbox_append.h"
#include "deliver/sender.h"
#include "store/durable.h"

typedef struct {
    MboxPlace *place;
    MboxSpool *spool; /* what is held and what is under way, or NULL */
    off_t length;     /* of the whole messages in it */
    char *marker;     /* of the message under way */
    bool started;     /* its From line is written */
    GByteArray *line; /* the beginning of a line of which it is not clear yet what it is */
    bool line_start;
    bool ends_line; /* the last octet was a line end */
} Own;

static bool fail(const Own *own, GError **error)
{
    bool full = errno == ENOSPC || errno == EDQUOT;
    return error_fail(error, full ? POSTERN_ERROR_TEMPFAIL : POSTERN_ERROR_IO,
                      "cannot write beside %s: %s", own->place->path, g_strerror(errno));
}

/* --- the spool --- */

static bool put(Own *own, Bytes b, GError **error)
{
    return durable_write_all(own->spool->fd, b.data, b.len) || fail(own, error);
}

static bool start(Own *own, Bytes first, GError **error)
{
    g_autofree char *sender = deliver_sender(first);
    time_t now = time(NULL);
    struct tm tm;
    char when[40];
    gmtime_r(&now, &tm);
    asctime_r(&tm, when); /* English whatever the locale; with its line end */
    g_autofree char *line =
        g_strdup_printf("From %s %s", *sender != '\0' ? sender : "MAILER-DAEMON", when);
    own->started = true;
    own->line_start = true;
    own->ends_line = true;
    return put(own, bytes_of(line), error);
}

/* ">", any number of them, and "From ". *ret_known is false while more of the line is needed. */
static bool is_from_line(Bytes line, bool *ret_known)
{
    size_t i = 0;
    while (i < line.len && line.data[i] == '>') {
        i++;
    }
    size_t have = MIN(line.len - i, 5);
    bool fits = memcmp(line.data + i, "From ", have) == 0;
    *ret_known = !fits || have == 5;
    return fits && have == 5;
}

/* Writes the pieces of one line; `piece` has no line end but at its end. */
static bool put_in_line(Own *own, Bytes piece, GError **error)
{
    if (!own->line_start) {
        return put(own, piece, error);
    }
    bool known = false;
    g_byte_array_append(own->line, (const guint8 *)piece.data, (guint)piece.len);
    bool from = is_from_line(bytes_of_array(own->line), &known);
    bool over = own->line->len > 0 && own->line->data[own->line->len - 1] == '\n';
    if (!known && !over) {
        return true;
    }
    own->line_start = false;
    bool good = (!from || put(own, BYTES_LITERAL(">"), error)) &&
                put(own, bytes_of_array(own->line), error);
    g_byte_array_set_size(own->line, 0);
    return good;
}

/* A stretch of lines none of which needs a ">": found by looking for "From " only. */
static size_t plain_stretch(Bytes text)
{
    const char *at = text.data;
    const char *end = text.data + text.len;
    while ((at = memmem(at, (size_t)(end - at), "From ", 5)) != NULL) {
        const char *start = at;
        while (start > text.data && start[-1] == '>') {
            start--;
        }
        if (start == text.data || start[-1] == '\n') {
            return (size_t)(start - text.data);
        }
        at += 5;
    }
    const char *last = memrchr(text.data, '\n', text.len);
    return last != NULL ? (size_t)(last + 1 - text.data) : 0;
}

static bool put_text(Own *own, Bytes piece, GError **error)
{
    while (piece.len > 0) {
        size_t plain = own->line_start && own->line->len == 0 ? plain_stretch(piece) : 0;
        if (plain > 0) {
            if (!put(own, bytes_sub(piece, 0, plain), error)) {
                return false;
            }
            piece = bytes_sub(piece, plain, piece.len);
            continue;
        }
        gssize nl = bytes_index(piece, '\n');
        size_t len = nl < 0 ? piece.len : (size_t)nl + 1;
        if (!put_in_line(own, bytes_sub(piece, 0, len), error)) {
            return false;
        }
        own->line_start = own->line_start || nl >= 0;
        piece = bytes_sub(piece, len, piece.len);
    }
    return true;
}

/* --- one message --- */

static bool open_target(Delivery *d, const char *rest, GError **error)
{
    g_autofree char *path = g_str_has_prefix(rest, "~/")
                                ? g_build_filename(g_get_home_dir(), rest + 2, NULL)
                                : g_strdup(rest);
    Own *own = g_new0(Own, 1);
    own->place = mbox_place_new(path, d->account);
    own->line = g_byte_array_new();
    d->own = own;
    return mbox_recover(own->place, error);
}

static bool begin(Delivery *d, const Letter *letter, GError **error)
{
    Own *own = d->own;
    if (own->spool == NULL) {
        own->spool = mbox_spool_new(own->place, error);
        own->length = 0;
    }
    g_free(own->marker);
    own->marker = g_strdup(letter->marker);
    own->started = false;
    g_byte_array_set_size(own->line, 0);
    return own->spool != NULL;
}

static bool write_piece(Delivery *d, Bytes piece, GError **error)
{
    Own *own = d->own;
    if (!own->started && !start(own, piece, error)) {
        return false;
    }
    own->ends_line = piece.len > 0 ? piece.data[piece.len - 1] == '\n' : own->ends_line;
    return put_text(own, piece, error);
}

static bool end(Delivery *d, DeliverFate *ret, char **ret_said, GError **error)
{
    (void)ret_said;
    Own *own = d->own;
    own->line_start = false;
    bool good = (own->started || start(own, BYTES_NONE, error)) &&
                put(own, bytes_of_array(own->line), error) &&
                put(own, own->ends_line ? BYTES_LITERAL("\n") : BYTES_LITERAL("\n\n"), error);
    g_byte_array_set_size(own->line, 0);
    if (!good) {
        return false;
    }
    own->length = lseek(own->spool->fd, 0, SEEK_CUR);
    g_string_append_printf(own->spool->markers, "%s\n", own->marker);
    *ret = DELIVER_HELD;
    return true;
}

static void drop(Delivery *d)
{
    Own *own = d->own;
    g_byte_array_set_size(own->line, 0);
    if (own->spool != NULL && (ftruncate(own->spool->fd, own->length) != 0 ||
                               lseek(own->spool->fd, own->length, SEEK_SET) != own->length)) {
        g_clear_pointer(&own->spool, mbox_spool_free); /* never half a message: rather none */
    }
}

/* --- batches --- */

static void *take(Delivery *d)
{
    Own *own = d->own;
    bool any = own->spool != NULL && own->spool->markers->len > 0;
    return any ? g_steal_pointer(&own->spool) : NULL;
}

static bool commit(void *user, GError **error)
{
    return mbox_append(user, error);
}

static void release(void *user)
{
    mbox_spool_free(user);
}

static void close_target(Delivery *d)
{
    Own *own = d->own;
    mbox_spool_free(own->spool);
    mbox_place_unref(own->place);
    g_byte_array_unref(own->line);
    g_free(own->marker);
    g_free(own);
}

static bool present(Delivery *d, const char *folder, char delimiter, GHashTable *set,
                    GError **error)
{
    (void)folder, (void)delimiter, (void)error;
    const Own *own = d->own;
    mbox_markers(own->place, set);
    return true;
}

static unsigned sweep(Delivery *d, const char *folder, char delimiter)
{
    (void)folder, (void)delimiter;
    const Own *own = d->own;
    return mbox_sweep(own->place);
}

const DeliverKind deliver_mbox = {
    .prefix = "mbox:",
    .open = open_target,
    .close = close_target,
    DELIVER_ONE,
    DELIVER_HOLDS,
};
