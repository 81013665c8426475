/* deadline.h: absolute points in time. Everything that may wait is given one; nothing takes a
 * relative timeout. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* Microseconds of the monotonic clock. */
typedef int64_t Deadline;

#define DEADLINE_NEVER INT64_MAX
#define DEADLINE_PAST ((Deadline)0) /* "only if it can be had without waiting" */

Deadline deadline_now(void);
/* seconds from now; NEVER for a negative number. */
Deadline deadline_in(double seconds);
Deadline deadline_sooner(Deadline a, Deadline b);
bool deadline_passed(Deadline d);
/* Milliseconds left for poll(2): 0 when passed, -1 for NEVER, rounded up, capped at INT_MAX. */
int deadline_poll_ms(Deadline d);
