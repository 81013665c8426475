/* child.c: a program as a stream. */
#include "io/child.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/secret.h"
#include "io/spawn.h"
#include "io/stream_fd.h"

#define SAID_MAX 2048
/* Of a kilobyte each: twice what a pipe holds. Who writes faster than we read must not keep us
 * here. */
#define DRAIN_READS 128
/* What was written last (QUIT, close_notify) shall still go through the tunnel. */
#define PATIENCE 0.05

typedef struct {
    Stream base;
    pid_t pid;
    int end_fd;
    int err_fd; /* its standard error, nonblocking; -1 once at its end */
    bool ended;
    int status;
    GByteArray *said; /* the last SAID_MAX bytes of it */
} Child;

/* --- standard error --- */

static void keep(GByteArray *said, const char *data, size_t len)
{
    g_byte_array_append(said, (const guint8 *)data, (guint)len);
    if (said->len > SAID_MAX) {
        g_byte_array_remove_range(said, 0, said->len - SAID_MAX);
    }
}

/* Takes what is there: a child whose complaints nobody reads would block. */
static void drain(Child *c)
{
    char buffer[1024];
    for (int i = 0; i < DRAIN_READS && c->err_fd >= 0; i++) {
        ssize_t n = read(c->err_fd, buffer, sizeof buffer);
        if (n > 0) {
            keep(c->said, buffer, (size_t)n);
        } else if (n < 0 && errno == EAGAIN) {
            return;
        } else if (n == 0 || errno != EINTR) {
            close(c->err_fd);
            c->err_fd = -1;
        }
    }
}

/* --- the stream --- */

static StreamStatus child_try_read(Stream *s, void *buffer, size_t len, size_t *moved,
                                   GError **error)
{
    drain((Child *)s);
    return fd_try_read(s->fd, buffer, len, moved, error);
}

static StreamStatus child_try_write(Stream *s, const void *data, size_t len, size_t *moved,
                                    GError **error)
{
    drain((Child *)s);
    return fd_try_write(s->fd, data, len, moved, error);
}

static StreamStatus child_try_shutdown(Stream *s, GError **error)
{
    return fd_try_shutdown(s->fd, error);
}

static void child_destroy(Stream *s)
{
    Child *c = (Child *)s;
    close(s->fd);
    if (c->err_fd >= 0) {
        close(c->err_fd);
    }
    if (!c->ended) {
        spawn_end(c->pid, c->end_fd, PATIENCE);
    }
    close(c->end_fd);
    g_byte_array_unref(c->said);
}

static const StreamKind child_kind = {
    .name = "child",
    .try_read = child_try_read,
    .try_write = child_try_write,
    .try_shutdown = child_try_shutdown,
    .destroy = child_destroy,
};

static const Child *child_of(const Stream *s)
{
    g_assert(s->kind == &child_kind);
    return (const Child *)s;
}

/* --- starting --- */

typedef struct {
    int socket[2]; /* ours, the child's */
    int error[2];  /* ours, the child's */
} Ends;

static void close_all(const int *fds, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (fds[i] >= 0) {
            close(fds[i]);
        }
    }
}

static bool open_ends(Ends *ends, GError **error)
{
    *ends = (Ends){{-1, -1}, {-1, -1}};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends->socket) < 0 ||
        pipe2(ends->error, O_CLOEXEC) < 0 ||
        (ends->socket[1] = spawn_lift_fd(ends->socket[1])) < 0 ||
        (ends->error[1] = spawn_lift_fd(ends->error[1])) < 0 ||
        (ends->socket[0] = spawn_lift_fd(ends->socket[0])) < 0 ||
        (ends->error[0] = spawn_lift_fd(ends->error[0])) < 0) {
        return error_fail(error, POSTERN_ERROR_IO, "no descriptors for a child: %s",
                          g_strerror(errno));
    }
    /* Only our ends: the child expects its own to block. */
    return io_make_nonblocking(ends->socket[0], error) &&
           io_make_nonblocking(ends->error[0], error);
}

