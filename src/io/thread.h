/* thread.h: work that cannot be waited for by io_wait (fsync, a library that blocks) on a thread of
 * its own, while the scheduler's other tasks run. */
#pragma once

#include "io/io.h"

typedef struct ThreadJob ThreadJob;

/* Starts func(user) on a new thread. What `user` points to must stay until thread_join() has
 * returned; func must not touch anything that another task may use meanwhile. IO when no thread can
 * be had. */
ThreadJob *thread_start(const char *name, void (*func)(void *user), void *user, GError **error);
/* Waits for its end and frees the job. Neither cancelling nor the interrupt cuts this short: the
 * thread works on memory of the caller's. NULL is fine. Suspends. */
void thread_join(ThreadJob *job);

/* Both in one: false only when no thread could be started, and then func has not run. Suspends. */
bool thread_run(const char *name, void (*func)(void *user), void *user, GError **error);
