#include "io/pump.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/sched.h"

typedef struct {
    int ours[2];     /* what the test holds: the far ends of a and b */
    Stream *ends[2]; /* what is joined */
} Joined;

static Joined join(void)
{
    Joined j;
    for (int i = 0; i < 2; i++) {
        int pair[2];
        g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
        j.ours[i] = pair[0];
        j.ends[i] = stream_from_fd(pair[1], NULL);
        g_assert_nonnull(j.ends[i]);
    }
    return j;
}

static void part(Joined *j)
{
    for (int i = 0; i < 2; i++) {
        stream_free(j->ends[i]);
        close(j->ours[i]);
    }
}

static void test_passes_on_both_ways_and_both_ends(void)
{
    Joined j = join();
    g_assert_cmpint(write(j.ours[0], "QUIT\r\n", 6), ==, 6);
    g_assert_cmpint(write(j.ours[1], "+OK\r\n", 5), ==, 5);
    shutdown(j.ours[0], SHUT_WR);
    shutdown(j.ours[1], SHUT_WR);
    Pump pump = {.a = j.ends[0], .b = j.ends[1], .from_a = BYTES_LITERAL("CAPA\r\n")};
    g_autoptr(GError) error = NULL;
    g_assert_true(pump_run(&pump, NULL, NULL, &error));
    g_assert_no_error(error);
    char got[64] = {0};
    g_assert_cmpint(read(j.ours[1], got, sizeof got - 1), ==, 12);
    g_assert_cmpstr(got, ==, "CAPA\r\nQUIT\r\n");
    g_assert_cmpint(read(j.ours[1], got, sizeof got), ==, 0);
    memset(got, 0, sizeof got);
    g_assert_cmpint(read(j.ours[0], got, sizeof got - 1), ==, 5);
    g_assert_cmpstr(got, ==, "+OK\r\n");
    g_assert_cmpuint(pump.a_to_b, ==, 12);
    g_assert_cmpuint(pump.b_to_a, ==, 5);
    part(&j);
}

static void test_a_silent_side_is_not_waited_for_for_ever(void)
{
    Joined j = join();
    shutdown(j.ours[0], SHUT_WR);
    Pump pump = {.a = j.ends[0], .b = j.ends[1], .linger = 0.05};
    g_autoptr(GError) error = NULL;
    g_assert_true(pump_run(&pump, NULL, NULL, &error));
    g_assert_no_error(error);
    part(&j);
}

static void test_says_whose_side_broke(void)
{
    Joined j = join();
    close(j.ours[1]);
    j.ours[1] = -1;
    g_assert_cmpint(write(j.ours[0], "NOOP\r\n", 6), ==, 6);
    Pump pump = {.a = j.ends[0], .b = j.ends[1]};
    g_autoptr(GError) error = NULL;
    g_assert_false(pump_run(&pump, "the client", "the server", &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_EOF);
    g_assert_true(g_str_has_prefix(error->message, "the server: "));
    part(&j);
}

#define BULK ((size_t)8 * 1024 * 1024)

typedef struct {
    Joined j;
    Sched *sched;
    size_t received;
    bool intact;
} Bulk;

static void run_pump(void *user)
{
    Bulk *b = user;
    Pump pump = {.a = b->j.ends[0], .b = b->j.ends[1]};
    g_autoptr(GError) error = NULL;
    g_assert_true(pump_run(&pump, NULL, NULL, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(pump.a_to_b, ==, BULK);
}

static void run_writer(void *user)
{
    Bulk *b = user;
    g_autoptr(Stream) s = stream_from_fd(dup(b->j.ours[0]), NULL);
    g_autofree char *data = g_malloc(BULK);
    for (size_t i = 0; i < BULK; i++) {
        data[i] = (char)(i * 31 >> 3);
    }
    g_assert_true(stream_write(s, (Bytes){data, BULK}, deadline_in(30), NULL));
    g_assert_true(stream_shutdown(s, deadline_in(5), NULL));
}

static void run_reader(void *user)
{
    Bulk *b = user;
    g_autoptr(Stream) s = stream_from_fd(dup(b->j.ours[1]), NULL);
    g_autofree char *piece = g_malloc(65536);
    size_t got;
    b->intact = true;
    while (stream_read(s, piece, 65536, &got, deadline_in(30), NULL) && got > 0) {
        for (size_t i = 0; i < got; i++) {
            b->intact &= piece[i] == (char)((b->received + i) * 31 >> 3);
        }
        b->received += got;
    }
    g_assert_true(stream_shutdown(s, deadline_in(5), NULL));
}

static void test_megabytes_under_the_scheduler(void)
{
    Bulk b = {.j = join(), .sched = sched_new(NULL)};
    g_assert_nonnull(sched_spawn(b.sched, run_pump, &b, NULL));
    g_assert_nonnull(sched_spawn(b.sched, run_writer, &b, NULL));
    g_assert_nonnull(sched_spawn(b.sched, run_reader, &b, NULL));
    g_autoptr(GError) error = NULL;
    g_assert_true(sched_run(b.sched, &error));
    g_assert_cmpuint(b.received, ==, BULK);
    g_assert_true(b.intact);
    sched_free(b.sched);
    part(&b.j);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pump/both-ways", test_passes_on_both_ways_and_both_ends);
    g_test_add_func("/pump/silent", test_a_silent_side_is_not_waited_for_for_ever);
    g_test_add_func("/pump/broken", test_says_whose_side_broke);
    g_test_add_func("/pump/bulk", test_megabytes_under_the_scheduler);
    return g_test_run();
}
