#include "io/io.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct {
    int a, b;
} Pair;

static Pair pair(void)
{
    int fds[2];
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
    g_assert_true(io_make_nonblocking(fds[0], NULL) && io_make_nonblocking(fds[1], NULL));
    return (Pair){fds[0], fds[1]};
}

static void pair_close(Pair p)
{
    close(p.a);
    close(p.b);
}

static void test_readable_and_writable_are_told_apart(void)
{
    Pair p = pair();
    IoWait w = {.fd = p.a, .want_read = true, .want_write = true};
    g_assert_true(io_wait_any(&w, 1, DEADLINE_NEVER, NULL));
    g_assert_true(w.ready_write && !w.ready_read);
    g_assert_cmpint(write(p.b, "x", 1), ==, 1);
    g_assert_true(io_wait_any(&w, 1, DEADLINE_NEVER, NULL));
    g_assert_true(w.ready_write && w.ready_read);
    pair_close(p);
}

static void test_end_of_stream_is_readable(void)
{
    Pair p = pair();
    close(p.b);
    g_assert_true(io_wait_read(p.a, deadline_in(5), NULL));
    close(p.a);
}

static void test_deadline_passes_not_earlier(void)
{
    Pair p = pair();
    g_autoptr(GError) error = NULL;
    Deadline start = deadline_now();
    g_assert_false(io_wait_read(p.a, deadline_in(0.05), &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_TIMEOUT);
    g_assert_cmpint(deadline_now() - start, >=, 50000);
    pair_close(p);
}

static void test_past_deadline_only_looks(void)
{
    Pair p = pair();
    g_autoptr(GError) error = NULL;
    g_assert_false(io_wait_read(p.a, DEADLINE_PAST, &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_TIMEOUT);
    g_assert_cmpint(write(p.b, "x", 1), ==, 1);
    g_assert_true(io_wait_read(p.a, DEADLINE_PAST, NULL));
    pair_close(p);
}

static void test_any_of_many_sets_exactly_the_ready_ones(void)
{
    Pair pairs[20];
    IoWait waits[20];
    for (size_t i = 0; i < 20; i++) {
        pairs[i] = pair();
        waits[i] = (IoWait){.fd = pairs[i].a, .want_read = true, .ready_read = true};
    }
    g_assert_cmpint(write(pairs[3].b, "x", 1), ==, 1);
    g_assert_cmpint(write(pairs[17].b, "x", 1), ==, 1);
    g_assert_true(io_wait_any(waits, 20, DEADLINE_NEVER, NULL));
    for (size_t i = 0; i < 20; i++) {
        g_assert_true(waits[i].ready_read == (i == 3 || i == 17));
        pair_close(pairs[i]);
    }
}

static void test_closed_peer_does_not_spin_a_wait_that_wants_nothing(void)
{
    Pair p = pair();
    close(p.b); /* poll(2) would report the hang-up though nobody asked */
    IoWait w = {.fd = p.a};
    g_autoptr(GError) error = NULL;
    g_assert_false(io_wait_any(&w, 1, deadline_in(0.02), &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_TIMEOUT);
    close(p.a);
}

static void test_interrupt_fails_every_wait_until_taken_away(void)
{
    Pair p = pair();
    Pair signal = pair();
    g_assert_cmpint(write(p.b, "x", 1), ==, 1);
    g_assert_cmpint(write(signal.b, "!", 1), ==, 1);
    io_interrupt_on(signal.a);
    for (int i = 0; i < 2; i++) {
        g_autoptr(GError) error = NULL;
        g_assert_false(io_wait_read(p.a, DEADLINE_NEVER, &error));
        g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_CANCELLED);
    }
    g_autoptr(GError) error = NULL;
    g_assert_false(io_sleep(deadline_in(10), &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_CANCELLED);
    io_interrupt_on(-1);
    g_assert_true(io_wait_read(p.a, DEADLINE_NEVER, NULL));
    pair_close(p);
    pair_close(signal);
}

static void test_sleep_lasts(void)
{
    Deadline until = deadline_in(0.03);
    g_assert_true(io_sleep(until, NULL));
    g_assert_true(deadline_passed(until));
}

static int times_worked;

static void work(void)
{
    times_worked++;
}

static void test_what_is_to_be_done_meanwhile_is_done_once_at_a_wait(void)
{
    Pair p = pair();
    io_meanwhile(work);
    g_assert_false(io_wait_read(p.a, DEADLINE_PAST, NULL)); /* a look is no wait */
    g_assert_cmpint(times_worked, ==, 0);
    g_assert_false(io_wait_read(p.a, deadline_in(0.01), NULL));
    g_assert_cmpint(times_worked, ==, 1);
    g_assert_false(io_wait_read(p.a, deadline_in(0.01), NULL));
    g_assert_cmpint(times_worked, ==, 1);
    pair_close(p);
}

static void test_nonblocking_and_close_on_exec_are_set(void)
{
    Pair p = pair();
    g_assert_true(fcntl(p.a, F_GETFL) & O_NONBLOCK);
    g_assert_true(fcntl(p.a, F_GETFD) & FD_CLOEXEC);
    pair_close(p);
    g_autoptr(GError) error = NULL;
    g_assert_false(io_make_nonblocking(p.a, &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_IO);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/io/kinds", test_readable_and_writable_are_told_apart);
    g_test_add_func("/io/eof", test_end_of_stream_is_readable);
    g_test_add_func("/io/deadline", test_deadline_passes_not_earlier);
    g_test_add_func("/io/past", test_past_deadline_only_looks);
    g_test_add_func("/io/many", test_any_of_many_sets_exactly_the_ready_ones);
    g_test_add_func("/io/nothing", test_closed_peer_does_not_spin_a_wait_that_wants_nothing);
    g_test_add_func("/io/interrupt", test_interrupt_fails_every_wait_until_taken_away);
    g_test_add_func("/io/sleep", test_sleep_lasts);
    g_test_add_func("/io/meanwhile", test_what_is_to_be_done_meanwhile_is_done_once_at_a_wait);
    g_test_add_func("/io/nonblocking", test_nonblocking_and_close_on_exec_are_set);
    return g_test_run();
}
