/* stream.h: a two-way run of bytes: a socket, a child's pipe, TLS, a script. All have this one
 * interface.
 *
 * A kind of stream implements the try_ operations, which never wait; the waiting is here, in one
 * place. A Stream that is laid over another (TLS, SOCKS) owns it. */
#pragma once

#include "base/bytes.h"
#include "io/io.h"

typedef struct Stream Stream;

typedef enum {
    STREAM_OK,         /* *moved bytes were moved, at least one */
    STREAM_EOF,        /* reading only: the other side is done */
    STREAM_WANT_READ,  /* nothing now: try again when fd is readable */
    STREAM_WANT_WRITE, /* nothing now: try again when fd is writable */
    STREAM_FAILED,     /* *error is set */
} StreamStatus;

typedef struct {
    const char *name; /* "tcp", "tls", "child", "script" */
    StreamStatus (*try_read)(Stream *s, void *buffer, size_t len, size_t *moved, GError **error);
    StreamStatus (*try_write)(Stream *s, const void *data, size_t len, size_t *moved,
                              GError **error);
    /* Says "no more from me" (FIN, close_notify). OK when said. May be NULL. */
    StreamStatus (*try_shutdown)(Stream *s, GError **error);
    /* Decoded bytes that are ready though the descriptor may not be readable. May be NULL: never.
     */
    bool (*has_pending)(const Stream *s);
    /* Releases what the kind owns, the lower stream too, but not the Stream itself. */
    void (*destroy)(Stream *s);
} StreamKind;

/* A kind embeds this as its first member. */
struct Stream {
    const StreamKind *kind;
    int fd; /* to wait on; -1 when it never has to wait, or has nothing to wait for (a stalled
               script) */
    Stream *lower; /* the stream below, or NULL; owned */
};

/* Reads at least one byte, at most len. *got is 0 only at the end of the stream. TIMEOUT,
 * CANCELLED, IO. Suspends. */
bool stream_read(Stream *s, void *buffer, size_t len, size_t *got, Deadline deadline,
                 GError **error);
/* What is there now, without waiting: *got is 0 when there is nothing or the end (then *eof is
 * true). */
bool stream_read_now(Stream *s, void *buffer, size_t len, size_t *got, bool *eof, GError **error);
/* Writes all of it. Suspends. */
bool stream_write(Stream *s, Bytes data, Deadline deadline, GError **error);
/* Says that no more will come from us. Suspends. */
bool stream_shutdown(Stream *s, Deadline deadline, GError **error);
bool stream_has_pending(const Stream *s);
/* Closes and frees; says no goodbye (see stream_shutdown). NULL is fine. */
void stream_free(Stream *s);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Stream, stream_free)

/* A connected socket or socketpair end: takes fd, makes it nonblocking, sets TCP_NODELAY where it
 * applies. */
Stream *stream_from_fd(int fd, GError **error);