Stream *child_stream(const char *const *argv, GError **error)
{
    Ends ends;
    Child *c = g_new0(Child, 1);
    bool ok = open_ends(&ends, error);
    if (ok) {
        SpawnPlan plan = {argv, ends.socket[1], ends.socket[1], ends.error[1], true};
        ok = spawn_start(&plan, &c->pid, &c->end_fd, error);
    }
    close_all((int[]){ends.socket[1], ends.error[1]}, 2);
    if (!ok) {
        close_all((int[]){ends.socket[0], ends.error[0]}, 2);
        g_free(c);
        return NULL;
    }
    c->base = (Stream){.kind = &child_kind, .fd = ends.socket[0]};
    c->err_fd = ends.error[0];
    c->said = g_byte_array_new();
    return &c->base;
}

/* --- asking --- */

char *child_said(const Stream *s)
{
    const Child *c = child_of(s);
    drain((Child *)c);
    g_autofree char *text = escape_text((Bytes){(const char *)c->said->data, c->said->len});
    return g_strdup(g_strstrip(text));
}

bool child_ended(Stream *s, int *ret_status)
{
    Child *c = (Child *)child_of(s);
    c->ended = c->ended || spawn_reap(c->pid, &c->status);
    *ret_status = c->status;
    return c->ended;
}

int child_end_fd(const Stream *s)
{
    return child_of(s)->end_fd;
}

bool child_wait(Stream *s, Deadline deadline, int *ret_status, GError **error)
{
    const Child *c = child_of(s);
    while (!child_ended(s, ret_status)) {
        drain((Child *)c);
        IoWait waits[] = {
            {.fd = c->end_fd, .want_read = true},
            {.fd = c->err_fd, .want_read = true},
        };
        if (!io_wait_any(waits, G_N_ELEMENTS(waits), deadline, error)) {
            return false;
        }
    }
    return true;
}

/* --- secrets --- */

/* Reads to the end. *len is max + 1 when there was more than max. */
static bool read_secret(int fd, char *buffer, size_t max, size_t *len, Deadline deadline,
                        GError **error)
{
    *len = 0;
    while (*len <= max) {
        ssize_t n = read(fd, buffer + *len, max + 1 - *len);
        if (n == 0) {
            return true;
        }
        if (n > 0) {
            *len += (size_t)n;
        } else if (errno == EAGAIN) {
            if (!io_wait_read(fd, deadline, error)) {
                return false;
            }
        } else if (errno != EINTR) {
            return error_fail(error, POSTERN_ERROR_IO, "reading what the command gives: %s",
                              g_strerror(errno));
        }
    }
    return true;
}

static size_t cut_line_end(const char *text, size_t len)
{
    if (len > 0 && text[len - 1] == '\n') {
        len--;
        return len > 0 && text[len - 1] == '\r' ? len - 1 : len;
    }
    return len;
}

static Secret *take_secret(int fd, pid_t pid, int end_fd, size_t max, Deadline deadline,
                           GError **error)
{
    g_autofree char *buffer = g_malloc(max + 1);
    size_t len = 0;
    int status = 0;
    bool ok = read_secret(fd, buffer, max, &len, deadline, error);
    if (ok && len <= max) {
        /* The end of its output comes a moment before its own. */
        ok = io_wait_read(end_fd, deadline, error);
    }
    bool reaped = ok && spawn_reap(pid, &status);
    if (!reaped) {
        spawn_end(pid, end_fd, 0);
    }
    size_t cut = cut_line_end(buffer, len);
    Secret *secret = NULL;
    if (ok && len > max) {
        error_fail(error, POSTERN_ERROR_CONFIG, "the command gives more than %zu octets", max);
    } else if (ok && status != 0) {
        error_fail(error, POSTERN_ERROR_CONFIG, "the command failed with status %d", status);
    } else if (ok && cut == 0) {
        error_fail(error, POSTERN_ERROR_CONFIG, "the command gives nothing");
    } else if (ok) {
        secret = secret_new(buffer, cut);
    }
    secret_wipe(buffer, max + 1);
    return secret;
}

