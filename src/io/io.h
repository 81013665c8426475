/* io.h: the one suspension point (design.md, law 1).
 *
 * Everything that may wait ends up in io_wait(). Without a scheduler it is poll(2); on a coroutine
 * of io/sched.h it parks that coroutine. Callers cannot tell, and must not: straight-line code
 * serves both. */
#pragma once

#include "base/deadline.h"
#include "base/error.h"

typedef struct {
    int fd; /* -1: nothing to wait for but the deadline */
    bool want_read;
    bool want_write;
    bool ready_read;  /* set by io_wait: readable, or at its end, or failed */
    bool ready_write; /* set by io_wait: writable, or failed */
} IoWait;

/* Waits until one of n descriptors is ready; sets the ready_ members of all. Fails with TIMEOUT
 * when the deadline passes (DEADLINE_PAST looks without waiting), CANCELLED when the task was
 * cancelled or the root task was interrupted. Suspends. */
bool io_wait_any(IoWait *waits, size_t n, Deadline deadline, GError **error);

/* One descriptor. Suspends. */
bool io_wait_read(int fd, Deadline deadline, GError **error);

/* Waits for a point in time; only cancelling makes it fail. Suspends. */
bool io_sleep(Deadline until, GError **error);

/* For code that runs outside the scheduler: from now on every wait also watches fd (the reading end
 * of a pipe a signal handler writes to), and fails with CANCELLED while it is readable. -1 takes it
 * away. */
void io_interrupt_on(int fd);

/* What will be needed soon and takes milliseconds to prepare: this thread does it when it would
 * first wait for something, so that it costs nothing while a server works. `work` neither waits nor
 * fails; what needs it must do it itself when there was no wait. A second call replaces the first.
 */
void io_meanwhile(void (*work)(void));

/* O_NONBLOCK and FD_CLOEXEC. */
bool io_make_nonblocking(int fd, GError **error);
