#include "base/deadline.h"

#include <limits.h>

/* Beyond this many seconds a deadline could overflow: thirty thousand years are as good as never.
 */
#define FOREVER_SECONDS 1e12

Deadline deadline_now(void)
{
    return g_get_monotonic_time();
}

Deadline deadline_in(double seconds)
{
    /* Written so that NaN ends here too. */
    if (!(seconds >= 0 && seconds < FOREVER_SECONDS)) {
        return DEADLINE_NEVER;
    }
    return deadline_now() + (Deadline)(seconds * 1e6);
}

Deadline deadline_sooner(Deadline a, Deadline b)
{
    return MIN(a, b);
}

bool deadline_passed(Deadline d)
{
    return d != DEADLINE_NEVER && d <= deadline_now();
}

int deadline_poll_ms(Deadline d)
{
    if (d == DEADLINE_NEVER) {
        return -1;
    }
    Deadline now = deadline_now();
    if (d <= now) {
        return 0;
    }
    /* Rounded up: rounding down would spin through the last millisecond. */
    int64_t ms = (d - now - 1) / 1000 + 1;
    return (int)MIN(ms, INT_MAX);
}