static int open_stdin(void)
{
    return isatty(STDIN_FILENO) ? -1 : spawn_lift_fd(open("/dev/null", O_RDONLY | O_CLOEXEC));
}

Secret *child_secret(const char *command, size_t max, Deadline deadline, GError **error)
{
    int out[2] = {-1, -1};
    if (pipe2(out, O_CLOEXEC) < 0 || (out[1] = spawn_lift_fd(out[1])) < 0 ||
        !io_make_nonblocking(out[0], NULL)) {
        error_fail(error, POSTERN_ERROR_IO, "no descriptors for a child: %s", g_strerror(errno));
        close_all(out, 2);
        return NULL;
    }
    const char *const argv[] = {"/bin/sh", "-c", command, NULL};
    SpawnPlan plan = {argv, open_stdin(), out[1], -1, false};
    pid_t pid;
    int end_fd = -1;
    Secret *secret = NULL;
    bool started = spawn_start(&plan, &pid, &end_fd, error);
    close_all((int[]){plan.in, out[1]}, 2);
    if (started) {
        secret = take_secret(out[0], pid, end_fd, max, deadline, error);
        close(end_fd);
    }
    close(out[0]);
    return secret;
}

/* A command that does not want to read all of it is no failure: its status tells. Suspends. */
static bool write_secret(int fd, Bytes data, Deadline deadline, GError **error)
{
    while (data.len > 0) {
        ssize_t n = write(fd, data.data, data.len);
        if (n >= 0) {
            data = bytes_sub(data, (size_t)n, data.len);
        } else if (errno == EAGAIN) {
            IoWait w = {.fd = fd, .want_write = true};
            if (!io_wait_any(&w, 1, deadline, error)) {
                return false;
            }
        } else if (errno == EPIPE) {
            return true;
        } else if (errno != EINTR) {
            return error_fail(error, POSTERN_ERROR_IO, "writing to the command: %s",
                              g_strerror(errno));
        }
    }
    return true;
}

static bool feed(int *in, const Secret *input, pid_t pid, int end_fd, Deadline deadline,
                 GError **error)
{
    int status = 0;
    bool ok = write_secret(*in, input ? secret_reveal(input) : BYTES_NONE, deadline, error);
    close(*in);
    *in = -1;
    ok = ok && io_wait_read(end_fd, deadline, error);
    bool reaped = ok && spawn_reap(pid, &status);
    if (!reaped) {
        spawn_end(pid, end_fd, 0);
    }
    return ok && (status == 0 || error_fail(error, POSTERN_ERROR_CONFIG,
                                            "the command failed with status %d", status));
}

bool child_feed(const char *command, const Secret *input, Deadline deadline, GError **error)
{
    int in[2] = {-1, -1};
    int nothing = spawn_lift_fd(open("/dev/null", O_WRONLY | O_CLOEXEC));
    if (nothing < 0 || pipe2(in, O_CLOEXEC) < 0 || (in[0] = spawn_lift_fd(in[0])) < 0 ||
        (in[1] = spawn_lift_fd(in[1])) < 0 || !io_make_nonblocking(in[1], NULL)) {
        error_fail(error, POSTERN_ERROR_IO, "no descriptors for a child: %s", g_strerror(errno));
        close_all((int[]){in[0], in[1], nothing}, 3);
        return false;
    }
    const char *const argv[] = {"/bin/sh", "-c", command, NULL};
    SpawnPlan plan = {argv, in[0], nothing, -1, false};
    pid_t pid;
    int end_fd = -1;
    bool ok = spawn_start(&plan, &pid, &end_fd, error);
    close_all((int[]){in[0], nothing}, 2);
    if (ok) {
        ok = feed(&in[1], input, pid, end_fd, deadline, error);
        close(end_fd);
    }
    close_all(&in[1], 1);
    return ok;
}
