/* stream_fd.c: a connected socket as a stream. */
#include "io/stream_fd.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

/* Whose fault a failed operation is. What is not here is ours: IO. */
static PosternErrorCode code_of(int number)
{
    switch (number) {
    case ECONNRESET:
    case EPIPE:
    case ENOTCONN:
        return POSTERN_ERROR_EOF;
    case ETIMEDOUT:
        return POSTERN_ERROR_TIMEOUT;
    default:
        return POSTERN_ERROR_IO;
    }
}

static StreamStatus fail(const char *doing, GError **error)
{
    int number = errno;
    error_fail(error, code_of(number), "%s: %s", doing, g_strerror(number));
    return STREAM_FAILED;
}

StreamStatus fd_try_read(int fd, void *buffer, size_t len, size_t *moved, GError **error)
{
    while (true) {
        ssize_t n = recv(fd, buffer, len, 0);
        if (n > 0) {
            *moved = (size_t)n;
            return STREAM_OK;
        }
        if (n == 0) {
            return STREAM_EOF;
        }
        if (errno == EAGAIN) {
            return STREAM_WANT_READ;
        }
        if (errno != EINTR) {
            return fail("reading from the connection", error);
        }
    }
}

StreamStatus fd_try_write(int fd, const void *data, size_t len, size_t *moved, GError **error)
{
    while (true) {
        ssize_t n = send(fd, data, len, MSG_NOSIGNAL);
        if (n >= 0) {
            *moved = (size_t)n;
            return STREAM_OK;
        }
        if (errno == EAGAIN) {
            return STREAM_WANT_WRITE;
        }
        if (errno != EINTR) {
            return fail("writing to the connection", error);
        }
    }
}

StreamStatus fd_try_shutdown(int fd, GError **error)
{
    /* ENOTCONN: the peer has reset it already; nobody is left to tell. */
    if (shutdown(fd, SHUT_WR) < 0 && errno != ENOTCONN) {
        return fail("closing the connection", error);
    }
    return STREAM_OK;
}

static StreamStatus socket_try_read(Stream *s, void *buffer, size_t len, size_t *moved,
                                    GError **error)
{
    return fd_try_read(s->fd, buffer, len, moved, error);
}

static StreamStatus socket_try_write(Stream *s, const void *data, size_t len, size_t *moved,
                                     GError **error)
{
    return fd_try_write(s->fd, data, len, moved, error);
}

static StreamStatus socket_try_shutdown(Stream *s, GError **error)
{
    return fd_try_shutdown(s->fd, error);
}

static void socket_destroy(Stream *s)
{
    close(s->fd);
}

static const StreamKind socket_kind = {
    .name = "tcp",
    .try_read = socket_try_read,
    .try_write = socket_try_write,
    .try_shutdown = socket_try_shutdown,
    .destroy = socket_destroy,
};

Stream *stream_from_fd(int fd, GError **error)
{
    if (!io_make_nonblocking(fd, error)) {
        close(fd);
        return NULL;
    }
    /* Fails on a unix socket, which never delays anything. */
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    Stream *s = g_new0(Stream, 1);
    s->kind = &socket_kind;
    s->fd = fd;
    return s;
}
