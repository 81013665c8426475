#include "io/stream.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void stream_pair(Stream **a, Stream **b)
{
    int fds[2];
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
    *a = stream_from_fd(fds[0], NULL);
    *b = stream_from_fd(fds[1], NULL);
    g_assert_true(*a && *b);
}

static void test_bytes_cross_and_the_end_is_seen(void)
{
    g_autoptr(Stream) a = NULL;
    g_autoptr(Stream) b = NULL;
    stream_pair(&a, &b);
    g_assert_true(stream_write(a, BYTES_LITERAL("hello"), deadline_in(5), NULL));
    g_assert_true(stream_shutdown(a, deadline_in(5), NULL));
    char buffer[16];
    size_t got;
    g_assert_true(stream_read(b, buffer, 3, &got, deadline_in(5), NULL));
    g_assert_cmpmem(buffer, got, "hel", 3);
    g_assert_true(stream_read(b, buffer, sizeof buffer, &got, deadline_in(5), NULL));
    g_assert_cmpmem(buffer, got, "lo", 2);
    g_assert_true(stream_read(b, buffer, sizeof buffer, &got, deadline_in(5), NULL));
    g_assert_cmpuint(got, ==, 0);
    /* the other direction is still open */
    g_assert_true(stream_write(b, BYTES_LITERAL("bye"), deadline_in(5), NULL));
    g_assert_true(stream_read(a, buffer, sizeof buffer, &got, deadline_in(5), NULL));
    g_assert_cmpmem(buffer, got, "bye", 3);
}

static void test_reading_now_never_waits(void)
{
    g_autoptr(Stream) a = NULL;
    g_autoptr(Stream) b = NULL;
    stream_pair(&a, &b);
    char c;
    size_t got = 9;
    bool eof = true;
    g_assert_true(stream_read_now(a, &c, 1, &got, &eof, NULL));
    g_assert_true(got == 0 && !eof);
    g_assert_false(stream_has_pending(a));
    g_assert_true(stream_write(b, BYTES_LITERAL("x"), deadline_in(5), NULL));
    g_assert_true(stream_read_now(a, &c, 1, &got, &eof, NULL));
    g_assert_true(got == 1 && c == 'x' && !eof);
    g_assert_true(stream_shutdown(b, deadline_in(5), NULL));
    g_assert_true(stream_read_now(a, &c, 1, &got, &eof, NULL));
    g_assert_true(got == 0 && eof);
}

static void test_a_silent_peer_runs_into_the_deadline(void)
{
    g_autoptr(Stream) a = NULL;
    g_autoptr(Stream) b = NULL;
    stream_pair(&a, &b);
    char c;
    size_t got;
    g_autoptr(GError) error = NULL;
    g_assert_false(stream_read(a, &c, 1, &got, deadline_in(0.02), &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_TIMEOUT);
}

static void test_a_peer_that_does_not_read_runs_into_the_deadline(void)
{
    g_autoptr(Stream) a = NULL;
    g_autoptr(Stream) b = NULL;
    stream_pair(&a, &b);
    size_t len = (size_t)16 * 1024 * 1024;
    g_autofree char *much = g_malloc0(len);
    g_autoptr(GError) error = NULL;
    g_assert_false(stream_write(a, (Bytes){much, len}, deadline_in(0.05), &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_TIMEOUT);
}

static void test_a_gone_peer_is_an_error_not_a_signal(void)
{
    Stream *a = NULL;
    Stream *b = NULL;
    stream_pair(&a, &b);
    stream_free(b);
    g_autoptr(GError) error = NULL;
    g_assert_false(stream_write(a, BYTES_LITERAL("hello"), deadline_in(5), &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_EOF);
    g_assert_true(stream_shutdown(a, deadline_in(5), NULL));
    stream_free(a);
}

static void test_tcp_streams_do_not_delay_small_writes(void)
{
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof address;
    g_assert_cmpint(bind(listener, (struct sockaddr *)&address, len), ==, 0);
    g_assert_cmpint(listen(listener, 1), ==, 0);
    g_assert_cmpint(getsockname(listener, (struct sockaddr *)&address, &len), ==, 0);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(connect(fd, (struct sockaddr *)&address, len), ==, 0);
    g_autoptr(Stream) s = stream_from_fd(fd, NULL);
    int on = 0;
    len = sizeof on;
    g_assert_cmpint(getsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &on, &len), ==, 0);
    g_assert_true(on);

    /* A reset is told as the peer's doing. */
    int peer = accept(listener, NULL, NULL);
    struct linger hard = {.l_onoff = 1};
    setsockopt(peer, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close(peer);
    char c;
    size_t got;
    g_autoptr(GError) error = NULL;
    g_assert_false(stream_read(s, &c, 1, &got, deadline_in(5), &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_EOF);
    close(listener);
}

static void test_freeing_nothing_is_fine(void)
{
    stream_free(NULL);
    g_autoptr(GError) error = NULL;
    g_assert_null(stream_from_fd(-1, &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_IO);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/stream/cross", test_bytes_cross_and_the_end_is_seen);
    g_test_add_func("/stream/now", test_reading_now_never_waits);
    g_test_add_func("/stream/silent", test_a_silent_peer_runs_into_the_deadline);
    g_test_add_func("/stream/full", test_a_peer_that_does_not_read_runs_into_the_deadline);
    g_test_add_func("/stream/gone", test_a_gone_peer_is_an_error_not_a_signal);
    g_test_add_func("/stream/tcp", test_tcp_streams_do_not_delay_small_writes);
    g_test_add_func("/stream/null", test_freeing_nothing_is_fine);
    return g_test_run();
}
