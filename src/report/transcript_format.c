/* transcript_format.c: one WireEvent as text for people, as text without loss, as JSON. */
#include <jansson.h>
#include <string.h>

#include "base/escape.h"
#include "report/tls_summary.h"
#include "report/transcript.h"
#include "report/transcript_format.h"

#define PREVIEW_CHARS 120

const TranscriptKind transcript_kinds[] = {
    {.kind = WIRE_SENT, .outward = true, .dir = "out"},
    {.kind = WIRE_RECEIVED, .inward = true, .dir = "in"},
    {.kind = WIRE_PAYLOAD_SENT, .outward = true, .payload = true, .dir = "out"},
    {.kind = WIRE_PAYLOAD_RECEIVED, .inward = true, .payload = true, .dir = "in"},
    {.kind = WIRE_NOTE, .dir = "note"},
    {.kind = WIRE_WARNING, .dir = "warning"},
    {.kind = WIRE_CONNECTED, .dir = "connected", .milestone = "connected"},
    {.kind = WIRE_TLS_STARTED, .dir = "tls", .milestone = "tls"},
    {.kind = WIRE_CLOSED, .dir = "closed", .milestone = "closed"},
};
const size_t transcript_kind_count = G_N_ELEMENTS(transcript_kinds);

const TranscriptKind *transcript_kind(WireEventKind kind)
{
    for (size_t i = 0; i < transcript_kind_count; i++) {
        if (transcript_kinds[i].kind == kind) {
            return &transcript_kinds[i];
        }
    }
    g_assert_not_reached();
}

const char *transcript_arrow(const WireEvent *event)
{
    const TranscriptKind *kind = transcript_kind(event->kind);
    if (kind->outward) {
        return event->encrypted ? "~>" : "->";
    }
    if (kind->inward) {
        return event->encrypted ? "<~" : "<-";
    }
    return event->kind == WIRE_WARNING ? "***" : "===";
}

/* Takes the front of *rest up to LF off; *ended_by_crlf tells whether it was a whole line. */
static Bytes next_line(Bytes *rest, bool *ended_by_crlf)
{
    gssize lf = bytes_index(*rest, '\n');
    size_t taken = lf < 0 ? rest->len : (size_t)lf + 1;
    Bytes line = bytes_sub(*rest, 0, taken);
    *rest = bytes_sub(*rest, taken, rest->len - taken);
    *ended_by_crlf =
        line.len >= 2 && line.data[line.len - 2] == '\r' && line.data[line.len - 1] == '\n';
    return line;
}

static void add_line(GString *out, const char *arrow, const char *text)
{
    g_string_append(out, arrow);
    if (text[0] != '\0') {
        g_string_append_c(out, ' ');
        g_string_append(out, text);
    }
    g_string_append_c(out, '\n');
}

/* For notes and payloads: every line of it, escaped, with the arrow in front. What has a NUL in it
 * has no lines. */
static void add_lines(GString *out, const char *arrow, Bytes text)
{
    bool binary = bytes_index(text, '\0') >= 0;
    do {
        bool crlf = false;
        Bytes line = binary ? text : next_line(&text, &crlf);
        text = binary ? BYTES_NONE : text;
        size_t end = crlf ? 2 : !binary && line.len > 0 && line.data[line.len - 1] == '\n' ? 1 : 0;
        g_autofree char *shown = escape_line(bytes_sub(line, 0, line.len - end));
        add_line(out, arrow, shown);
    } while (text.len > 0);
}

/* A masked payload is never shown, whoever raised the event: only that there is one. */
static Bytes shown_bytes(const WireEvent *event)
{
    bool hidden = event->masked && transcript_kind(event->kind)->payload;
    return hidden ? BYTES_LITERAL(TRANSCRIPT_MASK) : event->text;
}

char *transcript_text_line(const WireEvent *event)
{
    GString *out = g_string_new(NULL);
    bool one_line = event->kind == WIRE_SENT || event->kind == WIRE_RECEIVED;
    if (one_line) {
        g_autofree char *shown = escape_line(event->text);
        add_line(out, transcript_arrow(event), shown);
    } else {
        add_lines(out, transcript_arrow(event), shown_bytes(event));
    }
    g_string_truncate(out, out->len - 1);
    return g_string_free(out, FALSE);
}

/* Can it stand behind an arrow and be read back as it is? What looks masked but is not cannot. */
static bool stands_as_it_is(Bytes line)
{
    g_autofree char *shown = escape_line(line);
    return bytes_equal(line, bytes_of(shown)) && strstr(shown, TRANSCRIPT_MASK) == NULL;
}

static void add_hex(GString *out, const WireEvent *event, Bytes octets)
{
    g_autofree char *hex = bytes_hex(octets);
    add_line(out, transcript_kind(event->kind)->outward ? "=>" : "<=", hex);
}

/* The octets of a line as they crossed the wire. The caller frees it. */
static GByteArray *line_octets(const WireEvent *event)
{
    bool has_raw = event->kind == WIRE_RECEIVED && event->raw.len > 0;
    Bytes b = has_raw ? event->raw : event->text;
    GByteArray *octets = g_byte_array_new();
    if (b.len > 0) {
        g_byte_array_append(octets, (const guint8 *)b.data, (guint)b.len);
    }
    if (!has_raw) {
        g_byte_array_append(octets, (const guint8 *)"\r\n", 2);
    }
    return octets;
}

