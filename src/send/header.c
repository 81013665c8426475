#include "send/header.h"

#include <string.h>

/* The length of the line at the front, its end included. */
static size_t line_length(Bytes text)
{
    const char *lf = text.len ? memchr(text.data, '\n', text.len) : NULL;
    return lf ? (size_t)(lf - text.data) + 1 : text.len;
}

/* "Name:" of printable ASCII; blanks before the colon are what RFC 5322 4.5 calls obsolete. 0: no
 * field. */
static size_t name_length(Bytes line, size_t *colon)
{
    size_t i = 0;
    while (i < line.len && line.data[i] > 0x20 && line.data[i] < 0x7f && line.data[i] != ':') {
        i++;
    }
    size_t name = i;
    while (i < line.len && (line.data[i] == ' ' || line.data[i] == '\t')) {
        i++;
    }
    *colon = i;
    return i < line.len && line.data[i] == ':' ? name : 0;
}

static bool continues(Bytes text, size_t at)
{
    return at < text.len && (text.data[at] == ' ' || text.data[at] == '\t');
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
    size_t len = line_length(*rest), colon;
    size_t name = name_length(bytes_sub(*rest, 0, len), &colon);
    if (!name) {
        return false;
    }
    while (continues(*rest, len)) {
        len += line_length(bytes_sub(*rest, len, rest->len));
    }
    ret->whole = bytes_sub(*rest, 0, len);
    ret->name = bytes_sub(*rest, 0, name);
    ret->value = without_end(bytes_sub(ret->whole, colon + 1, len));
    *rest = bytes_sub(*rest, len, rest->len);
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
