#include "proto/pop3_body.h"

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

void pop3_body_begin(Pop3Body *body)
{
    body->state = BEGINNING;
}

bool pop3_body_ended(const Pop3Body *body)
{
    return body->state == ENDED;
}

static int state_behind(Bytes text)
{
    char last = text.data[text.len - 1];
    bool crlf = last == '\n' && text.len > 1 && text.data[text.len - 2] == '\r';
    return crlf ? BEGINNING : last == '\r' ? AFTER_CR : MIDDLE;
}

/* How many octets stand in front of the next dot that begins a line. */
static size_t length_of_text(Bytes in)
{
    size_t from = 0;
    const char *dot;
    while ((dot = memchr(in.data + from, '.', in.len - from))) {
        size_t at = (size_t)(dot - in.data);
        if (at >= 2 && dot[-1] == '\n' && dot[-2] == '\r') {
            return at;
        }
        from = at + 1;
    }
    return in.len;
}

/* One octet where the state counts: at the seams of pieces, and around dots. True when `text` was
 * set. */
static bool step(Pop3Body *body, Bytes *in, Bytes *text)
{
    char c = in->data[0];
    if (body->state == DOT_CR && c != '\n') { /* the CR was text; c is looked at once more */
        *text = BYTES_LITERAL("\r");
        body->state = AFTER_CR;
        return true;
    }
    *text = bytes_sub(*in, 0, 1);
    *in = bytes_sub(*in, 1, in->len);
    switch (body->state) {
    case AFTER_CR:
        body->state = c == '\n' ? BEGINNING : c == '\r' ? AFTER_CR : MIDDLE;
        return true;
    case BEGINNING:
        body->state = c == '.' ? DOT : c == '\r' ? AFTER_CR : MIDDLE;
        return c != '.';
    case DOT:
        body->state = c == '\r' ? DOT_CR : MIDDLE;
        return c != '\r';
    default:
        body->state = ENDED;
        return false;
    }
}

bool pop3_body_text(Pop3Body *body, Bytes *in, Bytes *text)
{
    while (in->len && body->state != ENDED) {
        if (body->state != MIDDLE) {
            if (step(body, in, text)) {
                return true;
            }
            continue;
        }
        *text = bytes_sub(*in, 0, length_of_text(*in));
        *in = bytes_sub(*in, text->len, in->len);
        body->state = state_behind(*text);
        return true;
    }
    return false;
}
