/* transcript_read_text.c: the text form read back; what the comments in it mean, transcript.h
 * tells. */
#include <string.h>

#include "base/error.h"
#include "report/transcript_format.h"
#include "report/transcript_read.h"

typedef struct {
    WireEventKind line, payload;
    bool encrypted;
    const char *arrow;
} Arrow;

static const Arrow arrows[] = {
    {WIRE_SENT, WIRE_PAYLOAD_SENT, false, "->"},
    {WIRE_SENT, WIRE_PAYLOAD_SENT, true, "~>"},
    {WIRE_RECEIVED, WIRE_PAYLOAD_RECEIVED, false, "<-"},
    {WIRE_RECEIVED, WIRE_PAYLOAD_RECEIVED, true, "<~"},
};

typedef struct {
    GPtrArray *out;
    bool encrypted; /* as the last arrow had it */
    gint64 at_us;
    /* What the comment just above has told of the line or lines that follow. */
    const Arrow *hint;
    const TranscriptKind *milestone;
    GByteArray *payload; /* being gathered, or NULL */
    const Arrow *payload_arrow;
    uint64_t payload_left;
} TextReader;

static const Arrow *arrow_of(Bytes line)
{
    for (size_t i = 0; i < G_N_ELEMENTS(arrows); i++) {
        if (bytes_starts(line, arrows[i].arrow)) {
            return &arrows[i];
        }
    }
    return NULL;
}

static WireEvent text_event(const TextReader *r, WireEventKind kind)
{
    return (WireEvent){.kind = kind, .encrypted = r->encrypted, .at_us = r->at_us};
}

static void finish_payload(TextReader *r)
{
    if (r->payload == NULL) {
        return;
    }
    GByteArray *octets = g_steal_pointer(&r->payload);
    transcript_add_event(r->out, text_event(r, r->payload_arrow->payload), octets, octets->len);
}

/* True when the octets belong to a payload that is being gathered. */
static bool gather(TextReader *r, WireEventKind kind, Bytes octets)
{
    if (r->payload == NULL || kind != r->payload_arrow->line || octets.len > r->payload_left) {
        finish_payload(r);
        return false;
    }
    transcript_append(r->payload, octets);
    r->payload_left -= octets.len;
    if (r->payload_left == 0) {
        finish_payload(r);
    }
    return true;
}

/* What stands behind a mark: one blank is the mark's. */
static Bytes behind(Bytes line, size_t mark)
{
    size_t skip = line.len > mark && line.data[mark] == ' ' ? mark + 1 : mark;
    return bytes_sub(line, skip, line.len);
}

static bool looks_masked(Bytes text)
{
    return g_strstr_len(text.data == NULL ? "" : text.data, (gssize)text.len, TRANSCRIPT_MASK) !=
           NULL;
}

static void read_arrow(TextReader *r, const Arrow *arrow, Bytes line)
{
    Bytes text = behind(line, 2);
    g_autoptr(GByteArray) octets = g_byte_array_new();
    transcript_append(octets, text);
    transcript_append(octets, BYTES_LITERAL("\r\n"));
    r->encrypted = arrow->encrypted;
    if (gather(r, arrow->line, bytes_of_array(octets))) {
        return;
    }
    WireEvent event = text_event(r, arrow->line);
    event.masked = looks_masked(text);
    transcript_add_line(r->out, event, text, BYTES_LITERAL("\r\n"));
}

/* Without a comment that tells, one whole line is taken for a line, anything else for a payload. */
static bool is_one_line(const TextReader *r, Bytes octets)
{
    gssize lf = bytes_index(octets, '\n');
    return r->hint != NULL || (lf >= 0 && (size_t)lf == octets.len - 1);
}

static bool read_hex(TextReader *r, WireEventKind kind, Bytes line, GError **error)
{
    g_autoptr(GByteArray) octets = bytes_from_hex(behind(line, 2));
    if (octets == NULL) {
        return error_fail(error, POSTERN_ERROR_DATA, "pairs of hex digits were expected");
    }
    Bytes b = bytes_of_array(octets);
    if (b.len == 0 || gather(r, kind, b)) {
        return true; /* no octets say nothing */
    }
    if (r->hint != NULL && r->hint->line != kind) {
        r->hint = NULL;
    }
    if (r->hint != NULL) {
        r->encrypted = r->hint->encrypted;
    }
    if (is_one_line(r, b)) {
        size_t end = transcript_line_end(b);
        transcript_add_line(r->out, text_event(r, kind), bytes_sub(b, 0, b.len - end),
                            bytes_sub(b, b.len - end, end));
    } else {
        WireEventKind payload = kind == WIRE_SENT ? WIRE_PAYLOAD_SENT : WIRE_PAYLOAD_RECEIVED;
        transcript_add_event(r->out, text_event(r, payload), g_byte_array_ref(octets), b.len);
    }
    return true;
}

