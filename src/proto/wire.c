/* wire.c: lines, literals and secrets over a stream, the typed trace of them, and the one upgrade
 * to TLS. */
#include "proto/wire.h"

#include <string.h>

#include "base/escape.h"

enum {
    READ_CHUNK = 16 * 1024,
    PIECE_MAX = 64 * 1024,
    MAX_LINE_DEFAULT = 64 * 1024,
    SHOWN_MAX = 60, /* characters of a line quoted in a message */
};

typedef struct {
    WireObserver function;
    void *user;
} Observer;

struct Wire {
    Stream *stream; /* NULL once a handshake has failed: OpenSSL's stream is gone with it */
    GArray *observers;
    GByteArray *in;
    size_t start;   /* first octet in `in` that has not been handed out */
    size_t scanned; /* octets behind start known to hold no line end */
    Bytes last_raw;
    double timeout;
    Deadline deadline;
    size_t max_line;
    char *awaiting;
    uint64_t bytes_in, bytes_out;
    bool eof, told_closed;
};

Wire *wire_new(Stream *stream, double timeout)
{
    Wire *w = g_new0(Wire, 1);
    w->stream = stream;
    w->observers = g_array_new(FALSE, FALSE, sizeof(Observer));
    w->in = g_byte_array_new();
    w->timeout = timeout;
    w->deadline = DEADLINE_NEVER;
    w->max_line = MAX_LINE_DEFAULT;
    w->awaiting = g_strdup("the server to speak");
    return w;
}

void wire_free(Wire *w)
{
    if (!w) {
        return;
    }
    stream_free(w->stream);
    g_array_unref(w->observers);
    g_byte_array_unref(w->in);
    g_free(w->awaiting);
    g_free(w);
}

void wire_set_max_line(Wire *w, size_t bytes)
{
    w->max_line = bytes;
}

void wire_set_timeout(Wire *w, double seconds)
{
    w->timeout = seconds;
}

double wire_timeout(const Wire *w)
{
    return w->timeout;
}

void wire_set_deadline(Wire *w, Deadline deadline)
{
    w->deadline = deadline;
}

bool wire_encrypted(const Wire *w)
{
    return tls_is(w->stream);
}

uint64_t wire_bytes_in(const Wire *w)
{
    return w->bytes_in;
}

uint64_t wire_bytes_out(const Wire *w)
{
    return w->bytes_out;
}

Stream *wire_stream(Wire *w)
{
    return w->stream;
}

void wire_await(Wire *w, const char *what)
{
    g_free(w->awaiting);
    w->awaiting = g_strdup(what);
}

/* --- the typed trace
 * -----------------------------------------------------------------------------------------------
 */

void wire_observe(Wire *w, WireObserver observer, void *user)
{
    g_array_append_vals(w->observers, &(Observer){observer, user}, 1);
}

static void tell(const Wire *w, WireEvent event)
{
    event.encrypted = wire_encrypted(w);
    event.at_us = g_get_real_time();
    if (!event.raw.data) {
        event.raw = event.text;
    }
    event.octets = event.octets ? event.octets : event.raw.len;
    for (guint i = 0; i < w->observers->len; i++) {
        const Observer *observer = &g_array_index(w->observers, Observer, i);
        observer->function(observer->user, &event);
    }
}

void wire_note(Wire *w, WireEventKind kind, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    g_autofree char *text = g_strdup_vprintf(format, list);
    va_end(list);
    tell(w, (WireEvent){.kind = kind, .text = bytes_of(text)});
}

static void tell_closed(Wire *w)
{
    if (!w->told_closed) {
        w->told_closed = true;
        wire_note(w, WIRE_CLOSED, "the server closed the connection");
    }
}

/* --- the buffer
 * ----------------------------------------------------------------------------------------------------
 */

static size_t buffered(const Wire *w)
{
    return w->in->len - w->start;
}

static Bytes buffer(const Wire *w)
{
    return bytes_sub(bytes_of_array(w->in), w->start, buffered(w));
}

/* Drops what was handed out before: only a new read call may do so, the last line being borrowed
 * until then. */
static void compact(Wire *w)
{
    if (w->start) {
        g_byte_array_remove_range(w->in, 0, (guint)w->start);
        w->start = 0;
    }
}

