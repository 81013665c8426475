/* script.c: a written conversation, read and played. */
#include "io/script.h"

#include <string.h>

#include "base/escape.h"

typedef enum { STEP_SAY, STEP_EOF, STEP_STALL, STEP_EXPECT_LINE, STEP_EXPECT_BYTES } StepKind;

typedef struct {
    StepKind kind;
    unsigned line;    /* of the script, from 1 */
    GByteArray *data; /* what is said or expected, line ends and all; NULL for EOF and STALL */
} Step;

/* Two cursors into one list: `in` is the next step of the peer's, `out` the next of ours. The
 * peer's is playable when it stands before ours. */
typedef struct {
    Stream base;
    ScriptOptions options;
    GArray *steps; /* of Step */
    size_t in, out;
    size_t in_offset; /* bytes of the step already read */
    GByteArray *sent; /* towards the step expected */
} Script;

static Step *step_at(const Script *s, size_t index)
{
    return index < s->steps->len ? &g_array_index(s->steps, Step, index) : NULL;
}

static bool is_ours(const Step *step)
{
    return step->kind == STEP_EXPECT_LINE || step->kind == STEP_EXPECT_BYTES;
}

/* The next step of that side from `index` on; the list's length when there is none. */
static size_t seek(const Script *s, size_t index, bool ours)
{
    while (index < s->steps->len && is_ours(step_at(s, index)) != ours) {
        index++;
    }
    return index;
}

/* --- reading the text --- */

static GByteArray *with_line_end(Bytes text)
{
    GByteArray *data = g_byte_array_sized_new((guint)text.len + 2);
    g_byte_array_append(data, (const guint8 *)text.data, (guint)text.len);
    g_byte_array_append(data, (const guint8 *)"\r\n", 2);
    return data;
}

static const struct {
    const char *mark;
    StepKind kind;
    bool ignored, hex, bare; /* bare: nothing follows */
} marks[] = {
    /* clang-format off */
    {"<-",     STEP_SAY,          false, false, false},
    {"<~",     STEP_SAY,          false, false, false},
    {"->",     STEP_EXPECT_LINE,  false, false, false},
    {"~>",     STEP_EXPECT_LINE,  false, false, false},
    {"<=",     STEP_SAY,          false, true,  false},
    {"=>",     STEP_EXPECT_BYTES, false, true,  false},
    {"<eof",   STEP_EOF,          false, false, true},
    {"<stall", STEP_STALL,        false, false, true},
    {"===",    STEP_SAY,          true,  false, false},
    {"***",    STEP_SAY,          true,  false, false},
    {"#",      STEP_SAY,          true,  false, false},
    /* clang-format on */
};

static bool step_data(Bytes rest, bool hex, Step *step, GError **error)
{
    rest = bytes_sub(rest, bytes_starts(rest, " ") ? 1 : 0, rest.len);
    step->data = hex ? bytes_from_hex(bytes_trim(rest)) : with_line_end(rest);
    return step->data ||
           error_fail(error, POSTERN_ERROR_DATA, "line %u of the script: not hex", step->line);
}

/* One line without its end; what says nothing adds nothing. */
static bool parse_line(GArray *steps, Bytes line, unsigned number, GError **error)
{
    while (bytes_starts(line, " ") || bytes_starts(line, "\t")) {
        line = bytes_sub(line, 1, line.len);
    }
    if (line.len == 0) {
        return true;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(marks); i++) {
        Bytes rest = bytes_sub(line, strlen(marks[i].mark), line.len);
        if (!bytes_starts(line, marks[i].mark) || (marks[i].bare && bytes_trim(rest).len > 0)) {
            continue;
        }
        Step step = {.kind = marks[i].kind, .line = number};
        if (marks[i].ignored) {
            return true;
        }
        if (!marks[i].bare && !step_data(rest, marks[i].hex, &step, error)) {
            return false;
        }
        if (step.data && step.data->len == 0) {
            g_byte_array_unref(step.data);
        } else {
            g_array_append_val(steps, step);
        }
        return true;
    }
    g_autofree char *shown = escape_line_max(line, 60);
    return error_fail(error, POSTERN_ERROR_DATA,
                      "line %u of the script begins with no mark (<- -> <~ ~> <= => <eof <stall "
                      "=== *** #): %s",
                      number, shown);
}

