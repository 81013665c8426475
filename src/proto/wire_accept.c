/* wire_accept.c: the upgrade, seen from the server (the sandbox). */
#include "proto/wire_inside.h"

bool wire_accept_tls(Wire *w, TlsServer *server, size_t *ret_early, GError **error)
{
    *ret_early = 0;
    if (!w->stream) {
        return wire_gone(error);
    }
    wire_compact(w);
    /* Whatever came before the handshake was not protected: RFC 3207 section 4.2 has it thrown
     * away. */
    *ret_early = wire_buffer(w).len;
    g_byte_array_set_size(w->in, 0);
    w->start = w->scanned = 0;
    w->last_raw = BYTES_NONE;
    Stream *lower = w->stream;
    w->stream = NULL;
    w->stream = tls_server_accept(server, lower, wire_next_deadline(w), error);
    return w->stream != NULL;
}
