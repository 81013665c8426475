/* together.h: several tasks for one thing, and how many of them may be at it at once. Built on
 * sched.h, for code that does not know whether it runs in a task itself. */
#pragma once

#include "io/sched.h"

/* Runs func(users[0]) ... func(users[n - 1]) beside each other, begun in this order, and returns
 * when all have ended. Outside a scheduler one is made for as long as it takes. Where no task can
 * be had func is called from here. What the caller is cancelled by, cancels them too. Suspends. */
void io_together(TaskFunc func, void *const *users, size_t n);

/* Lets `limit` tasks in at a time; those who wait come in as they came. All-zero but for `limit` is
 * a good one. Must not go away while somebody is inside or waits. */
typedef struct {
    unsigned limit; /* at least 1 */
    unsigned inside;
    GQueue waiting; /* its own */
} Gate;

/* Waits for a place, and takes it. Outside a scheduler there is always one, because nobody else
 * could leave. Who is inside must not enter again. Fails with CANCELLED. Suspends. */
bool gate_enter(Gate *gate, GError **error);
/* Takes a place if there is one that nobody waits for. */
bool gate_try(Gate *gate);
/* Who is inside takes one place more, before those who wait and whatever the limit. */
void gate_push_in(Gate *gate);
void gate_leave(Gate *gate);
/* From now on; those inside too many stay until they leave. */
void gate_set_limit(Gate *gate, unsigned limit);

/* Wakes one task, which waits for it, or will: rung before, it is heard when the task comes to
 * wait. All-zero is a good one. */
typedef struct {
    bool rung;
    Task *waiting; /* or NULL */
} Bell;

/* Returns when it was rung since the last time. Outside a scheduler nobody else could ring it, and
 * there is no waiting. Fails with CANCELLED. Suspends. */
bool bell_wait(Bell *bell, GError **error);
void bell_ring(Bell *bell);
