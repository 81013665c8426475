#include "proto/smtp_text.h"

#include <string.h>

#include "proto/dot_text.h"

enum {
    GATHERED_MAX = 256 * 1024, /* one write: what of a text with dots is copied together */
};

/* --- looking --- */

/* Eight octets at a time: this looks at every octet of every message. */
bool smtp_text_has_eight_bit(Bytes text)
{
    uint64_t all = 0, word;
    size_t i = 0;
    for (; i + sizeof word <= text.len; i += sizeof word) {
        memcpy(&word, text.data + i, sizeof word);
        all |= word;
    }
    for (; i < text.len; i++) {
        all |= (unsigned char)text.data[i];
    }
    return all & 0x8080808080808080u;
}

static size_t count(Bytes text, char c)
{
    size_t found = 0;
    const char *end = text.data + text.len;
    for (const char *at = text.data; at && at < end; at++) {
        at = memchr(at, c, (size_t)(end - at));
        if (!at) {
            break;
        }
        found++;
    }
    return found;
}

/* A CR without LF. */
static size_t count_bare_cr(Bytes text)
{
    size_t found = 0;
    const char *end = text.data + text.len;
    for (const char *at = text.data; at && at < end; at++) {
        at = memchr(at, '\r', (size_t)(end - at));
        if (!at) {
            break;
        }
        found += at + 1 == end || at[1] != '\n';
    }
    return found;
}

SmtpTextFacts smtp_text_facts(Bytes text)
{
    SmtpTextFacts facts = {
        .eight_bit = smtp_text_has_eight_bit(text),
        .nul = count(text, '\0'),
        .bare_cr = count_bare_cr(text),
    };
    const char *end = text.data + text.len, *line = text.data;
    while (line && line < end) {
        const char *lf = memchr(line, '\n', (size_t)(end - line));
        const char *stop = lf ? lf : end;
        bool crlf = lf && lf > text.data && lf[-1] == '\r';
        facts.bare_lf += lf && !crlf;
        size_t len = (size_t)(stop - line) - (crlf && lf > line);
        facts.longest_line = MAX(facts.longest_line, len);
        line = lf ? lf + 1 : end;
    }
    facts.ends_in_line = !text.len || text.data[text.len - 1] == '\n';
    return facts;
}

static bool refuse(Bytes text, const char *at, const char *what, GError **error)
{
    Bytes before = {text.data, (size_t)(at - text.data)};
    return error_fail(error, POSTERN_ERROR_DATA,
                      "line %zu of the message holds %s (octet %zu): servers disagree about where "
                      "a line ends there, and a second message could be smuggled in; nothing was "
                      "sent",
                      count(before, '\n') + 1, what, before.len + 1);
}

bool smtp_text_check(Bytes text, GError **error)
{
    const char *end = text.data + text.len;
    const char *nul = text.len ? memchr(text.data, '\0', text.len) : NULL;
    if (nul) {
        return refuse(text, nul, "a NUL", error);
    }
    const char *at = text.data;
    while (at && at < end) {
        const char *lf = memchr(at, '\n', (size_t)(end - at));
        const char *cr = memchr(at, '\r', (size_t)((lf ? lf : end) - at));
        if (lf && !cr) {
            return refuse(text, lf, "a bare LF", error);
        }
        if (cr && cr + 1 != lf) {
            return refuse(text, cr, "a bare CR", error);
        }
        at = lf ? lf + 1 : end;
    }
    return true;
}

/* The next CR or LF, or the end. */
static const char *line_end(const char *at, const char *end)
{
    const char *lf = memchr(at, '\n', (size_t)(end - at));
    const char *stop = lf ? lf : end;
    const char *cr = memchr(at, '\r', (size_t)(stop - at));
    return cr ? cr : stop;
}

GByteArray *smtp_text_normalise(Bytes text)
{
    /* Room for a CR before each LF of lines of usual length, so that it is not moved while it
     * grows. */
    GByteArray *out = g_byte_array_sized_new((guint)(text.len + text.len / 24 + 64));
    const char *end = text.data + text.len;
    for (const char *at = text.data; at && at < end;) {
        const char *stop = line_end(at, end);
        g_byte_array_append(out, (const guint8 *)at, (guint)(stop - at));
        g_byte_array_append(out, (const guint8 *)"\r\n", 2);
        at = stop + (stop + 1 < end && stop[0] == '\r' && stop[1] == '\n') + 1;
    }
    return out;
}

/* --- sending --- */

static bool flush(Wire *w, GString *gathered, GError **error)
{
    bool ok = !gathered->len || wire_send_bytes(w, bytes_of_string(gathered), false, error);
    g_string_truncate(gathered, 0);
    return ok;
}

/* Small pieces are gathered; a large one goes out from where it lies. */
static bool put(Wire *w, GString *gathered, Bytes piece, GError **error)
{
    if (gathered->len + piece.len > GATHERED_MAX && !flush(w, gathered, error)) {
        return false;
    }
    if (piece.len > GATHERED_MAX / 2) {
        return flush(w, gathered, error) && wire_send_bytes(w, piece, false, error);
    }
    g_string_append_len(gathered, piece.data, (gssize)piece.len);
    return true;
}

bool smtp_text_send(Wire *w, Bytes text, GError **error)
{
    g_autoptr(GString) gathered = g_string_sized_new(MIN(text.len, (size_t)GATHERED_MAX) + 64);
    size_t at = 0;
    bool dot;
    for (Bytes run; dot_text_next(text, &at, &dot, &run);) {
        if ((dot && !put(w, gathered, BYTES_LITERAL("."), error)) ||
            !put(w, gathered, run, error)) {
            return false;
        }
    }
    return put(w, gathered, dot_text_end(text), error) && flush(w, gathered, error);
}
