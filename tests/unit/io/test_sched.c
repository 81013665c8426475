#include "io/sched.h"

#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/stream.h"

static void spawn(Sched *s, TaskFunc func, void *user)
{
    g_assert_nonnull(sched_spawn(s, func, user, NULL));
}

static void make_pair(int fds[2])
{
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
}

/* --- thousands of tasks talking in pairs --- */

typedef struct {
    Stream *stream;
    unsigned rounds;
    unsigned done;
} Talker;

static bool read_all(Stream *s, char *buffer, size_t len)
{
    for (size_t have = 0; have < len;) {
        size_t got;
        if (!stream_read(s, buffer + have, len - have, &got, DEADLINE_NEVER, NULL) || got == 0) {
            return false;
        }
        have += got;
    }
    return true;
}

static void ask(void *user)
{
    Talker *t = user;
    for (unsigned i = 0; i < t->rounds; i++) {
        char line[32];
        char back[32];
        memset(line, (int)('a' + i % 26), sizeof line);
        g_assert_true(stream_write(t->stream, (Bytes){line, sizeof line}, deadline_in(60), NULL));
        g_assert_true(read_all(t->stream, back, sizeof back));
        g_assert_cmpmem(line, sizeof line, back, sizeof back);
        t->done++;
    }
    g_assert_true(stream_shutdown(t->stream, DEADLINE_NEVER, NULL));
}

static void answer(void *user)
{
    Talker *t = user;
    char line[32];
    while (read_all(t->stream, line, sizeof line)) {
        g_assert_true(stream_write(t->stream, (Bytes){line, sizeof line}, deadline_in(60), NULL));
        t->done++;
    }
}

static void test_four_thousand_tasks_talk_in_pairs(void)
{
    enum { PAIRS = 2000, ROUNDS = 5 };
    struct rlimit limit;
    g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &limit), ==, 0);
    limit.rlim_cur = limit.rlim_max;
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &limit), ==, 0);

    g_autoptr(Sched) s = sched_new(NULL);
    g_autofree Talker *talkers = g_new0(Talker, 2 * PAIRS);
    for (size_t i = 0; i < PAIRS; i++) {
        int fds[2];
        make_pair(fds);
        talkers[2 * i] = (Talker){stream_from_fd(fds[0], NULL), ROUNDS, 0};
        talkers[2 * i + 1] = (Talker){stream_from_fd(fds[1], NULL), ROUNDS, 0};
        spawn(s, answer, &talkers[2 * i + 1]);
        spawn(s, ask, &talkers[2 * i]);
    }
    g_assert_cmpuint(sched_count(s), ==, 2 * PAIRS);
    g_assert_true(sched_run(s, NULL));
    g_assert_cmpuint(sched_count(s), ==, 0);
    for (size_t i = 0; i < 2 * PAIRS; i++) {
        g_assert_cmpuint(talkers[i].done, ==, ROUNDS);
        stream_free(talkers[i].stream);
    }
}

/* --- deadlines --- */

typedef struct {
    double seconds;
    GArray *order;
    int number;
} Sleeper;

static void sleep_then_note(void *user)
{
    Sleeper *z = user;
    Deadline until = deadline_in(z->seconds);
    g_assert_true(io_sleep(until, NULL));
    g_assert_true(deadline_passed(until));
    g_array_append_val(z->order, z->number);
}

static void test_sleepers_wake_in_the_order_of_their_deadlines(void)
{
    g_autoptr(Sched) s = sched_new(NULL);
    g_autoptr(GArray) order = g_array_new(FALSE, FALSE, sizeof(int));
    Sleeper sleepers[] = {{0.09, order, 3}, {0.01, order, 0}, {0.06, order, 2}, {0.03, order, 1}};
    for (size_t i = 0; i < G_N_ELEMENTS(sleepers); i++) {
        spawn(s, sleep_then_note, &sleepers[i]);
    }
    Deadline start = deadline_now();
    g_assert_true(sched_run(s, NULL));
    g_assert_cmpint(deadline_now() - start, <, 1000000);
    for (int i = 0; i < 4; i++) {
        g_assert_cmpint(g_array_index(order, int, i), ==, i);
    }
}