static bool is_text_and_crlf(const WireEvent *event, Bytes octets)
{
    return octets.len == event->text.len + 2 &&
           memcmp(octets.data + octets.len - 2, "\r\n", 2) == 0 &&
           bytes_equal(bytes_sub(octets, 0, event->text.len), event->text);
}

static void add_line_event(GString *out, const WireEvent *event)
{
    g_autofree char *shown = escape_line(event->text);
    g_autoptr(GByteArray) octets = line_octets(event);
    Bytes b = bytes_of_array(octets);
    if (event->masked || (is_text_and_crlf(event, b) && stands_as_it_is(event->text))) {
        add_line(out, transcript_arrow(event), shown);
        return;
    }
    g_string_append_printf(out, "# %s %s\n", transcript_arrow(event), shown);
    add_hex(out, event, b);
}

static void add_payload_event(GString *out, const WireEvent *event)
{
    if (event->masked) {
        add_line(out, transcript_arrow(event), TRANSCRIPT_MASK);
        return;
    }
    g_autofree char *preview = escape_line_max(event->text, PREVIEW_CHARS);
    g_string_append_printf(out, "# %s{%zu} %s\n", transcript_arrow(event), event->text.len,
                           preview);
    Bytes rest = event->text;
    while (rest.len > 0) {
        bool crlf;
        Bytes line = next_line(&rest, &crlf);
        Bytes text = bytes_sub(line, 0, crlf ? line.len - 2 : line.len);
        if (crlf && stands_as_it_is(text)) {
            g_autofree char *copy = bytes_dup(text);
            add_line(out, transcript_arrow(event), copy);
        } else {
            add_hex(out, event, line);
        }
    }
}

static char *iso_time(gint64 at_us)
{
    g_autoptr(GDateTime) seconds = g_date_time_new_from_unix_utc(at_us / G_USEC_PER_SEC);
    if (seconds == NULL || at_us < 0) {
        return g_strdup("1970-01-01T00:00:00.000000Z");
    }
    g_autofree char *head = g_date_time_format(seconds, "%Y-%m-%dT%H:%M:%S");
    return g_strdup_printf("%s.%06dZ", head, (int)(at_us % G_USEC_PER_SEC));
}

char *transcript_file_text(const WireEvent *event)
{
    GString *out = g_string_new(NULL);
    const TranscriptKind *kind = transcript_kind(event->kind);
    if (kind->payload) {
        add_payload_event(out, event);
    } else if (kind->outward || kind->inward) {
        add_line_event(out, event);
    } else {
        if (kind->milestone != NULL) {
            g_autofree char *time = iso_time(event->at_us);
            g_string_append_printf(out, "# %s %s\n", kind->milestone, time);
        }
        add_lines(out, transcript_arrow(event), event->text);
    }
    return g_string_free(out, FALSE);
}

static void json_add_text(json_t *object, Bytes text)
{
    json_t *value = json_stringn(text.data == NULL ? "" : text.data, text.len);
    if (value != NULL) {
        json_object_set_new(object, "text", value);
        return;
    }
    g_autofree char *base64 = bytes_base64(text);
    json_object_set_new(object, "base64", json_string(base64));
}

/* Octets, and the line end where it is not the usual one. */
static void json_add_octets(json_t *object, const WireEvent *event)
{
    const TranscriptKind *kind = transcript_kind(event->kind);
    if (!kind->outward && !kind->inward) {
        return;
    }
    if (event->masked) {
        json_object_set_new(object, "bytes", json_null());
        return;
    }
    size_t octets = event->text.len;
    if (!kind->payload) {
        bool has_raw = kind->inward && event->raw.len >= event->text.len;
        size_t end = has_raw ? event->raw.len - event->text.len : 2;
        octets += end;
        Bytes line_end =
            has_raw ? bytes_sub(event->raw, event->text.len, end) : BYTES_LITERAL("\r\n");
        if (!bytes_equal(line_end, BYTES_LITERAL("\r\n"))) {
            json_object_set_new(
                object, "line_end",
                json_stringn(line_end.data == NULL ? "" : line_end.data, line_end.len));
        }
    }
    json_object_set_new(object, "bytes", json_integer((json_int_t)octets));
}

static void json_add_peer(json_t *object, const TlsPeer *peer)
{
    g_autofree char *text = tls_summary_json(peer);
    json_object_set_new(object, "tls", json_loads(text, 0, NULL));
}

char *transcript_json_line(const WireEvent *event)
{
    const TranscriptKind *kind = transcript_kind(event->kind);
    g_autofree char *time = iso_time(event->at_us);
    json_t *object = json_pack("{s:s, s:s}", "time", time, "dir", kind->dir);
    if (kind->payload) {
        json_object_set_new(object, "payload", json_true());
    }
    json_object_set_new(object, "encrypted", json_boolean(event->encrypted));
    json_object_set_new(object, "masked", json_boolean(event->masked));
    json_add_octets(object, event);
    json_add_text(object, shown_bytes(event));
    if (event->peer != NULL) {
        json_add_peer(object, event->peer);
    }
    /* Readable where it is harmless; what would do something to a terminal becomes \u escapes. */
    g_autofree char *shown = escape_line(event->text);
    bool harmless = bytes_equal(event->text, bytes_of(shown));
    char *line = json_dumps(object, JSON_COMPACT | (harmless ? 0 : JSON_ENSURE_ASCII));
    json_decref(object);
    char *owned = g_strdup(line);
    free(line);
    return owned;
}