static Bytes take(Wire *w, size_t len)
{
    Bytes taken = bytes_sub(buffer(w), 0, len);
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

static Deadline next_deadline(const Wire *w)
{
    return deadline_sooner(deadline_in(w->timeout), w->deadline);
}

static bool gone(GError **error)
{
    return error_fail(error, POSTERN_ERROR_EOF, "the connection is closed already");
}

/* Says what a wait that timed out was for; other errors stay as they are. */
static bool explain_failure(const Wire *w, GError *cause, GError **error)
{
    if (!g_error_matches(cause, POSTERN_ERROR, POSTERN_ERROR_TIMEOUT)) {
        g_propagate_error(error, cause);
        return false;
    }
    g_error_free(cause);
    if (buffered(w)) {
        return error_fail(error, POSTERN_ERROR_TIMEOUT,
                          "timed out after %g s waiting for %s: %zu octets came, but not all of it",
                          w->timeout, w->awaiting, buffered(w));
    }
    return error_fail(error, POSTERN_ERROR_TIMEOUT, "timed out after %g s waiting for %s",
                      w->timeout, w->awaiting);
}

/* Reads what comes next; at the end of the stream w->eof is set. Suspends. */
static bool fill(Wire *w, Deadline deadline, GError **error)
{
    if (!w->stream) {
        return gone(error);
    }
    if (w->eof) {
        return true;
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
static bool fill_now(Wire *w, size_t *got, GError **error)
{
    *got = 0;
    if (!w->stream) {
        return gone(error);
    }
    if (w->eof) {
        return true;
    }
    bool ok = stream_read_now(w->stream, make_room(w), READ_CHUNK, got, &w->eof, error);
    settle(w, *got);
    return ok;
}

/* --- receiving
 * -----------------------------------------------------------------------------------------------------
 */

/* The octets up to and with the next `end`, or 0 when there is none yet. */
static size_t length_to(Wire *w, char end)
{
    Bytes all = buffer(w);
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
    tell(w, (WireEvent){.kind = WIRE_RECEIVED, .text = line, .raw = w->last_raw});
    return line;
}

static bool too_long(const Wire *w, size_t len, GError **error)
{
    return len <= w->max_line ||
           error_fail(error, POSTERN_ERROR_LIMIT,
                      "the server sent a line of more than %zu octets (waiting for %s)",
                      w->max_line, w->awaiting);
}

static bool closed(Wire *w, GError **error)
{
    tell_closed(w);
    if (!buffered(w)) {
        return error_fail(error, POSTERN_ERROR_EOF,
                          "the server closed the connection while we waited for %s", w->awaiting);
    }
    g_autofree char *shown = escape_line_max(buffer(w), SHOWN_MAX);
    return error_fail(error, POSTERN_ERROR_EOF,
                      "the server closed the connection in the middle of a line (\"%s\") while we "
                      "waited for %s",
                      shown, w->awaiting);
}

/* Waits until `end` has come; *len is what lies up to and with it. Suspends. */
static bool wait_for(Wire *w, char end, size_t *len, GError **error)
{
    /* One deadline for the whole of it: a peer that dribbles gets no more time than one that is
     * silent. */
    Deadline deadline = next_deadline(w);
    while (!(*len = length_to(w, end))) {
        if (!too_long(w, buffered(w), error) || !fill(w, deadline, error)) {
            return false;
        }
        if (w->eof) {
            return closed(w, error);
        }
    }
    return too_long(w, *len, error);
}

bool wire_line(Wire *w, Bytes *line, GError **error)
{
    size_t len;
    compact(w);
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
    compact(w);
    size_t len, more = 1;
    while (!(len = length_to(w, '\n')) && more) {
        if (!too_long(w, buffered(w), error) || !fill_now(w, &more, error)) {
            return false;
        }
    }
    if (!len && w->eof) {
        len = buffered(w); /* an unfinished last line is shown too */
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
    Bytes piece = take(w, MIN(max, buffered(w)));
    if (piece.len) {
        tell(w, (WireEvent){.kind = WIRE_PAYLOAD_RECEIVED, .text = piece});
    }
    return piece;
}

bool wire_until(Wire *w, char end, Bytes *piece, GError **error)
{
    size_t len;
    compact(w);
    w->scanned = 0; /* it was for line ends */
    if (!wait_for(w, end, &len, error)) {
        return false;
    }
    *piece = take_piece(w, len);
    return true;
}

bool wire_upto(Wire *w, size_t max, Bytes *piece, GError **error)
{
    compact(w);
    if (!buffered(w) && !fill(w, next_deadline(w), error)) {
        return false;
    }
    *piece = take_piece(w, max);
    if (!piece->len) {
        tell_closed(w);
    }
    return true;
}

bool wire_upto_now(Wire *w, size_t max, Bytes *piece, bool *eof, GError **error)
{
    size_t got = 0;
    *eof = false;
    compact(w);
    if (!buffered(w) && !fill_now(w, &got, error)) {
        return false;
    }
    *piece = take_piece(w, max);
    if (!piece->len && w->eof) {
        *eof = true;
        tell_closed(w);
    }
    return true;
}

bool wire_some(Wire *w, Bytes *piece, GError **error)
{
    return wire_upto(w, PIECE_MAX, piece, error);
}

bool wire_some_now(Wire *w, Bytes *piece, bool *eof, GError **error)
{
    return wire_upto_now(w, PIECE_MAX, piece, eof, error);
}

bool wire_exact(Wire *w, uint64_t n, size_t max, Bytes *bytes, GError **error)
{
    if (n > max) {
        return error_fail(error, POSTERN_ERROR_LIMIT,
                          "the server announced %" G_GUINT64_FORMAT
                          " octets where at most %zu are taken (waiting for %s)",
                          n, max, w->awaiting);
    }
    compact(w);
    while (buffered(w) < n) {
        if (!fill(w, next_deadline(w), error)) {
            return false;
        }
        if (w->eof) {
            tell_closed(w);
            return error_fail(error, POSTERN_ERROR_EOF,
                              "the server closed the connection after %zu of %" G_GUINT64_FORMAT
                              " octets (waiting for %s)",
                              buffered(w), n, w->awaiting);
        }
    }
    *bytes = take_piece(w, (size_t)n);
    return true;
}

bool wire_has_buffered(const Wire *w)
{
    /* An unfinished line that was looked at already is nothing new: who waits for its rest must
     * wait on the descriptor. */
    return buffered(w) > w->scanned || (w->stream && stream_has_pending(w->stream));
}

/* --- sending
 * -------------------------------------------------------------------------------------------------------
 */

static bool one_line(Bytes text, GError **error)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '\r' || text.data[i] == '\n' || text.data[i] == '\0') {
            g_autofree char *shown = escape_line_max(text, SHOWN_MAX);
            return error_fail(
                error, POSTERN_ERROR_USAGE,
                "\"%s\" holds a line end or a NUL and would be more than one command: "
                "nothing was sent",
                shown);
        }
    }
    return true;
}

static bool put(Wire *w, Bytes bytes, GError **error)
{
    if (!w->stream) {
        return gone(error);
    }
    if (!stream_write(w->stream, bytes, next_deadline(w), error)) {
        return error_prefix(error, "sending (after %s)", w->awaiting);
    }
    w->bytes_out += bytes.len;
    return true;
}

/* `shown` is what was sent, secrets masked. */
static void sent(Wire *w, Bytes shown, size_t octets, bool masked)
{
    g_autofree char *text = escape_line_max(shown, SHOWN_MAX);
    g_free(w->awaiting);
    w->awaiting = g_strdup_printf("a reply to \"%s\"", text);
    tell(w, (WireEvent){.kind = WIRE_SENT, .text = shown, .octets = octets, .masked = masked});
}

bool wire_send_line(Wire *w, Bytes line, GError **error)
{
    if (!one_line(line, error)) {
        return false;
    }
    g_autoptr(GString) out = g_string_sized_new(line.len + 2);
    g_string_append_len(out, line.data, (gssize)line.len);
    g_string_append(out, "\r\n");
    if (!put(w, bytes_of_string(out), error)) {
        return false;
    }
    sent(w, line, out->len, false);
    return true;
}

bool wire_sendf(Wire *w, GError **error, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    g_autoptr(GString) line = g_string_new(NULL);
    g_string_append_vprintf(line, format, list);
    va_end(list);
    return wire_send_line(w, bytes_of_string(line), error);
}

bool wire_send_secret_within(Wire *w, Bytes prefix, const Secret *secret, Bytes suffix,
                             GError **error)
{
    if (secret_has_line_break(secret)) {
        return error_fail(error, POSTERN_ERROR_USAGE,
                          "the secret holds a line end or a NUL, which this command cannot carry: "
                          "nothing was sent");
    }
    if (!one_line(prefix, error) || !one_line(suffix, error)) {
        return false;
    }
    g_autoptr(GString) end = g_string_new_len(suffix.data, (gssize)suffix.len);
    g_string_append(end, "\r\n");
    g_autoptr(Secret) whole = secret_wrap(prefix, secret, bytes_of_string(end));
    if (!put(w, secret_reveal(whole), error)) {
        return false;
    }
    g_autoptr(GString) shown = g_string_new_len(prefix.data, (gssize)prefix.len);
    g_string_append(shown, "*****");
    g_string_append_len(shown, suffix.data, (gssize)suffix.len);
    sent(w, bytes_of_string(shown), secret_length(whole), true);
    return true;
}

bool wire_send_secret(Wire *w, const char *prefix, const Secret *secret, GError **error)
{
    return wire_send_secret_within(w, bytes_of(prefix), secret, BYTES_NONE, error);
}

Secret *wire_quoted(const Secret *secret)
{
    Bytes plain = secret_reveal(secret);
    size_t len = 0;
    g_autofree char *quoted = g_malloc(2 * plain.len + 3);
    quoted[len++] = '"';
    bool fits = !secret_has_line_break(secret);
    for (size_t i = 0; i < plain.len && fits; i++) {
        fits = (unsigned char)plain.data[i] < 0x80;
        if (plain.data[i] == '"' || plain.data[i] == '\\') {
            quoted[len++] = '\\';
        }
        quoted[len++] = plain.data[i];
    }
    quoted[len++] = '"';
    Secret *result = fits ? secret_new(quoted, len) : NULL;
    secret_wipe(quoted, len);
    return result;
}

bool wire_send_bytes(Wire *w, Bytes bytes, bool masked, GError **error)
{
    if (!put(w, bytes, error)) {
        return false;
    }
    tell(w, (WireEvent){.kind = WIRE_PAYLOAD_SENT,
                        .text = masked ? BYTES_LITERAL("*****") : bytes,
                        .octets = bytes.len,
                        .masked = masked});
    return true;
}

bool wire_send_secret_octets(Wire *w, const Secret *secret, GError **error)
{
    return wire_send_bytes(w, secret_reveal(secret), true, error);
}

/* --- the upgrade
 * ---------------------------------------------------------------------------------------------------
 */

/* Counts what came before our ClientHello: buffered, or there to be read now. It came in the clear
 * from anybody, and a client that kept it would take it for something said inside TLS
 * (CVE-2011-0411 and its kin, CVE-2021-23222). */
static bool count_injected(Wire *w, size_t *count, GError **error)
{
    size_t more = 1;
    while (more && buffered(w) < PIECE_MAX) {
        if (!fill_now(w, &more, error)) {
            return false;
        }
    }
    *count = buffered(w);
    return true;
}

static bool refuse_injected(Wire *w, size_t injected, GError **error)
{
    g_autofree char *shown = escape_line_max(buffer(w), SHOWN_MAX);
    return error_fail(
        error, POSTERN_ERROR_INSECURE,
        "%zu octets came in the clear before the TLS handshake (\"%s\"): somebody may "
        "be injecting replies, so the connection was given up",
        injected, shown);
}

bool wire_start_tls(Wire *w, const TlsPlan *plan, const char *host, size_t *ret_injected,
                    TlsPeer **ret_peer, GError **error)
{
    *ret_injected = 0;
    if (!w->stream) {
        return gone(error);
    }
    compact(w);
    if (!count_injected(w, ret_injected, error)) {
        return false;
    }
    if (*ret_injected) {
        return refuse_injected(w, *ret_injected, error);
    }
    wire_await(w, "the TLS handshake");
    if (w->eof) {
        return closed(w, error);
    }
    Stream *lower = w->stream;
    w->stream = NULL;
    w->stream = tls_client(lower, plan, host, ret_peer, next_deadline(w), error);
    if (!w->stream) {
        return false;
    }
    g_byte_array_set_size(w->in, 0);
    w->start = w->scanned = 0;
    w->last_raw = BYTES_NONE;
    wire_await(w, "the server to speak after the TLS handshake");
    g_autofree char *text =
        g_strdup_printf("%s, %s", tls_version_name((*ret_peer)->version), (*ret_peer)->cipher);
    tell(w, (WireEvent){.kind = WIRE_TLS_STARTED, .text = bytes_of(text), .peer = *ret_peer});
    return true;
}

bool wire_shutdown(Wire *w, GError **error)
{
    if (!w->stream) {
        return gone(error);
    }
    return stream_shutdown(w->stream, next_deadline(w), error);
}
