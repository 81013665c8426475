/* task.h: what io.c and sched.c know of each other; nobody outside io/ includes it. */
#pragma once

#include "io/sched.h"

/* How a wait on a coroutine came to its end. */
typedef enum { TASK_WOKEN, TASK_TIMED_OUT, TASK_CANCELLED } TaskWake;

/* Parks the running task until one of its descriptors is ready (TASK_WOKEN), someone calls
 * task_wake() (TASK_WOKEN too, with nothing ready), the deadline passes, or it is cancelled. A
 * shielded wait does not see the cancelling: only for short deadlines while cleaning up. Fails with
 * BUG when another task waits on the same descriptor. Suspends. */
bool task_park(IoWait *waits, size_t n, Deadline deadline, bool shielded, TaskWake *ret,
               GError **error);

/* Makes a parked task's wait return as if something had come; nothing happens to one that is not
 * parked. */
void task_wake(Task *task);

/* The scheduler of a task. */
Sched *task_sched(const Task *task);

/* True when the running task was cancelled; false outside the scheduler. */
bool task_cancelled(void);

/* Called before every operation that might succeed without waiting: now and then it lets the others
 * run, so that one task with a fast peer does not keep them all from running. Fails with CANCELLED.
 * Suspends. */
bool task_breathe(GError **error);

/* io_wait_read() for destructors: neither cancelling nor the interrupt cuts it short. True when fd
 * is ready. Suspends. */
bool io_wait_shielded(int fd, Deadline deadline);

/* Does what io_meanwhile() was given, once. */
void io_before_waiting(void);

/* The descriptor of io_interrupt_on(), or -1. */
int io_interrupt_fd(void);