static bool parse(GArray *steps, Bytes text, GError **error)
{
    for (unsigned number = 1; text.len > 0; number++) {
        gssize end = bytes_index(text, '\n');
        Bytes line = bytes_sub(text, 0, end < 0 ? text.len : (size_t)end);
        text = bytes_sub(text, line.len + 1, text.len);
        if (line.len > 0 && line.data[line.len - 1] == '\r') {
            line.len--;
        }
        if (!parse_line(steps, line, number, error)) {
            return false;
        }
    }
    return true;
}

/* --- what the peer says --- */

/* NULL while something of ours is expected first. At the end of the script the peer closes. */
static const Step *playable(const Script *s)
{
    static const Step end = {.kind = STEP_EOF};
    if (s->in < s->out) {
        return step_at(s, s->in);
    }
    return s->out >= s->steps->len ? &end : NULL;
}

static StreamStatus script_try_read(Stream *stream, void *buffer, size_t len, size_t *moved,
                                    GError **error)
{
    (void)error;
    Script *s = (Script *)stream;
    const Step *step = playable(s);
    if (!step || step->kind == STEP_STALL) {
        return STREAM_WANT_READ;
    }
    if (step->kind == STEP_EOF) {
        return STREAM_EOF;
    }
    size_t n = MIN(s->options.dribble ? 1 : len, step->data->len - s->in_offset);
    memcpy(buffer, step->data->data + s->in_offset, n);
    s->in_offset += n;
    if (s->in_offset == step->data->len) {
        s->in = seek(s, s->in + 1, false);
        s->in_offset = 0;
    }
    *moved = n;
    return STREAM_OK;
}

static bool script_has_pending(const Stream *stream)
{
    const Step *step = playable((const Script *)stream);
    return step && step->kind != STEP_STALL;
}

/* --- what we send --- */

#define MASK BYTES_LITERAL("*****")

static gssize find(Bytes haystack, Bytes needle)
{
    const char *at = memmem(haystack.data, haystack.len, needle.data, needle.len);
    return at ? at - haystack.data : -1;
}

static size_t same_length(Bytes a, Bytes b)
{
    size_t n = 0;
    while (n < a.len && n < b.len && a.data[n] == b.data[n]) {
        n++;
    }
    return n;
}

/* Is `sent` what is expected, where each MASK in the latter is anything? *ret_same is how far they
 * agree, as far as that can be told from what stands before the first MASK. */
static bool line_matches(Bytes expected, Bytes sent, size_t *ret_same)
{
    gssize mask = find(expected, MASK);
    Bytes piece = bytes_sub(expected, 0, mask < 0 ? expected.len : (size_t)mask);
    *ret_same = same_length(piece, sent);
    if (mask < 0 || *ret_same < piece.len) {
        return bytes_equal(expected, sent);
    }
    while (true) {
        sent = bytes_sub(sent, piece.len, sent.len);
        expected = bytes_sub(expected, piece.len + MASK.len, expected.len);
        mask = find(expected, MASK);
        piece = bytes_sub(expected, 0, mask < 0 ? expected.len : (size_t)mask);
        if (mask < 0) { /* the last piece stands at the end */
            return sent.len >= piece.len &&
                   bytes_equal(bytes_sub(sent, sent.len - piece.len, piece.len), piece);
        }
        gssize at = find(sent, piece);
        if (at < 0) {
            return false;
        }
        sent = bytes_sub(sent, (size_t)at, sent.len);
    }
}

static StreamStatus differs(const Step *step, Bytes sent, size_t same, GError **error)
{
    Bytes known = bytes_sub(sent, 0, same + 1);
    g_autofree char *expected =
        escape_line_max((Bytes){(const char *)step->data->data, step->data->len}, 200);
    g_autofree char *shown = escape_line_max(known, 200);
    error_fail(error, POSTERN_ERROR_DATA,
               "line %u of the script expects \"%s\", but what was sent begins \"%s\" and differs "
               "from octet %zu on",
               step->line, expected, shown, same + 1);
    return STREAM_FAILED;
}

