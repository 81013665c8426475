/* Tasks beside each other, and the gate that lets so many in at a time. */
#include "io/together.h"

#include <glib.h>

typedef struct {
    Gate *gate;
    GString *log;
    char name;
    unsigned *inside, *most;
    GError *error;
} Worker;

static void note(Worker *w, char mark)
{
    g_string_append_printf(w->log, "%c%c ", w->name, mark);
}

static void work(void *user)
{
    Worker *w = user;
    if (!gate_enter(w->gate, &w->error)) {
        return;
    }
    ++*w->inside;
    *w->most = MAX(*w->most, *w->inside);
    note(w, '+');
    io_sleep(deadline_in(0.01), NULL);
    note(w, '-');
    --*w->inside;
    gate_leave(w->gate);
}

enum { WORKERS = 5 };

typedef struct {
    Gate gate;
    GString *log;
    unsigned inside, most;
    Worker workers[WORKERS];
    void *users[WORKERS];
} Crew;

static void crew_init(Crew *crew, unsigned limit)
{
    *crew = (Crew){.gate = {.limit = limit}, .log = g_string_new(NULL)};
    for (int i = 0; i < WORKERS; i++) {
        crew->workers[i] = (Worker){.gate = &crew->gate,
                                    .log = crew->log,
                                    .name = (char)('a' + i),
                                    .inside = &crew->inside,
                                    .most = &crew->most};
        crew->users[i] = &crew->workers[i];
    }
}

static void crew_clear(Crew *crew)
{
    g_assert_cmpuint(crew->gate.inside, ==, 0);
    g_assert_true(g_queue_is_empty(&crew->gate.waiting));
    g_string_free(crew->log, TRUE);
}

static void test_all_run_beside_each_other(void)
{
    Crew crew;
    crew_init(&crew, WORKERS);
    io_together(work, crew.users, WORKERS);
    g_assert_cmpuint(crew.most, ==, WORKERS);
    g_assert_true(g_str_has_prefix(crew.log->str, "a+ b+ c+ d+ e+ "));
    crew_clear(&crew);
}

static void test_a_gate_of_one_lets_in_one_after_the_other(void)
{
    Crew crew;
    crew_init(&crew, 1);
    io_together(work, crew.users, WORKERS);
    g_assert_cmpuint(crew.most, ==, 1);
    g_assert_cmpstr(crew.log->str, ==, "a+ a- b+ b- c+ c- d+ d- e+ e- ");
    crew_clear(&crew);
}

/* Narrows the gate while it is crowded, as an audit does when a server has enough. */
static void narrow(void *user)
{
    Worker *w = user;
    if (w->name == 'a') {
        gate_set_limit(w->gate, 1);
    }
    work(user);
}

static void test_a_gate_can_be_narrowed(void)
{
    Crew crew;
    crew_init(&crew, 3);
    io_together(narrow, crew.users, WORKERS);
    g_assert_cmpuint(crew.most, ==, 1);
    crew_clear(&crew);
}

static void test_who_waits_comes_in_when_it_is_widened(void)
{
    Crew crew;
    crew_init(&crew, 1);
    gate_set_limit(&crew.gate, 2);
    io_together(work, crew.users, WORKERS);
    g_assert_cmpuint(crew.most, ==, 2);
    crew_clear(&crew);
}

static void lead(void *user)
{
    Crew *crew = user;
    io_together(work, crew->users, WORKERS);
    g_string_append(crew->log, "led");
}

static void test_a_task_may_lead_others(void)
{
    Crew crew;
    crew_init(&crew, 2);
    g_autoptr(Sched) sched = sched_new(NULL);
    g_assert_nonnull(sched_spawn(sched, lead, &crew, NULL));
    g_assert_true(sched_run(sched, NULL));
    g_assert_true(g_str_has_suffix(crew.log->str, "- led"));
    crew_clear(&crew);
}

typedef struct {
    Sched *sched;
    Task *leader;
} Canceller;

static void cancel(void *user)
{
    Canceller *c = user;
    io_sleep(deadline_in(0.03), NULL);
    sched_cancel(c->sched, c->leader);
}

static void work_long(void *user)
{
    Worker *w = user;
    if (!gate_enter(w->gate, &w->error)) {
        return;
    }
    io_sleep(deadline_in(60), &w->error);
    gate_leave(w->gate);
}

static void lead_long(void *user)
{
    Crew *crew = user;
    io_together(work_long, crew->users, WORKERS);
}

