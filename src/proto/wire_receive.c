/* wire_receive.c: what comes in: a buffer with a cap, and lines, pieces and counted octets out of
 * it. */
#include "proto/wire_inside.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "base/escape.h"

enum { READ_CHUNK = 16 * 1024, COMPACT_AT = 32 * 1024 };

/* --- the buffer --- */

Bytes wire_buffer(const Wire *w)
{
    return bytes_sub(bytes_of_array(w->in), w->start, w->in->len - w->start);
}

/* Drops what was handed out before: only a new read call may do so, the last line being borrowed
 * until then. What is left is moved once in a while only: a list of 100,000 lines is read as
 * quickly as one of ten. */
void wire_compact(Wire *w)
{
    if (w->start == w->in->len) {
        g_byte_array_set_size(w->in, 0);
        w->start = 0;
    } else if (w->start >= COMPACT_AT) {
        g_byte_array_remove_range(w->in, 0, (guint)w->start);
        w->start = 0;
    }
}

static Bytes take(Wire *w, size_t len)
{
    Bytes taken = bytes_sub(wire_buffer(w), 0, len);
    w->start += taken.len;
    w->scanned = 0;
    return taken;
}

/* Room for one more read at the end of the buffer; settle() gives back what the read did not use.
 */
static uint8_t *make_room(Wire *w)
{
    guint len = w->in->len;
    g_byte_array_set_size(w->in, len + READ_CHUNK);
    return w->in->data + len;
}

static void settle(Wire *w, size_t got)
{
    g_byte_array_set_size(w->in, w->in->len - READ_CHUNK + (guint)got);
    w->bytes_in += got;
}

/* Says what a wait that timed out was for; other errors stay as they are. */
static bool explain_failure(Wire *w, GError *cause, GError **error)
{
    if (!g_error_matches(cause, POSTERN_ERROR, POSTERN_ERROR_TIMEOUT)) {
        g_propagate_error(error, cause);
        return false;
    }
    g_error_free(cause);
    if (wire_buffer(w).len) {
        return error_fail(error, POSTERN_ERROR_TIMEOUT,
                          "timed out after %g s waiting for %s: %zu octets came, but not all of it",
                          w->timeout, wire_awaited(w), wire_buffer(w).len);
    }
    return error_fail(error, POSTERN_ERROR_TIMEOUT, "timed out after %g s waiting for %s",
                      w->timeout, wire_awaited(w));
}

/* Reads what comes next; at the end of the stream w->eof is set. Suspends. */
static bool fill(Wire *w, Deadline deadline, GError **error)
{
    if (!w->stream) {
        return wire_gone(error);
    }
    if (w->eof) {
        return true;
    }
    if (w->held && !wire_release(w, error)) { /* what is waited for may be the answer to it */
        return false;
    }
    size_t got = 0;
    GError *cause = NULL;
    bool ok = stream_read(w->stream, make_room(w), READ_CHUNK, &got, deadline, &cause);
    settle(w, got);
    if (!ok) {
        return explain_failure(w, cause, error);
    }
    w->eof = got == 0;
    return true;
}

/* The same for what can be had without waiting; *got is 0 when there is nothing or the end. */
bool wire_fill_now(Wire *w, size_t *got, GError **error)
{
    *got = 0;
    if (!w->stream) {
        return wire_gone(error);
    }
    if (w->eof) {
        return true;
    }
    bool ok = stream_read_now(w->stream, make_room(w), READ_CHUNK, got, &w->eof, error);
    settle(w, *got);
    return ok;
}

/* --- lines, pieces, octets --- */

static void tell_closed(Wire *w)
{
    if (!w->told_closed) {
        w->told_closed = true;
        wire_note(w, WIRE_CLOSED, "the server closed the connection");
    }
}

/* The octets up to and with the next `end`, or 0 when there is none yet. */
static size_t length_to(Wire *w, char end)
{
    Bytes all = wire_buffer(w);
    if (all.len <= w->scanned) {
        return 0;
    }
    const char *found = memchr(all.data + w->scanned, end, all.len - w->scanned);
    if (!found) {
        w->scanned = all.len;
        return 0;
    }
    return (size_t)(found - all.data) + 1;
}

static Bytes take_line(Wire *w, size_t len)
{
    w->last_raw = take(w, len);
    Bytes line = w->last_raw;
    if (line.len && line.data[line.len - 1] == '\n') {
        line.len--;
        if (line.len && line.data[line.len - 1] == '\r') {
            line.len--;
        }
    }
    wire_tell(w, (WireEvent){.kind = WIRE_RECEIVED, .text = line, .raw = w->last_raw});
    return line;
}

static bool too_long(Wire *w, size_t len, GError **error)
{
    return len <= w->max_line ||
           error_fail(error, POSTERN_ERROR_LIMIT,
                      "the server sent a line of more than %zu octets (waiting for %s)",
                      w->max_line, wire_awaited(w));
}

bool wire_closed(Wire *w, GError **error)
{
    tell_closed(w);
    if (!wire_buffer(w).len) {
        return error_fail(error, POSTERN_ERROR_EOF,
                          "the server closed the connection while we waited for %s",
                          wire_awaited(w));
    }
    g_autofree char *shown = escape_line_max(wire_buffer(w), WIRE_SHOWN_MAX);
    return error_fail(error, POSTERN_ERROR_EOF,
                      "the server closed the connection in the middle of a line (\"%s\") while we "
                      "waited for %s",
                      shown, wire_awaited(w));
}

