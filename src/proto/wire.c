/* wire.c: lines, literals and secrets over a stream, the typed trace of them, and the one upgrade
 * to TLS. */
#include "proto/wire_inside.h"

#include <string.h>

#include "base/escape.h"
#include "io/deflate.h"

enum { MAX_LINE_DEFAULT = 64 * 1024, LAST_WORDS_MAX = 100, REPLY_TO_MAX = 200 };

typedef struct {
    WireObserver function;
    void *user;
} Observer;

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
    w->said = g_string_new(NULL);
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
    g_clear_pointer(&w->held, g_byte_array_unref);
    g_free(w->awaiting);
    g_string_free(w->said, TRUE);
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
    for (const Stream *s = w->stream; s; s = s->lower) {
        if (tls_is(s)) {
            return true;
        }
    }
    return false;
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

static void await_reply(Wire *w, Bytes said, bool plain)
{
    g_clear_pointer(&w->awaiting, g_free);
    g_string_truncate(w->said, 0);
    g_string_append_len(w->said, said.data, (gssize)said.len);
    w->said_plain = plain;
}

void wire_await_reply(Wire *w, const char *to)
{
    await_reply(w, bytes_of(to), true);
}

const char *wire_awaited(Wire *w)
{
    if (!w->awaiting) {
        const char *mark = w->said_plain ? "" : "\"";
        g_autofree char *shown = escape_line_max(bytes_of_string(w->said),
                                                 w->said_plain ? REPLY_TO_MAX : WIRE_SHOWN_MAX);
        w->awaiting = g_strconcat("a reply to ", mark, shown, mark, NULL);
    }
    return w->awaiting;
}

/* --- the typed trace --- */

void wire_observe(Wire *w, WireObserver observer, void *user)
{
    g_array_append_vals(w->observers, &(Observer){observer, user}, 1);
}

void wire_tell(Wire *w, WireEvent event)
{
    if (!w->observers->len) {
        return;
    }
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
    wire_tell(w, (WireEvent){.kind = kind, .text = bytes_of(text)});
}

Deadline wire_next_deadline(const Wire *w)
{
    return deadline_sooner(deadline_in(w->timeout), w->deadline);
}

bool wire_gone(GError **error)
{
    return error_fail(error, POSTERN_ERROR_EOF, "the connection is closed already");
}

/* --- sending --- */

static bool one_line(Bytes text, GError **error)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '\r' || text.data[i] == '\n' || text.data[i] == '\0') {
            g_autofree char *shown = escape_line_max(text, WIRE_SHOWN_MAX);
            return error_fail(
                error, POSTERN_ERROR_USAGE,
                "\"%s\" holds a line end or a NUL and would be more than one command: "
                "nothing was sent",
                shown);
        }
    }
    return true;
}

/* Who closes on a command has mostly said why before ("421 Too many errors"): heard, and so shown
 * and written down, as far as it is there. NULL when it has said nothing. The caller frees it. */
static char *last_words(Wire *w)
{
    char *words = NULL;
    Bytes line;
    bool got = true, eof = false;
    for (int i = 0; i < LAST_WORDS_MAX && got; i++) {
        if (!wire_line_now(w, &line, &got, &eof, NULL)) {
            break;
        }
        if (got) {
            g_free(words);
            words = escape_line_max(line, WIRE_SHOWN_MAX);
        }
    }
    return words;
}

static bool put_now(Wire *w, Bytes bytes, GError **error)
{
    if (!w->stream) {
        return wire_gone(error);
    }
    g_autoptr(GError) cause = NULL;
    if (stream_write(w->stream, bytes, wire_next_deadline(w), &cause)) {
        w->bytes_out += bytes.len;
        return true;
    }
    bool closed = g_error_matches(cause, POSTERN_ERROR, POSTERN_ERROR_EOF);
    g_autofree char *words = closed ? last_words(w) : NULL;
    return error_fail(error, (PosternErrorCode)cause->code, "sending (after %s): %s%s%s%s",
                      wire_awaited(w), cause->message, words ? "; the server's last words: \"" : "",
                      words ? words : "", words ? "\"" : "");
}

