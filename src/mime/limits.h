/* limits.h: what reading one message may cost. For the worker process only: the limits are those of
 * the whole process.
 *
 * GMime 3.2.13 loops for ever on some input (its issue 165), and what a message takes in memory is
 * up to whoever wrote it, so it is read in a process of its own that the kernel ends when it goes
 * too far; whoever started it says so. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    unsigned
        cpu_seconds;    /* for one message, beside a second for each LIMITS_BYTES_A_SECOND of it */
    unsigned memory_mb; /* address space; not under AddressSanitizer, which takes terabytes of it */
} MimeLimits;

#define LIMITS_BYTES_A_SECOND (10 * 1000 * 1000)
/* The exit status of a worker that ran out of memory. Out of CPU it dies by SIGXCPU. */
#define LIMITS_EXIT_MEMORY 211

/* Sets the memory limit, and makes GLib's running out of it end the process with
 * LIMITS_EXIT_MEMORY. */
void limits_apply(const MimeLimits *limits);
/* A new budget of CPU time, for a message of so many octets. */
void limits_budget(const MimeLimits *limits, uint64_t bytes);
/* Words for how a worker ended: "it takes more than 10 s of CPU time", or NULL when no limit did
 * that. The status as a shell tells it (128+signal). The caller frees it. */
char *limits_explain(const MimeLimits *limits, int status);
