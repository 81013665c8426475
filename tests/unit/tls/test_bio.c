/* The lower stream under OpenSSL: its failures come up as they are. */
#include "world.h"

static World w;

/* Passes on to the stream below until told to fail. */
typedef struct {
    Stream stream;
    int reads_left; /* fails when it reaches 0; below 0: never */
} Failing;

static StreamStatus failing_read(Stream *s, void *buffer, size_t len, size_t *moved, GError **error)
{
    Failing *f = (Failing *)s;
    if (f->reads_left == 0) {
        error_fail(error, POSTERN_ERROR_UNAVAILABLE, "the cable was cut");
        return STREAM_FAILED;
    }
    f->reads_left--;
    return s->lower->kind->try_read(s->lower, buffer, len, moved, error);
}

static StreamStatus failing_write(Stream *s, const void *data, size_t len, size_t *moved,
                                  GError **error)
{
    return s->lower->kind->try_write(s->lower, data, len, moved, error);
}

static void failing_destroy(Stream *s)
{
    stream_free(s->lower);
}

static const StreamKind failing_kind = {.name = "failing",
                                        .try_read = failing_read,
                                        .try_write = failing_write,
                                        .destroy = failing_destroy};

static Stream *over_failing(TestServer *server, TlsPlan *plan, int reads, Failing **failing,
                            TlsPeer **peer, GError **error)
{
    Failing *f = g_new0(Failing, 1);
    Stream *lower = test_server_start(server);
    f->stream = (Stream){.kind = &failing_kind, .fd = lower->fd, .lower = lower};
    f->reads_left = reads;
    *failing = f;
    *peer = NULL;
    return tls_client(&f->stream, plan, "mail.test", peer, deadline_in(20), error);
}

static void test_a_failure_below_ends_the_handshake_with_its_own_words(void)
{
    TestServer server = {.context = test_server_context(&w.leaf, NULL)};
    TlsPlan plan = world_plan(&w);
    Failing *failing;
    TlsPeer *peer;
    g_autoptr(GError) error = NULL;
    g_assert_null(over_failing(&server, &plan, 1, &failing, &peer, &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_UNAVAILABLE);
    g_assert_cmpstr(error->message, ==, "the cable was cut");
    test_server_join(&server);
    SSL_CTX_free(server.context);
}

static void test_a_failure_below_ends_reading_with_its_own_words(void)
{
    TestServer server = {.context = test_server_context(&w.leaf, NULL)};
    TlsPlan plan = world_plan(&w);
    Failing *failing;
    TlsPeer *peer;
    g_autoptr(GError) error = NULL;
    Stream *s = over_failing(&server, &plan, -1, &failing, &peer, &error);
    g_assert_no_error(error);
    test_say_and_hear(s, "hello");
    failing->reads_left = 0;
    char byte;
    size_t got;
    g_assert_false(stream_read(s, &byte, 1, &got, deadline_in(20), &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_UNAVAILABLE);
    g_assert_cmpstr(error->message, ==, "the cable was cut");
    stream_free(s);
    test_server_join(&server);
    tls_peer_free(peer);
    SSL_CTX_free(server.context);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    w = world_new();
    g_test_add_func("/bio/handshake", test_a_failure_below_ends_the_handshake_with_its_own_words);
    g_test_add_func("/bio/reading", test_a_failure_below_ends_reading_with_its_own_words);
    int result = g_test_run();
    world_clear(&w);
    return result;
}
