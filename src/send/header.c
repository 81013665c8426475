#include "send/header.h"

#include <string.h>

/* The end of the line that begins at `at`. */
static const char *line_end(const char *at, const char *end)
{
    const char *lf = memchr(at, '\n', (size_t)(end - at));
    return lf ? lf + 1 : end;
}

static bool in_name(char c)
{
    return c > 0x20 && c < 0x7f && c != ':';
}

/* "Name:" of printable ASCII; blanks before the colon are what RFC 5322 4.5 calls obsolete. NULL:
 * no field. */
static const char *name_end(const char *at, const char *end, const char **colon)
{
    const char *c = at;
    while (c < end && in_name(*c)) {
        c++;
    }
    const char *name = c;
    while (c < end && (*c == ' ' || *c == '\t')) {
        c++;
    }
    *colon = c;
    return c < end && *c == ':' && name > at ? name : NULL;
}

static Bytes without_end(Bytes text)
{
    size_t len = text.len;
    len -= len && text.data[len - 1] == '\n';
    len -= len && text.data[len - 1] == '\r';
    return bytes_sub(text, 0, len);
}

bool header_next(Bytes *rest, HeaderField *ret)
{
    if (!rest->len) {
        return false;
    }
    const char *at = rest->data, *end = at + rest->len, *colon;
    const char *name = name_end(at, end, &colon);
    if (!name) {
        return false;
    }
    const char *next = line_end(colon, end);
    while (next < end && (*next == ' ' || *next == '\t')) {
        next = line_end(next, end);
    }
    ret->whole = (Bytes){at, (size_t)(next - at)};
    ret->name = (Bytes){at, (size_t)(name - at)};
    ret->value = without_end((Bytes){colon + 1, (size_t)(next - colon - 1)});
    *rest = (Bytes){next, (size_t)(end - next)};
    return true;
}

Bytes header_split(Bytes message, Bytes *body)
{
    Bytes rest = message;
    HeaderField field;
    while (header_next(&rest, &field)) {
    }
    Bytes header = bytes_sub(message, 0, message.len - rest.len);
    if (body) {
        *body = bytes_sub(rest, bytes_starts(rest, "\r\n") ? 2 : 0, rest.len);
    }
    return header;
}

bool header_find(Bytes header, const char *name, HeaderField *ret)
{
    while (header_next(&header, ret)) {
        if (bytes_equal_ci(ret->name, name)) {
            return true;
        }
    }
    return false;
}

bool header_has(Bytes header, const char *name)
{
    HeaderField field;
    return header_find(header, name, &field);
}
