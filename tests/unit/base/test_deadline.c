#include "base/deadline.h"

#include <limits.h>
#include <math.h>

static void test_in_adds_to_now(void)
{
    Deadline before = deadline_now();
    Deadline d = deadline_in(1.5);
    g_assert_cmpint(d, >=, before + 1500000);
    g_assert_cmpint(d, <=, deadline_now() + 1500000);
}

static void test_absurd_durations_are_never(void)
{
    g_assert_true(deadline_in(-1) == DEADLINE_NEVER);
    g_assert_true(deadline_in(1e300) == DEADLINE_NEVER);
    g_assert_true(deadline_in(INFINITY) == DEADLINE_NEVER);
    g_assert_true(deadline_in(NAN) == DEADLINE_NEVER);
}

static void test_passed(void)
{
    g_assert_true(deadline_passed(DEADLINE_PAST));
    g_assert_true(deadline_passed(deadline_in(0)));
    g_assert_false(deadline_passed(deadline_in(60)));
    g_assert_false(deadline_passed(DEADLINE_NEVER));
}

static void test_sooner(void)
{
    Deadline d = deadline_in(5);
    g_assert_cmpint(deadline_sooner(d, DEADLINE_NEVER), ==, d);
    g_assert_cmpint(deadline_sooner(DEADLINE_PAST, d), ==, DEADLINE_PAST);
}

static void test_poll_ms_rounds_up_and_is_capped(void)
{
    g_assert_cmpint(deadline_poll_ms(DEADLINE_NEVER), ==, -1);
    g_assert_cmpint(deadline_poll_ms(DEADLINE_PAST), ==, 0);
    g_assert_cmpint(deadline_poll_ms(deadline_now() + 60 * 1000 * 1000), >, 59000);
    g_assert_cmpint(deadline_poll_ms(deadline_now() + 60 * 1000 * 1000), <=, 60000);
    g_assert_cmpint(deadline_poll_ms(deadline_in(1e11)), ==, INT_MAX);
    /* However little is left of a deadline that has not passed, poll must be told at least one
     * millisecond. */
    for (int i = 0; i < 1000; i++) {
        Deadline d = deadline_now() + 300;
        int ms = deadline_poll_ms(d);
        g_assert_true(ms == 1 || deadline_passed(d));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/deadline/in-adds-to-now", test_in_adds_to_now);
    g_test_add_func("/deadline/absurd-is-never", test_absurd_durations_are_never);
    g_test_add_func("/deadline/passed", test_passed);
    g_test_add_func("/deadline/sooner", test_sooner);
    g_test_add_func("/deadline/poll-ms", test_poll_ms_rounds_up_and_is_capped);
    return g_test_run();
}