typedef struct {
    int fd;
    GError *error;
    double seconds;
    bool ready;
} Waiter;

static void wait_readable(void *user)
{
    Waiter *w = user;
    w->ready = io_wait_read(w->fd, deadline_in(w->seconds), &w->error);
}

static void test_a_wait_on_a_task_times_out(void)
{
    g_autoptr(Sched) s = sched_new(NULL);
    int fds[2];
    make_pair(fds);
    Waiter w = {.fd = fds[0], .seconds = 0.03};
    spawn(s, wait_readable, &w);
    g_assert_true(sched_run(s, NULL));
    g_assert_error(w.error, POSTERN_ERROR, POSTERN_ERROR_TIMEOUT);
    g_clear_error(&w.error);

    /* The late event of the wait that timed out disturbs nobody. */
    g_assert_cmpint(write(fds[1], "x", 1), ==, 1);
    Waiter again = {.fd = fds[0], .seconds = 5};
    spawn(s, wait_readable, &again);
    g_assert_true(sched_run(s, NULL));
    g_assert_true(again.ready);
    close(fds[0]);
    close(fds[1]);
}

/* --- cancelling --- */

typedef struct {
    int fd;
    unsigned cancelled;
    bool unwound;
} Victim;

static void wait_for_ever(void *user)
{
    Victim *v = user;
    for (int i = 0; i < 3; i++) { /* present and later waits fail */
        g_autoptr(GError) error = NULL;
        g_assert_false(io_wait_read(v->fd, DEADLINE_NEVER, &error));
        g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_CANCELLED);
        v->cancelled++;
    }
    g_autoptr(GError) error = NULL;
    g_assert_false(io_sleep(deadline_in(100), &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_CANCELLED);
    v->unwound = true;
}

typedef struct {
    Sched *sched;
    Task *victim;
} Killer;

static void cancel_soon(void *user)
{
    Killer *k = user;
    g_assert_true(io_sleep(deadline_in(0.01), NULL));
    sched_cancel(k->sched, k->victim);
}

static void test_cancelling_unwinds_a_waiting_task(void)
{
    g_autoptr(Sched) s = sched_new(NULL);
    int fds[2];
    make_pair(fds);
    Victim v = {.fd = fds[0]};
    Killer k = {s, sched_spawn(s, wait_for_ever, &v, NULL)};
    spawn(s, cancel_soon, &k);
    g_assert_true(sched_run(s, NULL));
    g_assert_cmpuint(v.cancelled, ==, 3);
    g_assert_true(v.unwound);
    close(fds[0]);
    close(fds[1]);
}

static void write_later(void *user)
{
    g_assert_true(io_sleep(deadline_in(0.01), NULL));
    g_assert_cmpint(write(*(int *)user, "!", 1), ==, 1);
}

static void test_an_interrupt_cancels_all_and_is_told(void)
{
    g_autoptr(Sched) s = sched_new(NULL);
    int fds[2];
    int signal[2];
    make_pair(fds);
    make_pair(signal);
    Victim victims[50];
    Waiter idle[50];
    for (size_t i = 0; i < 50; i++) {
        victims[i] = (Victim){.fd = -1};
        idle[i] = (Waiter){.fd = -1, .seconds = 100};
        spawn(s, wait_for_ever, &victims[i]);
        spawn(s, wait_readable, &idle[i]);
    }
    spawn(s, write_later, &signal[1]);
    io_interrupt_on(signal[0]);
    g_autoptr(GError) error = NULL;
    g_assert_false(sched_run(s, &error));
    io_interrupt_on(-1);
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_CANCELLED);
    for (size_t i = 0; i < 50; i++) {
        g_assert_true(victims[i].unwound);
        g_assert_error(idle[i].error, POSTERN_ERROR, POSTERN_ERROR_CANCELLED);
        g_clear_error(&idle[i].error);
    }
    close(fds[0]);
    close(fds[1]);
    close(signal[0]);
    close(signal[1]);
}