/* Looks at what was gathered. Sets *complete when the step is done. */
static StreamStatus compare(const Script *s, const Step *step, bool *complete, GError **error)
{
    Bytes expected = {(const char *)step->data->data, step->data->len};
    Bytes sent = {(const char *)s->sent->data, s->sent->len};
    size_t same;
    if (step->kind == STEP_EXPECT_BYTES) {
        *complete = sent.len == expected.len;
        same = same_length(expected, sent);
        return s->options.loose || same == sent.len ? STREAM_OK : differs(step, sent, same, error);
    }
    *complete = sent.data[sent.len - 1] == '\n';
    if (!*complete || s->options.loose || line_matches(expected, sent, &same)) {
        return STREAM_OK;
    }
    return differs(step, sent, same, error);
}

static StreamStatus nothing_expected(const Script *s, size_t len, size_t *moved, GError **error)
{
    if (s->options.loose) {
        *moved = len;
        return STREAM_OK;
    }
    error_fail(error, POSTERN_ERROR_DATA,
               "the script expects nothing more to be sent, but %zu octets were", len);
    return STREAM_FAILED;
}

/* How many of the bytes belong to the step. */
static size_t share_of(const Script *s, const Step *step, Bytes data)
{
    if (step->kind == STEP_EXPECT_BYTES) {
        return MIN(data.len, step->data->len - s->sent->len);
    }
    gssize end = bytes_index(data, '\n');
    return end < 0 ? data.len : (size_t)end + 1;
}

static StreamStatus script_try_write(Stream *stream, const void *data, size_t len, size_t *moved,
                                     GError **error)
{
    Script *s = (Script *)stream;
    const Step *step = step_at(s, s->out);
    if (!step) {
        return nothing_expected(s, len, moved, error);
    }
    size_t n = share_of(s, step, (Bytes){data, s->options.dribble ? MIN(len, 1) : len});
    g_byte_array_append(s->sent, data, (guint)n);
    bool complete = false;
    if (compare(s, step, &complete, error) == STREAM_FAILED) {
        return STREAM_FAILED;
    }
    if (complete) {
        g_byte_array_set_size(s->sent, 0);
        s->out = seek(s, s->out + 1, true);
    }
    *moved = n;
    return STREAM_OK;
}

/* --- the stream --- */

static void step_clear(void *step)
{
    g_clear_pointer(&((Step *)step)->data, g_byte_array_unref);
}

static void script_destroy(Stream *stream)
{
    Script *s = (Script *)stream;
    g_array_unref(s->steps);
    g_byte_array_unref(s->sent);
}

static const StreamKind script_kind = {
    .name = "script",
    .try_read = script_try_read,
    .try_write = script_try_write,
    .has_pending = script_has_pending,
    .destroy = script_destroy,
};

Stream *script_stream(Bytes text, ScriptOptions options, GError **error)
{
    g_autoptr(GArray) steps = g_array_new(FALSE, FALSE, sizeof(Step));
    g_array_set_clear_func(steps, step_clear);
    if (!parse(steps, text, error)) {
        return NULL;
    }
    Script *s = g_new0(Script, 1);
    s->base = (Stream){.kind = &script_kind, .fd = -1};
    s->options = options;
    s->steps = g_steal_pointer(&steps);
    s->sent = g_byte_array_new();
    s->in = seek(s, 0, false);
    s->out = seek(s, 0, true);
    return &s->base;
}

bool script_finished(const Stream *stream, GError **error)
{
    const Script *s = (const Script *)stream;
    g_assert(stream->kind == &script_kind);
    const Step *ours = step_at(s, s->out);
    const Step *theirs = step_at(s, s->in);
    if (theirs && theirs->kind == STEP_SAY && (!ours || s->in < s->out)) {
        return error_fail(error, POSTERN_ERROR_DATA,
                          "what the peer says in line %u of the script was not read", theirs->line);
    }
    if (ours) {
        g_autofree char *expected =
            escape_line_max((Bytes){(const char *)ours->data->data, ours->data->len}, 200);
        return error_fail(error, POSTERN_ERROR_DATA,
                          "line %u of the script was never sent (whole): \"%s\"", ours->line,
                          expected);
    }
    return true;
}
