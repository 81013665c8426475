/* spawn.h: posix_spawn with what all our children have in common: clean signals, no descriptors but
 * the three. */
#pragma once

#include <sys/types.h>

#include "base/error.h"

typedef struct {
    const char *const *argv; /* argv[0] is looked up in PATH */
    int in, out, err; /* what becomes 0, 1 and 2; -1 leaves ours. Still the caller's afterwards */
    bool block_interrupt; /* the child starts with SIGINT blocked */
} SpawnPlan;

/* UNAVAILABLE when the program cannot be started. *ret_end_fd becomes readable when it ends; the
 * caller closes it and waits for the pid. */
bool spawn_start(const SpawnPlan *plan, pid_t *ret_pid, int *ret_end_fd, GError **error);

/* Reaps it if it has ended. The status is as a shell tells it: 128+signal when it was killed. */
bool spawn_reap(pid_t pid, int *ret_status);

/* Makes it end and reaps it: after `patience` seconds of going by itself SIGTERM, after some more
 * SIGKILL. Suspends. */
void spawn_end(pid_t pid, int end_fd, double patience);

/* The same open file as fd, above the three standard descriptors (which a parent without them would
 * hand out), closed on exec; closes fd. -1 with errno. */
int spawn_lift_fd(int fd);
