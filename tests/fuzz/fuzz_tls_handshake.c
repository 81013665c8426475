/* What a server says instead of a handshake: the client must fail in words, whatever it is, and
 * never wait or go on. */
#include <string.h>

#include "tls/engine.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A stream that says these bytes, then closes; what is written to it is gone. */
typedef struct {
    Stream stream;
    Bytes rest;
} Said;

static StreamStatus try_read(Stream *s, void *buffer, size_t len, size_t *moved, GError **error)
{
    (void)error;
    Said *said = (Said *)s;
    *moved = MIN(len, said->rest.len);
    if (*moved == 0) {
        return STREAM_EOF;
    }
    memcpy(buffer, said->rest.data, *moved);
    said->rest = bytes_sub(said->rest, *moved, said->rest.len - *moved);
    return STREAM_OK;
}

static StreamStatus try_write(Stream *s, const void *data, size_t len, size_t *moved,
                              GError **error)
{
    (void)s, (void)data, (void)error;
    *moved = len;
    return STREAM_OK;
}

static void destroy(Stream *s)
{
    (void)s;
}

static const StreamKind said_kind = {
    .name = "said", .try_read = try_read, .try_write = try_write, .destroy = destroy};

static void harmless_line(void *user, const char *line)
{
    (void)user;
    for (const char *at = line; *at; at++) {
        g_assert_false(g_ascii_iscntrl(*at));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Said *said = g_new0(Said, 1);
    said->stream = (Stream){.kind = &said_kind, .fd = -1};
    said->rest = (Bytes){(const char *)data, size};
    TlsPlan plan = {.min = TLS_1_0, .scts = true, .trace = true, .trace_line = harmless_line};
    TlsPeer *peer = NULL;
    g_autoptr(GError) error = NULL;
    Stream *s = tls_client(&said->stream, &plan, "mail.test", &peer, deadline_in(5), &error);
    g_assert_null(s); /* nobody can finish a handshake without having seen our ClientHello */
    g_assert_nonnull(error);
    g_assert_null(strchr(error->message, '\x1b'));
    tls_peer_free(peer);
    return 0;
}