static void test_who_leads_and_is_cancelled_takes_them_along(void)
{
    Crew crew;
    crew_init(&crew, 2);
    g_autoptr(Sched) sched = sched_new(NULL);
    Canceller canceller = {.sched = sched, .leader = sched_spawn(sched, lead_long, &crew, NULL)};
    g_assert_nonnull(sched_spawn(sched, cancel, &canceller, NULL));
    gint64 start = g_get_monotonic_time();
    g_assert_true(sched_run(sched, NULL));
    g_assert_cmpint(g_get_monotonic_time() - start, <, 30 * G_USEC_PER_SEC);
    for (int i = 0; i < WORKERS; i++) {
        g_assert_error(crew.workers[i].error, POSTERN_ERROR, POSTERN_ERROR_CANCELLED);
        g_clear_error(&crew.workers[i].error);
    }
    crew_clear(&crew);
}

/* What was interrupted may still try to come in while it cleans up. */
static void enter_late(void *user)
{
    Worker *w = user;
    io_sleep(deadline_in(60), NULL);
    gate_enter(w->gate, &w->error);
}

static void lead_late(void *user)
{
    Crew *crew = user;
    io_together(enter_late, crew->users, WORKERS);
}

static void test_who_is_cancelled_does_not_wait_at_a_gate(void)
{
    Crew crew;
    crew_init(&crew, 1);
    gate_push_in(&crew.gate); /* somebody is in there, and stays */
    g_autoptr(Sched) sched = sched_new(NULL);
    Canceller canceller = {.sched = sched, .leader = sched_spawn(sched, lead_late, &crew, NULL)};
    g_assert_nonnull(sched_spawn(sched, cancel, &canceller, NULL));
    g_assert_true(sched_run(sched, NULL));
    for (int i = 0; i < WORKERS; i++) {
        g_assert_error(crew.workers[i].error, POSTERN_ERROR, POSTERN_ERROR_CANCELLED);
        g_clear_error(&crew.workers[i].error);
    }
    gate_leave(&crew.gate);
    crew_clear(&crew);
}

typedef struct {
    Bell bell;
    GString *log;
    GError *error;
} Belfry;

static void listen_twice(void *user)
{
    Belfry *b = user;
    for (int i = 0; i < 2 && bell_wait(&b->bell, &b->error); i++) {
        g_string_append(b->log, "heard ");
    }
}

static void ring_later(void *user)
{
    Belfry *b = user;
    io_sleep(deadline_in(0.01), NULL);
    g_string_append(b->log, "rung ");
    bell_ring(&b->bell);
}

static void ring_twice_or_listen(void *user)
{
    static unsigned turn;
    (turn++ ? ring_later : listen_twice)(user);
}

static void test_a_bell_is_heard_by_who_waits_or_will(void)
{
    Belfry b = {.log = g_string_new(NULL)};
    bell_ring(&b.bell);
    bell_ring(&b.bell); /* nobody waits: it is one ringing */
    io_together(ring_twice_or_listen, (void *[]){&b, &b}, 2);
    g_assert_no_error(b.error);
    g_assert_cmpstr(b.log->str, ==, "heard rung heard ");
    g_assert_true(bell_wait(&b.bell, NULL)); /* outside there is nobody to wait for */
    g_string_free(b.log, TRUE);
}

static void lead_listener(void *user)
{
    io_together(listen_twice, &user, 1);
}

static void test_who_is_cancelled_does_not_wait_for_a_bell(void)
{
    Belfry b = {.log = g_string_new(NULL)};
    g_autoptr(Sched) sched = sched_new(NULL);
    Canceller canceller = {.sched = sched, .leader = sched_spawn(sched, lead_listener, &b, NULL)};
    g_assert_nonnull(sched_spawn(sched, cancel, &canceller, NULL));
    g_assert_true(sched_run(sched, NULL));
    g_assert_error(b.error, POSTERN_ERROR, POSTERN_ERROR_CANCELLED);
    g_assert_cmpstr(b.log->str, ==, "");
    g_clear_error(&b.error);
    g_string_free(b.log, TRUE);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/together/all", test_all_run_beside_each_other);
    g_test_add_func("/together/one", test_a_gate_of_one_lets_in_one_after_the_other);
    g_test_add_func("/together/narrowed", test_a_gate_can_be_narrowed);
    g_test_add_func("/together/widened", test_who_waits_comes_in_when_it_is_widened);
    g_test_add_func("/together/nested", test_a_task_may_lead_others);
    g_test_add_func("/together/cancelled", test_who_leads_and_is_cancelled_takes_them_along);
    g_test_add_func("/together/late", test_who_is_cancelled_does_not_wait_at_a_gate);
    g_test_add_func("/together/bell", test_a_bell_is_heard_by_who_waits_or_will);
    g_test_add_func("/together/bell-cancelled", test_who_is_cancelled_does_not_wait_for_a_bell);
    return g_test_run();
}
