/* lock.h: locks that cannot go stale: flock() on a file that is never removed. The kernel lets go
 * when the process ends, however it ends. */
#pragma once

#include "io/io.h"

typedef struct Lock Lock;

/* Takes DIRECTORY/NAME.lock, made when missing, and writes the process id into it, for people. With
 * `until` in the past it is tried once; else it is tried again now and then. TEMPFAIL, naming who
 * has it; CANT_CREATE, CANCELLED. Suspends. */
Lock *lock_take(const char *directory, const char *name, Deadline until, GError **error);
/* Lets go; NULL is fine. */
void lock_free(Lock *lock);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Lock, lock_free)
