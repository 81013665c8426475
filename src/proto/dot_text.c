#include "proto/dot_text.h"

#include <string.h>

/* What was seen last. */
enum {
    MIDDLE,    /* within a line */
    AFTER_CR,  /* a CR */
    BEGINNING, /* CRLF */
    DOT,       /* CRLF "." */
    DOT_CR,    /* CRLF "." CR */
    ENDED,
};

void dot_reader_begin(DotReader *reader)
{
    reader->state = BEGINNING;
}

bool dot_reader_ended(const DotReader *reader)
{
    return reader->state == ENDED;
}

static int state_behind(Bytes text)
{
    char last = text.data[text.len - 1];
    bool crlf = last == '\n' && text.len > 1 && text.data[text.len - 2] == '\r';
    return crlf ? BEGINNING : last == '\r' ? AFTER_CR : MIDDLE;
}

/* Where the next dot behind a CRLF stands, from `from` on: text.len when there is none. */
static size_t next_dot(Bytes text, size_t from)
{
    const char *dot;
    while ((dot = memchr(text.data + from, '.', text.len - from))) {
        size_t at = (size_t)(dot - text.data);
        if (at >= 2 && dot[-1] == '\n' && dot[-2] == '\r') {
            return at;
        }
        from = at + 1;
    }
    return text.len;
}

/* One octet where the state counts: at the seams of pieces, and around dots. True when `text` was
 * set. */
static bool step(DotReader *reader, Bytes *in, Bytes *text)
{
    char c = in->data[0];
    if (reader->state == DOT_CR && c != '\n') { /* the CR was text; c is looked at once more */
        *text = BYTES_LITERAL("\r");
        reader->state = AFTER_CR;
        return true;
    }
    *text = bytes_sub(*in, 0, 1);
    *in = bytes_sub(*in, 1, in->len);
    switch (reader->state) {
    case AFTER_CR:
        reader->state = c == '\n' ? BEGINNING : c == '\r' ? AFTER_CR : MIDDLE;
        return true;
    case BEGINNING:
        reader->state = c == '.' ? DOT : c == '\r' ? AFTER_CR : MIDDLE;
        return c != '.';
    case DOT:
        reader->state = c == '\r' ? DOT_CR : MIDDLE;
        return c != '\r';
    default:
        reader->state = ENDED;
        return false;
    }
}

bool dot_reader_text(DotReader *reader, Bytes *in, Bytes *text)
{
    while (in->len && reader->state != ENDED) {
        if (reader->state != MIDDLE) {
            if (step(reader, in, text)) {
                return true;
            }
            continue;
        }
        *text = bytes_sub(*in, 0, next_dot(*in, 0));
        *in = bytes_sub(*in, text->len, in->len);
        reader->state = state_behind(*text);
        return true;
    }
    return false;
}

bool dot_text_next(Bytes text, size_t *at, bool *dot, Bytes *run)
{
    if (*at == text.len) {
        return false;
    }
    size_t begin = *at;
    *dot = text.data[begin] == '.'; /* at the front, or where the last run stopped */
    *at = next_dot(text, begin + *dot);
    *run = bytes_sub(text, begin, *at - begin);
    return true;
}

Bytes dot_text_end(Bytes text)
{
    bool line_ends =
        !text.len || (text.len >= 2 && memcmp(text.data + text.len - 2, "\r\n", 2) == 0);
    return !line_ends ? BYTES_LITERAL("\r\n.\r\n") : BYTES_LITERAL(".\r\n");
}