static void read_milestone_comment(TextReader *r, Bytes comment)
{
    Bytes word = bytes_word(&comment);
    for (size_t i = 0; i < transcript_kind_count; i++) {
        const char *name = transcript_kinds[i].milestone;
        if (name != NULL && bytes_equal(word, bytes_of(name))) {
            g_autofree char *time = bytes_dup(comment);
            r->milestone = &transcript_kinds[i];
            r->at_us = transcript_parse_time(time);
        }
    }
}

/* "# <~ text", "# ~>{120} preview", "# connected TIME"; any other comment is just one. */
static void read_comment(TextReader *r, Bytes comment)
{
    const Arrow *arrow = arrow_of(comment);
    if (arrow == NULL) {
        read_milestone_comment(r, comment);
        return;
    }
    Bytes rest = bytes_sub(comment, 2, comment.len);
    gssize brace = bytes_starts(rest, "{") ? bytes_index(rest, '}') : -1;
    uint64_t octets;
    if (brace < 0) {
        r->hint = arrow;
    } else if (bytes_number(bytes_sub(rest, 1, (size_t)brace - 1), G_MAXUINT32, &octets)) {
        r->payload = g_byte_array_new();
        r->payload_arrow = arrow;
        r->payload_left = octets;
        r->encrypted = arrow->encrypted;
        gather(r, arrow->line, BYTES_NONE); /* a payload of no octets is complete */
    }
}

static void read_note(TextReader *r, Bytes line)
{
    WireEventKind kind = line.data[0] == '*' ? WIRE_WARNING : WIRE_NOTE;
    if (kind == WIRE_NOTE && r->milestone != NULL) {
        kind = r->milestone->kind;
        r->encrypted = r->encrypted || kind == WIRE_TLS_STARTED;
    }
    transcript_add_line(r->out, text_event(r, kind), behind(line, 3), BYTES_NONE);
}

static bool read_text_line(TextReader *r, Bytes line, GError **error)
{
    const Arrow *arrow = arrow_of(line);
    if (arrow != NULL) {
        read_arrow(r, arrow, line);
        return true;
    }
    if (bytes_starts(line, "=>") || bytes_starts(line, "<=")) {
        return read_hex(r, line.data[0] == '=' ? WIRE_SENT : WIRE_RECEIVED, line, error);
    }
    finish_payload(r);
    if (bytes_starts(line, "===") || bytes_starts(line, "***")) {
        read_note(r, line);
    } else if (bytes_equal(line, BYTES_LITERAL("<eof"))) {
        transcript_add_line(r->out, text_event(r, WIRE_CLOSED), BYTES_LITERAL("the peer closed"),
                            BYTES_NONE);
    } else if (!bytes_equal(line, BYTES_LITERAL("<stall"))) {
        return error_fail(error, POSTERN_ERROR_DATA,
                          "a line of a transcript begins with -> ~> <- <~ => <= === *** or #");
    }
    return true;
}

bool transcript_read_text(GPtrArray *out, Bytes text, GError **error)
{
    TextReader r = {.out = out};
    bool good = true;
    for (size_t number = 1; good && text.len > 0; number++) {
        gssize lf = bytes_index(text, '\n');
        size_t taken = lf < 0 ? text.len : (size_t)lf + 1;
        Bytes line = bytes_sub(text, 0, lf < 0 ? taken : taken - 1);
        text = bytes_sub(text, taken, text.len);
        if (line.len > 0 && line.data[line.len - 1] == '\r') {
            line.len--;
        }
        while (bytes_starts(line, " ") || bytes_starts(line, "\t")) {
            line = bytes_sub(line, 1, line.len);
        }
        if (line.len == 0) {
            continue;
        }
        if (line.data[0] == '#') {
            finish_payload(&r);
            r.hint = NULL;
            r.milestone = NULL;
            read_comment(&r, behind(line, 1));
            continue;
        }
        good = read_text_line(&r, line, error) || error_prefix(error, "line %zu", number);
        r.hint = NULL;
        r.milestone = NULL;
    }
    finish_payload(&r);
    return good;
}
