/* The engine under the scheduler: two thousand sessions at once, client and server in one process,
 * and the same client function blocking, without a scheduler. */
#include <malloc.h>
#include <sys/resource.h>

#include "io/sched.h"
#include "world.h"

enum { SESSIONS = 2000 };

/* Measured: about 67 kB for both ends of a session without a sanitizer, coroutine stacks not
 * counted. */
enum { PAIR_MEMORY = 100 * 1024 };

static World w;

typedef struct {
    TlsServer *server;
    TlsPlan plan;
    Sched *sched;
    int handshaken; /* clients whose handshake is done */
    int finished;   /* clients that heard everything back */
    int served;     /* servers that heard the goodbye */
    int expected;
    size_t memory; /* on the heap with all sessions open */
} Crowd;

typedef struct {
    Crowd *crowd;
    Stream *lower;
} Seat;

/* A line-sized echo until the client says goodbye. */
static void serve(void *user)
{
    Seat *seat = user;
    GError *error = NULL;
    char buffer[256];
    size_t got;
    Stream *s = tls_server_accept(seat->crowd->server, seat->lower, deadline_in(100), &error);
    g_assert_no_error(error);
    while (stream_read(s, buffer, sizeof buffer, &got, deadline_in(100), &error) && got > 0) {
        g_assert_true(stream_write(s, (Bytes){buffer, got}, deadline_in(100), &error));
    }
    g_assert_no_error(error);
    g_assert_cmpint(tls_how_closed(s), ==, TLS_CLOSE_NOTIFY);
    seat->crowd->served++;
    stream_shutdown(s, deadline_in(100), NULL);
    stream_free(s);
    g_free(seat);
}

/* Nobody goes on before all are there: so all sessions are open at the same time. */
static void wait_for_the_others(Crowd *crowd)
{
    if (++crowd->handshaken == crowd->expected) {
        crowd->memory = mallinfo2().uordblks;
    }
    while (crowd->handshaken < crowd->expected) {
        g_assert_true(io_sleep(deadline_in(0.02), NULL));
    }
}

/* The client: knows nothing of schedulers. */
static void converse(void *user)
{
    Seat *seat = user;
    Crowd *crowd = seat->crowd;
    GError *error = NULL;
    TlsPeer *peer = NULL;
    Stream *s = tls_client(seat->lower, &crowd->plan, "mail.test", &peer, deadline_in(100), &error);
    g_assert_no_error(error);
    g_assert_true(peer->verified);
    tls_peer_free(peer);
    wait_for_the_others(crowd);
    for (int i = 0; i < 3; i++) {
        test_say_and_hear(s, "NOOP\r\n");
    }
    test_hang_up(s);
    crowd->finished++;
    g_free(seat);
}

static void seats(Crowd *crowd, Seat **client, Seat **server)
{
    int fds[2];
    GError *error = NULL;
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
    *client = g_new(Seat, 1);
    **client = (Seat){crowd, stream_from_fd(fds[0], &error)};
    *server = g_new(Seat, 1);
    **server = (Seat){crowd, stream_from_fd(fds[1], &error)};
    g_assert_no_error(error);
}

static Crowd crowd_new(int expected)
{
    GError *error = NULL;
    Crowd crowd = {.plan = world_plan(&w), .expected = expected};
    crowd.server =
        tls_server_new(&(TlsServerPlan){.cert_file = w.leaf_file, .key_file = w.leaf_file}, &error);
    g_assert_no_error(error);
    return crowd;
}

/* Two descriptors a session, and a margin. */
static bool enough_descriptors(void)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = MIN(limit.rlim_max, 2 * SESSIONS + 100);
    setrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur >= 2 * SESSIONS + 100;
}

static bool under_sanitizer(void)
{
#if defined(__SANITIZE_ADDRESS__)
    return true;
#else
    return false;
#endif
}

static void test_two_thousand_sessions_are_open_at_once(void)
{
    if (!enough_descriptors()) {
        g_test_skip("too few file descriptors are allowed here");
        return;
    }
    GError *error = NULL;
    Crowd crowd = crowd_new(SESSIONS);
    crowd.sched = sched_new(&error);
    size_t before = mallinfo2().uordblks;
    for (int i = 0; i < SESSIONS; i++) {
        Seat *client, *server;
        seats(&crowd, &client, &server);
        g_assert_nonnull(sched_spawn(crowd.sched, serve, server, &error));
        g_assert_nonnull(sched_spawn(crowd.sched, converse, client, &error));
    }
    g_assert_cmpuint(sched_count(crowd.sched), ==, 2 * SESSIONS);
    g_assert_true(sched_run(crowd.sched, &error));
    g_assert_no_error(error);
    g_assert_cmpint(crowd.finished, ==, SESSIONS);
    g_assert_cmpint(crowd.served, ==, SESSIONS);
    size_t each = (crowd.memory - before) / SESSIONS;
    g_test_message("%zu bytes of heap for both ends of a session", each);
    if (!under_sanitizer()) {
        g_assert_cmpuint(each, <, PAIR_MEMORY);
    }
    sched_free(crowd.sched);
    tls_server_free(crowd.server);
}

static void *serve_on_a_thread(void *seat)
{
    serve(seat);
    return NULL;
}

static void test_the_same_function_blocks_without_a_scheduler(void)
{
    Crowd crowd = crowd_new(1);
    Seat *client, *server;
    seats(&crowd, &client, &server);
    GThread *thread = g_thread_new("server", serve_on_a_thread, server);
    converse(client);
    g_thread_join(thread);
    g_assert_cmpint(crowd.finished, ==, 1);
    g_assert_cmpint(crowd.served, ==, 1);
    tls_server_free(crowd.server);
}

/* A handshake that is cancelled unwinds and frees everything; the others go on. */
static void handshake_with_nobody(void *user)
{
    Seat *seat = user;
    TlsPeer *peer = NULL;
    g_autoptr(GError) error = NULL;
    g_assert_null(
        tls_client(seat->lower, &seat->crowd->plan, "mail.test", &peer, DEADLINE_NEVER, &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_CANCELLED);
    g_assert_null(peer);
    seat->crowd->finished++;
    g_free(seat);
}

static void cancel_all(void *user)
{
    Crowd *crowd = user;
    g_assert_true(io_sleep(deadline_in(0.05), NULL));
    sched_cancel_all(crowd->sched);
}

static void test_a_handshake_can_be_cancelled(void)
{
    GError *error = NULL;
    Crowd crowd = crowd_new(1);
    crowd.sched = sched_new(&error);
    Seat *silent[10];
    for (int i = 0; i < 10; i++) {
        Seat *client;
        seats(&crowd, &client, &silent[i]);
        g_assert_nonnull(sched_spawn(crowd.sched, handshake_with_nobody, client, &error));
    }
    g_assert_nonnull(sched_spawn(crowd.sched, cancel_all, &crowd, &error));
    g_assert_true(sched_run(crowd.sched, &error));
    g_assert_cmpint(crowd.finished, ==, 10);
    for (int i = 0; i < 10; i++) {
        stream_free(silent[i]->lower);
        g_free(silent[i]);
    }
    sched_free(crowd.sched);
    tls_server_free(crowd.server);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    w = world_new();
    g_test_add_func("/engine/blocking", test_the_same_function_blocks_without_a_scheduler);
    g_test_add_func("/engine/cancelled", test_a_handshake_can_be_cancelled);
    g_test_add_func("/engine/two-thousand", test_two_thousand_sessions_are_open_at_once);
    int result = g_test_run();
    world_clear(&w);
    return result;
}