/* --- fairness, reuse, errands --- */

typedef struct {
    Stream *stream;
    size_t total;
    bool stop;
} Flood;

static void read_flood(void *user)
{
    Flood *f = user;
    char buffer[64];
    size_t got;
    do {
        g_assert_true(stream_read(f->stream, buffer, sizeof buffer, &got, DEADLINE_NEVER, NULL));
        f->total += got;
    } while (got > 0);
}

static void write_flood(void *user)
{
    Flood *f = user;
    static const char block[65536];
    while (!f->stop &&
           stream_write(f->stream, (Bytes){block, sizeof block}, DEADLINE_NEVER, NULL)) {
    }
    stream_shutdown(f->stream, DEADLINE_NEVER, NULL);
}

static void stop_after_a_while(void *user)
{
    Flood *f = user;
    g_assert_true(io_sleep(deadline_in(0.05), NULL));
    f->stop = true;
}

static void test_a_flood_does_not_keep_others_from_running(void)
{
    g_autoptr(Sched) s = sched_new(NULL);
    int fds[2];
    make_pair(fds);
    Flood in = {.stream = stream_from_fd(fds[0], NULL)};
    Flood out = {.stream = stream_from_fd(fds[1], NULL)};
    spawn(s, read_flood, &in);
    spawn(s, write_flood, &out);
    spawn(s, stop_after_a_while, &out);
    g_assert_true(sched_run(s, NULL));
    g_assert_cmpuint(in.total, >, 0);
    stream_free(in.stream);
    stream_free(out.stream);
}

static void open_wait_close(void *user)
{
    unsigned *done = user;
    for (int i = 0; i < 50; i++) {
        int fds[2];
        make_pair(fds);
        g_autoptr(GError) error = NULL;
        g_assert_false(io_wait_read(fds[0], deadline_in(0.0005), &error)); /* leaves it armed */
        g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_TIMEOUT);
        g_assert_cmpint(write(fds[1], "x", 1), ==, 1);
        g_assert_true(io_wait_read(fds[0], deadline_in(10), NULL));
        close(fds[0]);
        close(fds[1]);
    }
    (*done)++;
}

static void test_numbers_of_closed_descriptors_are_used_again(void)
{
    g_autoptr(Sched) s = sched_new(NULL);
    unsigned done = 0;
    for (int i = 0; i < 20; i++) {
        spawn(s, open_wait_close, &done);
    }
    g_assert_true(sched_run(s, NULL));
    g_assert_cmpuint(done, ==, 20);
}

static void test_two_tasks_on_one_descriptor_are_a_bug_and_told(void)
{
    g_autoptr(Sched) s = sched_new(NULL);
    int fds[2];
    make_pair(fds);
    Waiter first = {.fd = fds[0], .seconds = 0.02};
    Waiter second = {.fd = fds[0], .seconds = 0.02};
    spawn(s, wait_readable, &first);
    spawn(s, wait_readable, &second);
    g_assert_true(sched_run(s, NULL));
    g_assert_error(first.error, POSTERN_ERROR, POSTERN_ERROR_TIMEOUT);
    g_assert_error(second.error, POSTERN_ERROR, POSTERN_ERROR_BUG);
    g_clear_error(&first.error);
    g_clear_error(&second.error);
    close(fds[0]);
    close(fds[1]);
}

static void wait_for_a_file(void *user)
{
    bool *ready = user;
    int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    *ready = io_wait_read(fd, deadline_in(5), NULL);
    close(fd);
}