/* Waits until `end` has come; *len is what lies up to and with it. Suspends. */
static bool wait_for(Wire *w, char end, size_t *len, GError **error)
{
    /* One deadline for the whole of it: a peer that dribbles gets no more time than one that is
     * silent. */
    Deadline deadline = wire_next_deadline(w);
    while (!(*len = length_to(w, end))) {
        if (!too_long(w, wire_buffer(w).len, error) || !fill(w, deadline, error)) {
            return false;
        }
        if (w->eof) {
            return wire_closed(w, error);
        }
    }
    return too_long(w, *len, error);
}

bool wire_line(Wire *w, Bytes *line, GError **error)
{
    size_t len;
    wire_compact(w);
    if (!wait_for(w, '\n', &len, error)) {
        return false;
    }
    *line = take_line(w, len);
    return true;
}

Bytes wire_last_raw(const Wire *w)
{
    return w->last_raw;
}

bool wire_line_now(Wire *w, Bytes *line, bool *got, bool *eof, GError **error)
{
    *line = BYTES_NONE;
    *got = *eof = false;
    wire_compact(w);
    size_t len, more = 1;
    while (!(len = length_to(w, '\n')) && more) {
        if (!too_long(w, wire_buffer(w).len, error) || !wire_fill_now(w, &more, error)) {
            return false;
        }
    }
    if (!len && w->eof) {
        len = wire_buffer(w).len; /* an unfinished last line is shown too */
    }
    if (!too_long(w, len, error)) {
        return false;
    }
    if (len) {
        *got = true;
        *line = take_line(w, len);
    } else if (w->eof) {
        *eof = true;
        tell_closed(w);
    }
    return true;
}

static Bytes take_piece(Wire *w, size_t max)
{
    Bytes piece = take(w, MIN(max, wire_buffer(w).len));
    if (piece.len) {
        wire_tell(w, (WireEvent){.kind = WIRE_PAYLOAD_RECEIVED, .text = piece});
    }
    return piece;
}

bool wire_until(Wire *w, char end, Bytes *piece, GError **error)
{
    size_t len;
    wire_compact(w);
    w->scanned = 0; /* it was for line ends */
    if (!wait_for(w, end, &len, error)) {
        return false;
    }
    *piece = take_piece(w, len);
    return true;
}

bool wire_some(Wire *w, Bytes *piece, GError **error)
{
    wire_compact(w);
    if (!wire_buffer(w).len && !fill(w, wire_next_deadline(w), error)) {
        return false;
    }
    *piece = take_piece(w, WIRE_PIECE_MAX);
    if (!piece->len) {
        tell_closed(w);
    }
    return true;
}

bool wire_some_now(Wire *w, Bytes *piece, bool *eof, GError **error)
{
    size_t got = 0;
    *eof = false;
    wire_compact(w);
    if (!wire_buffer(w).len && !wire_fill_now(w, &got, error)) {
        return false;
    }
    *piece = take_piece(w, WIRE_PIECE_MAX);
    if (!piece->len && w->eof) {
        *eof = true;
        tell_closed(w);
    }
    return true;
}

bool wire_peek(Wire *w, Bytes *there, GError **error)
{
    wire_compact(w);
    if (!wire_buffer(w).len && !fill(w, wire_next_deadline(w), error)) {
        return false;
    }
    *there = wire_buffer(w);
    return there->len || wire_closed(w, error);
}

bool wire_poll(Wire *w, bool *ret_there, GError **error)
{
    size_t got = 0;
    wire_compact(w);
    if (!wire_buffer(w).len && !wire_fill_now(w, &got, error)) {
        return false;
    }
    *ret_there = wire_buffer(w).len || w->eof;
    return true;
}

Bytes wire_take(Wire *w, size_t n)
{
    return take_piece(w, n);
}

bool wire_exact(Wire *w, uint64_t n, size_t max, Bytes *bytes, GError **error)
{
    if (n > max) {
        return error_fail(error, POSTERN_ERROR_LIMIT,
                          "the server announced %" G_GUINT64_FORMAT
                          " octets where at most %zu are taken (waiting for %s)",
                          n, max, wire_awaited(w));
    }
    wire_compact(w);
    while (wire_buffer(w).len < n) {
        if (!fill(w, wire_next_deadline(w), error)) {
            return false;
        }
        if (w->eof) {
            tell_closed(w);
            return error_fail(error, POSTERN_ERROR_EOF,
                              "the server closed the connection after %zu of %" G_GUINT64_FORMAT
                              " octets (waiting for %s)",
                              wire_buffer(w).len, n, wire_awaited(w));
        }
    }
    *bytes = take_piece(w, (size_t)n);
    return true;
}

bool wire_has_buffered(const Wire *w)
{
    /* An unfinished line that was looked at already is nothing new: who waits for its rest must
     * wait on the descriptor. */
    return wire_buffer(w).len > w->scanned || (w->stream && stream_has_pending(w->stream));
}

void wire_acknowledge(const Wire *w)
{
    const int yes = 1;
    if (w->stream && w->stream->fd >= 0 && !wire_has_buffered(w)) {
        (void)setsockopt(w->stream->fd, IPPROTO_TCP, TCP_QUICKACK, &yes, sizeof yes);
    }
}
