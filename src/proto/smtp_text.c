#include "proto/smtp_text.h"

#include <string.h>

#include "proto/dot_text.h"

enum {
    GATHERED_MAX = 256 * 1024, /* one write: what of a text with dots is copied together */
    BLOCK = 64,   /* octets looked at together, without a branch: compilers make vectors of that */
    SLACK = 1024, /* room for header fields that are added to a text later */
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

/* The last line end that a line beginning here may have is looked for, not each. */
bool smtp_text_has_long_line(Bytes text)
{
    enum { LINE_OCTETS = 998 + 2 };
    const char *at = text.data, *end = text.data + text.len;
    while (end - at > LINE_OCTETS) {
        const char *lf = memrchr(at, '\n', LINE_OCTETS);
        if (!lf) {
            return true;
        }
        at = lf + 1;
    }
    return false;
}

static size_t count(Bytes text, char c)
{
    size_t found = 0, i = 0;
    for (; i + BLOCK <= text.len; i += BLOCK) {
        unsigned char here = 0;
        for (size_t k = 0; k < BLOCK; k++) {
            here = (unsigned char)(here + (text.data[i + k] == c));
        }
        found += here;
    }
    for (; i < text.len; i++) {
        found += text.data[i] == c;
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
    if (!text.len) {
        return (SmtpTextFacts){.ends_in_line = true};
    }
    SmtpTextFacts facts = {
        .eight_bit = smtp_text_has_eight_bit(text),
        .nul = count(text, '\0'),
        .bare_cr = count_bare_cr(text),
    };
    const char *end = text.data + text.len, *line = text.data;
    while (line < end) {
        const char *lf = memchr(line, '\n', (size_t)(end - line));
        const char *stop = lf ? lf : end;
        bool crlf = lf && lf > text.data && lf[-1] == '\r';
        facts.bare_lf += lf && !crlf;
        size_t len = (size_t)(stop - line) - (crlf && lf > line);
        facts.longest_line = MAX(facts.longest_line, len);
        line = lf ? lf + 1 : end;
    }
    facts.ends_in_line = end[-1] == '\n';
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

/* Is there a NUL, an LF without a CR before it, or a CR without an LF behind? Looks at text[-1],
 * too. */
static unsigned char is_odd(const char *text)
{
    return (text[0] == '\0') | ((text[0] == '\n') ^ (text[-1] == '\r'));
}

/* No NUL, and an LF behind each CR and nowhere else: nearly every text. */
static bool is_clean(Bytes text)
{
    if (!text.len) {
        return true;
    }
    const char *c = text.data;
    unsigned char odd = c[0] == '\0' || c[0] == '\n' || c[text.len - 1] == '\r';
    size_t i = 1;
    for (; i + BLOCK <= text.len; i += BLOCK) {
        for (size_t k = 0; k < BLOCK; k++) {
            odd |= is_odd(c + i + k);
        }
    }
    for (; i < text.len; i++) {
        odd |= is_odd(c + i);
    }
    return !odd;
}

/* What is wrong, and where: the first of it, line by line. */
static bool find_fault(Bytes text, GError **error)
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

bool smtp_text_check(Bytes text, GError **error)
{
    return is_clean(text) || find_fault(text, error);
}

/* The next CR or LF, or the end. */
static const char *line_end(const char *at, const char *end)
{
    const char *lf = memchr(at, '\n', (size_t)(end - at));
    const char *stop = lf ? lf : end;
    const char *cr = memchr(at, '\r', (size_t)(stop - at));
    return cr ? cr : stop;
}

static char *put_line(char *to, const char *line, size_t len)
{
    memcpy(to, line, len);
    memcpy(to + len, "\r\n", 2);
    return to + len + 2;
}

GByteArray *smtp_text_normalise(Bytes text)
{
    size_t most = text.len + count(text, '\n') + count(text, '\r') + 2;
    GByteArray *out = g_byte_array_sized_new((guint)(most + SLACK));
    g_byte_array_set_size(out, (guint)most);
    char *to = (char *)out->data;
    const char *end = text.data + text.len, *at = text.data;
    if (text.len > 1 && !memcmp(end - 2, "\r\n", 2) && is_clean(text)) {
        memcpy(to, text.data, text.len);
        to += text.len;
        at = end;
    }
    while (at && at < end) {
        const char *stop = line_end(at, end);
        to = put_line(to, at, (size_t)(stop - at));
        at = stop + (stop + 1 < end && stop[0] == '\r' && stop[1] == '\n') + 1;
    }
    g_byte_array_set_size(out, (guint)(to - (char *)out->data));
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
