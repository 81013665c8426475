/* sched.h: coroutines for bulk work: ucontext, mapped stacks with a guard page, epoll, one loop a
 * thread.
 *
 * Descriptors are armed for one event each time a task waits (EPOLLONESHOT). Measured against
 * edge-triggered registration once a descriptor: one system call of 0.2 us more a wait, and in
 * exchange no edge can be lost, and a descriptor that was closed and whose number is used again
 * needs no bookkeeping.
 *
 * A task runs until it waits (io_wait_any, io_sleep) or ends. Its stack always runs to its end:
 * cancelling makes its waits fail with CANCELLED, and the code unwinds as on any other error. Not
 * thread-safe: one Sched a thread. */
#pragma once

#include "io/io.h"

typedef struct Sched Sched;
typedef struct Task Task;
typedef void (*TaskFunc)(void *user);

Sched *sched_new(GError **error);
/* All tasks must have ended. NULL is fine. */
void sched_free(Sched *sched);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Sched, sched_free)

/* Makes a task that will run func(user). May be called from inside a task. The Task is owned by the
 * scheduler and is gone when func returns: keep the pointer only as long as you know that it has
 * not. Fails when no stack can be mapped. */
Task *sched_spawn(Sched *sched, TaskFunc func, void *user, GError **error);

/* Runs until no task is left. When the descriptor of io_interrupt_on() becomes readable, all tasks
 * are cancelled, and once they have ended it fails with CANCELLED. Not from inside a task. */
bool sched_run(Sched *sched, GError **error);

/* Every present and later wait of the task fails with CANCELLED. */
void sched_cancel(Sched *sched, Task *task);
void sched_cancel_all(Sched *sched);

/* How many tasks have not ended. */
size_t sched_count(const Sched *sched);
/* The task that runs now; NULL outside the scheduler. */
Task *sched_current(void);
/* Lets the others run, without waiting for anything. A no-op outside. Suspends. */
bool sched_pause(GError **error);

/* Calls func(user) on the thread's own stack: for libraries that need more of it than a task has.
 * func must not wait. Outside the scheduler it is just called. */
void sched_on_big_stack(void (*func)(void *user), void *user);
