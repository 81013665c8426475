#include "io/timers.h"

static void test_soonest_comes_first_whatever_the_order_of_adding(void)
{
    Timers t;
    timers_init(&t);
    Timer all[200] = {0};
    for (size_t i = 0; i < 200; i++) {
        timers_add(&t, &all[i], (Deadline)(i * 7919 % 211));
    }
    Deadline last = -1;
    size_t seen = 0;
    for (Timer *s; (s = timers_soonest(&t)); seen++) {
        g_assert_cmpint(s->when, >=, last);
        last = s->when;
        timers_remove(&t, s);
    }
    g_assert_cmpuint(seen, ==, 200);
    timers_clear(&t);
}

static void test_any_can_be_taken_out(void)
{
    Timers t;
    timers_init(&t);
    Timer all[100] = {0};
    for (size_t i = 0; i < 100; i++) {
        timers_add(&t, &all[i], (Deadline)(i * 37 % 101));
    }
    for (size_t i = 0; i < 100; i += 2) {
        timers_remove(&t, &all[i]);
        timers_remove(&t, &all[i]); /* twice is fine */
        g_assert_cmpuint(all[i].place, ==, 0);
    }
    Deadline last = -1;
    size_t seen = 0;
    for (Timer *s; (s = timers_soonest(&t)); seen++) {
        g_assert_true((size_t)(s - all) % 2 == 1);
        g_assert_cmpint(s->when, >=, last);
        last = s->when;
        timers_remove(&t, s);
    }
    g_assert_cmpuint(seen, ==, 50);
    timers_clear(&t);
}

static void test_never_is_not_kept_and_adding_again_moves(void)
{
    Timers t;
    timers_init(&t);
    Timer a = {0};
    Timer b = {0};
    timers_add(&t, &a, DEADLINE_NEVER);
    g_assert_null(timers_soonest(&t));
    timers_add(&t, &a, 5);
    timers_add(&t, &b, 6);
    timers_add(&t, &a, 7);
    g_assert_true(timers_soonest(&t) == &b);
    timers_add(&t, &b, DEADLINE_NEVER);
    g_assert_true(timers_soonest(&t) == &a);
    timers_clear(&t);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/timers/order", test_soonest_comes_first_whatever_the_order_of_adding);
    g_test_add_func("/timers/remove", test_any_can_be_taken_out);
    g_test_add_func("/timers/never", test_never_is_not_kept_and_adding_again_moves);
    return g_test_run();
}
