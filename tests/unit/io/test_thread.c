#include "io/thread.h"

#include "io/sched.h"

typedef struct {
    int steps;
    bool done;
    GThread *ran_on;
} Work;

static void work(void *user)
{
    Work *w = user;
    g_usleep(20000);
    w->ran_on = g_thread_self();
    w->done = true;
}

static void test_it_runs_elsewhere_and_is_waited_for(void)
{
    Work w = {0};
    g_assert_true(thread_run("test", work, &w, NULL));
    g_assert_true(w.done);
    g_assert_true(w.ran_on != g_thread_self());
}

static void wait_for_work(void *user)
{
    g_assert_true(thread_run("test", work, user, NULL));
}

static void count_meanwhile(void *user)
{
    Work *w = user;
    while (!w->done) {
        w->steps++;
        g_assert_true(io_sleep(deadline_in(0.001), NULL));
    }
}

static void test_other_tasks_run_meanwhile(void)
{
    g_autoptr(Sched) sched = sched_new(NULL);
    Work w = {0};
    sched_spawn(sched, wait_for_work, &w, NULL);
    sched_spawn(sched, count_meanwhile, &w, NULL);
    g_assert_true(sched_run(sched, NULL));
    g_assert_true(w.done);
    g_assert_cmpint(w.steps, >, 1);
}

typedef struct {
    Sched *sched;
    Task *waiting;
    Work work;
    bool seen_whole;
} Cancelled;

static void wait_though_cancelled(void *user)
{
    Cancelled *c = user;
    g_assert_true(thread_run("test", work, &c->work, NULL));
    c->seen_whole = c->work.done;
}

static void cancel_it(void *user)
{
    Cancelled *c = user;
    sched_cancel(c->sched, c->waiting);
}

static void test_cancelling_does_not_leave_a_thread_behind(void)
{
    g_autoptr(Sched) sched = sched_new(NULL);
    Cancelled c = {.sched = sched};
    c.waiting = sched_spawn(sched, wait_though_cancelled, &c, NULL);
    sched_spawn(sched, cancel_it, &c, NULL);
    g_assert_true(sched_run(sched, NULL));
    g_assert_true(c.seen_whole);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/thread/alone", test_it_runs_elsewhere_and_is_waited_for);
    g_test_add_func("/thread/others", test_other_tasks_run_meanwhile);
    g_test_add_func("/thread/cancelled", test_cancelling_does_not_leave_a_thread_behind);
    return g_test_run();
}