static void test_a_regular_file_is_always_ready(void)
{
    g_autoptr(Sched) s = sched_new(NULL);
    bool ready = false;
    spawn(s, wait_for_a_file, &ready);
    g_assert_true(sched_run(s, NULL));
    g_assert_true(ready);
}

static void needs_much_stack(void *user)
{
    char big[1024 * 1024];
    memset(big, *(int *)user, sizeof big);
    *(int *)user = big[sizeof big / 2] + 1;
}

static void run_errands(void *user)
{
    for (int i = 0; i < 3; i++) {
        sched_on_big_stack(needs_much_stack, user);
        g_assert_nonnull(sched_current());
    }
}

static void test_errands_run_on_the_big_stack(void)
{
    g_autoptr(Sched) s = sched_new(NULL);
    int value = 1;
    spawn(s, run_errands, &value);
    g_assert_true(sched_run(s, NULL));
    g_assert_cmpint(value, ==, 4);
    sched_on_big_stack(needs_much_stack, &value);
    g_assert_cmpint(value, ==, 5);
}

typedef struct {
    Sched *sched;
    unsigned depth;
    unsigned *count;
} Parent;

static void have_children(void *user)
{
    Parent *p = user;
    (*p->count)++;
    if (p->depth > 0) {
        for (int i = 0; i < 2; i++) {
            Parent *child = g_new(Parent, 1);
            *child = (Parent){p->sched, p->depth - 1, p->count};
            spawn(p->sched, have_children, child);
        }
    }
    g_assert_true(sched_pause(NULL));
    g_free(p);
}

static void test_tasks_make_tasks(void)
{
    g_autoptr(Sched) s = sched_new(NULL);
    unsigned count = 0;
    Parent *p = g_new(Parent, 1);
    *p = (Parent){s, 10, &count};
    spawn(s, have_children, p);
    g_assert_true(sched_run(s, NULL));
    g_assert_cmpuint(count, ==, 2047);
}

static void test_outside_nothing_is_current(void)
{
    g_assert_null(sched_current());
    g_assert_true(sched_pause(NULL));
}

/* --- meanwhile --- */

static unsigned times_worked;

static void work(void)
{
    times_worked++;
}

static void nap(void *user)
{
    (void)user;
    g_assert_cmpuint(times_worked, ==, 0); /* somebody can run: there is no wait yet */
    g_assert_true(io_sleep(deadline_in(0.01), NULL));
}

static void test_what_is_to_be_done_meanwhile_is_done_when_all_wait(void)
{
    g_autoptr(Sched) s = sched_new(NULL);
    spawn(s, nap, NULL);
    spawn(s, nap, NULL);
    io_meanwhile(work);
    g_assert_true(sched_run(s, NULL));
    g_assert_cmpuint(times_worked, ==, 1);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sched/meanwhile", test_what_is_to_be_done_meanwhile_is_done_when_all_wait);
    g_test_add_func("/sched/pairs", test_four_thousand_tasks_talk_in_pairs);
    g_test_add_func("/sched/order", test_sleepers_wake_in_the_order_of_their_deadlines);
    g_test_add_func("/sched/timeout", test_a_wait_on_a_task_times_out);
    g_test_add_func("/sched/cancel", test_cancelling_unwinds_a_waiting_task);
    g_test_add_func("/sched/interrupt", test_an_interrupt_cancels_all_and_is_told);
    g_test_add_func("/sched/fair", test_a_flood_does_not_keep_others_from_running);
    g_test_add_func("/sched/reuse", test_numbers_of_closed_descriptors_are_used_again);
    g_test_add_func("/sched/two", test_two_tasks_on_one_descriptor_are_a_bug_and_told);
    g_test_add_func("/sched/file", test_a_regular_file_is_always_ready);
    g_test_add_func("/sched/errand", test_errands_run_on_the_big_stack);
    g_test_add_func("/sched/children", test_tasks_make_tasks);
    g_test_add_func("/sched/outside", test_outside_nothing_is_current);
    return g_test_run();
}