void wire_hold(Wire *w)
{
    w->held = w->held ? w->held : g_byte_array_new();
}

bool wire_release(Wire *w, GError **error)
{
    g_autoptr(GByteArray) held = g_steal_pointer(&w->held);
    return !held || !held->len || put_now(w, bytes_of_array(held), error);
}

/* Keeps back, or sends behind what was kept back. */
static bool put(Wire *w, Bytes bytes, GError **error)
{
    if (!w->held) {
        return put_now(w, bytes, error);
    }
    if (w->held->len + bytes.len <= WIRE_PIECE_MAX) {
        g_byte_array_append(w->held, (const guint8 *)bytes.data, (guint)bytes.len);
        return true;
    }
    bool ok = put_now(w, bytes_of_array(w->held), error) && put_now(w, bytes, error);
    g_byte_array_set_size(w->held, 0);
    return ok;
}

/* `shown` is what was sent, secrets masked. */
static void sent(Wire *w, Bytes shown, size_t octets, bool masked)
{
    await_reply(w, shown, false);
    wire_tell(w, (WireEvent){.kind = WIRE_SENT, .text = shown, .octets = octets, .masked = masked});
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
    if (!wire_release(w, error) || !put(w, secret_reveal(whole), error)) {
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
    wire_tell(w, (WireEvent){.kind = WIRE_PAYLOAD_SENT,
                             .text = masked ? BYTES_LITERAL("*****") : bytes,
                             .octets = bytes.len,
                             .masked = masked});
    return true;
}

bool wire_send_secret_octets(Wire *w, const Secret *secret, GError **error)
{
    return wire_release(w, error) && wire_send_bytes(w, secret_reveal(secret), true, error);
}

/* --- the upgrade --- */

/* Counts what came before our ClientHello: buffered, or there to be read now. It came in the clear
 * from anybody, and a client that kept it would take it for something said inside TLS
 * (CVE-2011-0411 and its kin, CVE-2021-23222). */
static bool count_injected(Wire *w, size_t *count, GError **error)
{
    size_t more = 1;
    while (more && wire_buffer(w).len < WIRE_PIECE_MAX) {
        if (!wire_fill_now(w, &more, error)) {
            return false;
        }
    }
    *count = wire_buffer(w).len;
    return true;
}

static bool refuse_injected(Wire *w, size_t injected, GError **error)
{
    g_autofree char *shown = escape_line_max(wire_buffer(w), WIRE_SHOWN_MAX);
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
        return wire_gone(error);
    }
    wire_compact(w);
    if (!count_injected(w, ret_injected, error)) {
        return false;
    }
    if (*ret_injected) {
        return refuse_injected(w, *ret_injected, error);
    }
    wire_await(w, "the TLS handshake");
    if (w->eof) {
        return wire_closed(w, error);
    }
    Stream *lower = w->stream;
    w->stream = NULL;
    w->stream = tls_client(lower, plan, host, ret_peer, wire_next_deadline(w), error);
    if (!w->stream) {
        return false;
    }
    g_byte_array_set_size(w->in, 0);
    w->start = w->scanned = 0;
    w->last_raw = BYTES_NONE;
    wire_await(w, "the server to speak after the TLS handshake");
    g_autofree char *text =
        g_strdup_printf("%s, %s", tls_version_name((*ret_peer)->version), (*ret_peer)->cipher);
    wire_tell(w, (WireEvent){.kind = WIRE_TLS_STARTED, .text = bytes_of(text), .peer = *ret_peer});
    return true;
}

void wire_compress(Wire *w)
{
    if (w->stream) {
        w->stream = deflate_stream(w->stream, wire_buffer(w));
        g_byte_array_set_size(w->in, 0);
        w->start = w->scanned = 0;
        w->last_raw = BYTES_NONE;
        wire_note(w, WIRE_NOTE, "compressed from here on");
    }
}

bool wire_shutdown(Wire *w, GError **error)
{
    if (!w->stream) {
        return wire_gone(error);
    }
    return stream_shutdown(w->stream, wire_next_deadline(w), error);
}
