/* pop3d_body.c: messages on their way to POP3 clients. */
#include <string.h>

#include "server/pop3d.h"

/* Where the next line begins with a dot, from `from` (a line's beginning when `fresh`) on; text.len
 * when nowhere. */
static size_t next_dot(Bytes text, size_t from)
{
    if (from < text.len && text.data[from] == '.' && (from == 0 || text.data[from - 1] == '\n')) {
        return from;
    }
    while (from < text.len) {
        const char *end = memchr(text.data + from, '\n', text.len - from);
        if (!end || end + 1 == text.data + text.len) {
            return text.len;
        }
        from = (size_t)(end + 1 - text.data);
        if (text.data[from] == '.') {
            return from;
        }
    }
    return text.len;
}

bool pop3d_send_body(Guest *g, Bytes text, GError **error)
{
    size_t at = 0;
    if (guest_fault(g, "no-dot-stuffing")) {
        if (!guest_send(g, text, error)) {
            return false;
        }
        at = text.len;
    }
    while (at < text.len) {
        size_t dot = next_dot(text, at);
        if (dot == at) {
            /* The dot itself goes out with what follows it; here goes the one before it. */
            size_t next = next_dot(text, at + 1);
            if (!guest_send(g, BYTES_LITERAL("."), error) ||
                !guest_send(g, bytes_sub(text, at, next - at), error)) {
                return false;
            }
            at = next;
        } else {
            if (!guest_send(g, bytes_sub(text, at, dot - at), error)) {
                return false;
            }
            at = dot;
        }
    }
    bool ends = text.len >= 2 && memcmp(text.data + text.len - 2, "\r\n", 2) == 0;
    bool bad_dot = guest_fault(g, "bad-dot") != NULL;
    guest_tell_payload(g, text);
    return guest_send(
        g, bytes_of(ends || text.len == 0 ? (bad_dot ? "\n.\n" : ".\r\n") : "\r\n.\r\n"), error);
}

Bytes pop3d_top(Bytes text, uint64_t lines)
{
    size_t at = 0;
    bool in_body = false;
    while (at < text.len && !(in_body && lines == 0)) {
        const char *end = memchr(text.data + at, '\n', text.len - at);
        size_t next = end ? (size_t)(end + 1 - text.data) : text.len;
        Bytes line = bytes_sub(text, at, next - at);
        lines -= in_body;
        in_body = in_body || bytes_trim(line).len == 0;
        at = next;
    }
    return bytes_sub(text, 0, at);
}
