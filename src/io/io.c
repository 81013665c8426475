/* io.c: the one suspension point: poll(2) here, or parking in sched.c. */
#include "io/io.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>

#include "io/task.h"

/* The root task's; one a thread, like the scheduler. */
static _Thread_local int interrupt_fd = -1;

void io_interrupt_on(int fd)
{
    interrupt_fd = fd;
}

int io_interrupt_fd(void)
{
    return interrupt_fd;
}

static _Thread_local void (*meanwhile)(void);

void io_meanwhile(void (*work)(void))
{
    meanwhile = work;
}

void io_before_waiting(void)
{
    void (*work)(void) = meanwhile;
    meanwhile = NULL;
    if (work) {
        work();
    }
}

static short poll_events(const IoWait *w)
{
    return (short)((w->want_read ? POLLIN : 0) | (w->want_write ? POLLOUT : 0));
}

/* An error or hang-up makes ready what was wanted: the operation that follows will say what is
 * wrong. */
static bool take_events(IoWait *w, short events)
{
    short broken = events & (POLLERR | POLLHUP | POLLNVAL);
    w->ready_read = w->want_read && (events & POLLIN || broken);
    w->ready_write = w->want_write && (events & POLLOUT || broken);
    return w->ready_read || w->ready_write;
}

typedef enum { POLL_READY, POLL_TIMED_OUT, POLL_INTERRUPTED, POLL_FAILED } PollResult;

/* fds has room for n + 1. */
static PollResult poll_until(struct pollfd *fds, IoWait *waits, size_t n, Deadline deadline,
                             int watch)
{
    for (size_t i = 0; i < n; i++) {
        short events = poll_events(&waits[i]);
        fds[i] = (struct pollfd){.fd = events ? waits[i].fd : -1, .events = events};
    }
    fds[n] = (struct pollfd){.fd = watch, .events = POLLIN};

    while (true) {
        int got = poll(fds, n + 1, deadline_poll_ms(deadline));
        if (got < 0 && errno != EINTR) {
            return POLL_FAILED;
        }
        if (got > 0 && fds[n].revents) {
            return POLL_INTERRUPTED;
        }
        bool ready = false;
        for (size_t i = 0; got > 0 && i < n; i++) {
            ready |= take_events(&waits[i], fds[i].revents);
        }
        if (ready) {
            return POLL_READY;
        }
        if (got <= 0 && deadline_passed(deadline)) {
            return POLL_TIMED_OUT;
        }
    }
}

static PollResult poll_wait(IoWait *waits, size_t n, Deadline deadline, int watch)
{
    if (!deadline_passed(deadline)) {
        io_before_waiting();
    }
    struct pollfd few[8];
    if (n < G_N_ELEMENTS(few)) {
        return poll_until(few, waits, n, deadline, watch);
    }
    g_autofree struct pollfd *many = g_new(struct pollfd, n + 1);
    return poll_until(many, waits, n, deadline, watch);
}

static bool fail_timeout(GError **error)
{
    return error_fail(error, POSTERN_ERROR_TIMEOUT, "timed out");
}

static bool fail_cancelled(GError **error)
{
    return error_fail(error, POSTERN_ERROR_CANCELLED, "interrupted");
}

static bool wait_by_poll(IoWait *waits, size_t n, Deadline deadline, int watch, GError **error)
{
    switch (poll_wait(waits, n, deadline, watch)) {
    case POLL_READY:
        return true;
    case POLL_TIMED_OUT:
        return fail_timeout(error);
    case POLL_INTERRUPTED:
        return fail_cancelled(error);
    default:
        return error_fail(error, POSTERN_ERROR_IO, "waiting failed: %s", g_strerror(errno));
    }
}

static bool wait_by_parking(IoWait *waits, size_t n, Deadline deadline, GError **error)
{
    TaskWake wake;
    if (!task_park(waits, n, deadline, false, &wake, error)) {
        return false;
    }
    if (wake == TASK_CANCELLED) {
        return fail_cancelled(error);
    }
    return wake == TASK_WOKEN || fail_timeout(error);
}

bool io_wait_any(IoWait *waits, size_t n, Deadline deadline, GError **error)
{
    for (size_t i = 0; i < n; i++) {
        waits[i].ready_read = waits[i].ready_write = false;
    }
    if (!sched_current()) {
        return wait_by_poll(waits, n, deadline, interrupt_fd, error);
    }
    if (task_cancelled()) {
        return fail_cancelled(error);
    }
    if (!task_breathe(error)) {
        return false;
    }
    if (deadline_passed(deadline)) { /* only a look: parking is not needed for that */
        return wait_by_poll(waits, n, DEADLINE_PAST, -1, error);
    }
    return wait_by_parking(waits, n, deadline, error);
}

bool io_wait_read(int fd, Deadline deadline, GError **error)
{
    IoWait w = {.fd = fd, .want_read = true};
    return io_wait_any(&w, 1, deadline, error);
}

bool io_wait_shielded(int fd, Deadline deadline)
{
    IoWait w = {.fd = fd, .want_read = true};
    TaskWake wake;
    if (!sched_current()) {
        return poll_wait(&w, 1, deadline, -1) == POLL_READY;
    }
    return task_park(&w, 1, deadline, true, &wake, NULL) && wake == TASK_WOKEN;
}

bool io_sleep(Deadline until, GError **error)
{
    g_autoptr(GError) why = NULL;
    while (io_wait_any(NULL, 0, until, &why)) {
        /* woken before the time */
    }
    if (g_error_matches(why, POSTERN_ERROR, POSTERN_ERROR_TIMEOUT)) {
        return true;
    }
    g_propagate_error(error, g_steal_pointer(&why));
    return false;
}

bool io_make_nonblocking(int fd, GError **error)
{
    int status = fcntl(fd, F_GETFL);
    int flags = fcntl(fd, F_GETFD);
    bool good = status >= 0 && flags >= 0;
    if (good && !(status & O_NONBLOCK)) {
        good = fcntl(fd, F_SETFL, status | O_NONBLOCK) == 0;
    }
    if (good && !(flags & FD_CLOEXEC)) {
        good = fcntl(fd, F_SETFD, flags | FD_CLOEXEC) == 0;
    }
    if (!good) {
        return error_fail(error, POSTERN_ERROR_IO, "cannot prepare a descriptor: %s",
                          g_strerror(errno));
    }
    return true;
}
