/* pop3d_body.c: messages on their way to POP3 clients. */
#include <string.h>

#include "proto/dot_text.h"
#include "server/pop3d.h"

bool pop3d_send_body(Guest *g, Bytes text, GError **error)
{
    bool stuffing = !guest_fault(g, "no-dot-stuffing");
    size_t at = 0;
    bool dot;
    for (Bytes run; dot_text_next(text, &at, &dot, &run);) {
        if ((dot && stuffing && !guest_send(g, BYTES_LITERAL("."), error)) ||
            !guest_send(g, run, error)) {
            return false;
        }
    }
    guest_tell_payload(g, text);
    Bytes end = guest_fault(g, "bad-dot") ? BYTES_LITERAL("\n.\n") : dot_text_end(text);
    return guest_send(g, end, error);
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
