/* TLS as a stream: data whole, ends told apart, over any lower stream. */
#include <arpa/inet.h>

#include "world.h"

static World w;

typedef struct {
    TestServer server;
    Stream *client;
    TlsPeer *peer;
    TlsPlan plan; /* must outlive the stream */
} Pair;

static void pair_open(Pair *pair, TestServe serve, void *user, TlsVersion max)
{
    *pair = (Pair){
        .server = {.context = test_server_context(&w.leaf, NULL), .serve = serve, .user = user}};
    pair->plan = world_plan(&w);
    pair->plan.max = max;
    GError *error = NULL;
    pair->client = test_connect(&pair->server, &pair->plan, "mail.test", &pair->peer, &error);
    g_assert_no_error(error);
}

static void pair_close(Pair *pair)
{
    stream_free(pair->client);
    test_server_join(&pair->server);
    tls_peer_free(pair->peer);
    SSL_CTX_free(pair->server.context);
}

static void say_and_close_notify(SSL *ssl, int result, void *user)
{
    (void)user;
    g_assert_cmpint(result, ==, 1);
    SSL_write(ssl, "bye", 3);
    SSL_shutdown(ssl);
}

static void say_and_vanish(SSL *ssl, int result, void *user)
{
    (void)user;
    g_assert_cmpint(result, ==, 1);
    SSL_write(ssl, "bye", 3);
}

static void read_rest(Stream *s, TlsClose wanted)
{
    char buffer[16];
    size_t got;
    GError *error = NULL;
    g_assert_cmpint(tls_how_closed(s), ==, TLS_CLOSE_OPEN);
    g_assert_true(stream_read(s, buffer, sizeof buffer, &got, deadline_in(20), &error));
    g_assert_cmpmem(buffer, got, "bye", 3);
    for (int i = 0; i < 2; i++) { /* the end stays the end */
        stream_read(s, buffer, sizeof buffer, &got, deadline_in(20), &error);
        g_assert_no_error(error);
        g_assert_cmpuint(got, ==, 0);
        g_assert_cmpint(tls_how_closed(s), ==, wanted);
    }
}

static void test_a_goodbye_and_a_cut_are_told_apart(void)
{
    for (int version = TLS_1_2; version <= TLS_1_3; version++) {
        Pair pair;
        pair_open(&pair, say_and_close_notify, NULL, (TlsVersion)version);
        read_rest(pair.client, TLS_CLOSE_NOTIFY);
        pair_close(&pair);
        pair_open(&pair, say_and_vanish, NULL, (TlsVersion)version);
        read_rest(pair.client, TLS_CLOSE_TRUNCATED);
        pair_close(&pair);
    }
}

static void listen_for_goodbye(SSL *ssl, int result, void *user)
{
    char byte;
    g_assert_cmpint(result, ==, 1);
    int got = SSL_read(ssl, &byte, 1);
    *(int *)user = got > 0 ? 1000 : SSL_get_error(ssl, got);
    SSL_write(ssl, "bye", 3); /* half closed: we may still be told something */
    SSL_shutdown(ssl);
}

static void test_our_goodbye_is_heard_and_the_answer_can_be_read(void)
{
    Pair pair;
    int heard = 0;
    pair_open(&pair, listen_for_goodbye, &heard, TLS_VERSION_ANY);
    GError *error = NULL;
    g_assert_true(stream_shutdown(pair.client, deadline_in(20), &error));
    g_assert_no_error(error);
    read_rest(pair.client, TLS_CLOSE_NOTIFY);
    pair_close(&pair);
    g_assert_cmpint(heard, ==, SSL_ERROR_ZERO_RETURN);
}

static void test_megabytes_pass_whole_both_ways(void)
{
    enum { SIZE = 3 << 20, PIECE = 100000 };
    Pair pair;
    pair_open(&pair, NULL, NULL, TLS_VERSION_ANY);
    g_autofree char *out = g_malloc(SIZE), *in = g_malloc(SIZE);
    for (size_t i = 0; i < SIZE; i++) {
        out[i] = (char)(i * 31 >> 7);
    }
    size_t received = 0;
    GError *error = NULL;
    for (size_t sent = 0; sent < SIZE;) { /* the echo blocks when nobody reads it */
        size_t piece = MIN(PIECE, SIZE - sent);
        g_assert_true(
            stream_write(pair.client, (Bytes){out + sent, piece}, deadline_in(30), &error));
        sent += piece;
        while (received < sent) {
            size_t got;
            g_assert_true(stream_read(pair.client, in + received, SIZE - received, &got,
                                      deadline_in(30), &error));
            g_assert_cmpuint(got, >, 0);
            received += got;
        }
    }
    g_assert_no_error(error);
    g_assert_cmpmem(in, received, out, SIZE);
    pair_close(&pair);
}

static void test_what_is_decoded_already_is_pending(void)
{
    Pair pair;
    pair_open(&pair, say_and_close_notify, NULL, TLS_VERSION_ANY);
    char byte;
    size_t got;
    g_assert_false(stream_has_pending(pair.client));
    g_assert_true(stream_read(pair.client, &byte, 1, &got, deadline_in(20), NULL));
    g_assert_true(stream_has_pending(pair.client));
    bool eof;
    char rest[8];
    g_assert_true(stream_read_now(pair.client, rest, sizeof rest, &got, &eof, NULL));
    g_assert_cmpmem(rest, got, "ye", 2);
    g_assert_false(stream_has_pending(pair.client));
    pair_close(&pair);
}

static void test_reading_now_does_not_wait(void)
{
    Pair pair;
    pair_open(&pair, NULL, NULL, TLS_VERSION_ANY);
    char byte;
    size_t got = 9;
    bool eof = true;
    g_assert_true(stream_read_now(pair.client, &byte, 1, &got, &eof, NULL));
    g_assert_cmpuint(got, ==, 0);
    g_assert_false(eof);
    pair_close(&pair);
}

static void test_a_write_taken_in_part_goes_on_from_another_address(void)
{
    Pair pair;
    pair_open(&pair, world_listen, &(int){0}, TLS_VERSION_ANY); /* reads one byte, then closes */
    enum { SIZE = 4 << 20 };
    g_autofree char *data = g_malloc0(SIZE);
    size_t total = 0, moved = 0;
    const StreamKind *kind = pair.client->kind;
    StreamStatus status = STREAM_OK;
    g_autoptr(GError) error = NULL;
    while (status == STREAM_OK && total < SIZE) {
        status = kind->try_write(pair.client, data + total, SIZE - total, &moved, &error);
        total += moved;
    }
    if (status == STREAM_WANT_WRITE) { /* the same bytes, moved elsewhere */
        g_autofree char *copy = g_memdup2(data + total, SIZE - total);
        status = kind->try_write(pair.client, copy, SIZE - total, &moved, &error);
    }
    g_assert_true(status == STREAM_WANT_WRITE || status == STREAM_OK || status == STREAM_FAILED);
    if (status == STREAM_FAILED) { /* the peer closed, which is not "bad write retry" */
        g_assert_null(strstr(error->message, "retry"));
    }
    pair_close(&pair);
}

/* A stream that moves one byte at a time and, every other time, none. */
typedef struct {
    Stream stream;
    bool rest;
} Dribble;

static StreamStatus dribble_read(Stream *s, void *buffer, size_t len, size_t *moved, GError **error)
{
    (void)len;
    Dribble *d = (Dribble *)s;
    d->rest = !d->rest;
    return d->rest ? STREAM_WANT_WRITE
                   : s->lower->kind->try_read(s->lower, buffer, 1, moved, error);
}

static StreamStatus dribble_write(Stream *s, const void *data, size_t len, size_t *moved,
                                  GError **error)
{
    (void)len;
    return s->lower->kind->try_write(s->lower, data, 1, moved, error);
}

static void dribble_destroy(Stream *s)
{
    stream_free(s->lower);
}

static const StreamKind dribble_kind = {.name = "dribble",
                                        .try_read = dribble_read,
                                        .try_write = dribble_write,
                                        .destroy = dribble_destroy};

static void test_a_byte_at_a_time_is_enough(void)
{
    TestServer server = {.context = test_server_context(&w.leaf, NULL)};
    Dribble *dribble = g_new0(Dribble, 1);
    Stream *lower = test_server_start(&server);
    dribble->stream = (Stream){.kind = &dribble_kind, .fd = lower->fd, .lower = lower};
    TlsPlan plan = world_plan(&w);
    TlsPeer *peer = NULL;
    GError *error = NULL;
    Stream *s = tls_client(&dribble->stream, &plan, "mail.test", &peer, deadline_in(20), &error);
    g_assert_no_error(error);
    g_assert_true(peer->verified);
    test_say_and_hear(s, "hello");
    test_hang_up(s);
    test_server_join(&server);
    tls_peer_free(peer);
    SSL_CTX_free(server.context);
}

static void serve_tls_within(SSL *ssl, int result, void *user)
{
    g_assert_cmpint(result, ==, 1);
    SSL *inner = SSL_new(user);
    BIO *bio = BIO_new(BIO_f_ssl());
    BIO_set_ssl(bio, ssl, BIO_NOCLOSE);
    SSL_set_bio(inner, bio, bio);
    test_echo(inner, SSL_accept(inner), NULL);
    SSL_free(inner);
}

static void test_tls_runs_over_tls(void)
{
    SSL_CTX *inner = test_server_context(&w.leaf, NULL);
    Pair pair;
    pair_open(&pair, serve_tls_within, inner, TLS_VERSION_ANY);
    TlsPlan plan = world_plan(&w);
    TlsPeer *peer = NULL;
    GError *error = NULL;
    pair.client = tls_client(pair.client, &plan, "mail.test", &peer, deadline_in(20), &error);
    g_assert_no_error(error);
    test_say_and_hear(pair.client, "hello");
    tls_peer_free(peer);
    pair_close(&pair);
    SSL_CTX_free(inner);
}

/* After its handshake the server's bytes are not TLS any more. */
static void write_garbage(SSL *ssl, int result, void *user)
{
    (void)user;
    static const char record[] = "\x17\x03\x03\0\x20not encrypted with these keys!!!";
    g_assert_cmpint(result, ==, 1);
    g_assert_cmpint(BIO_write(SSL_get_wbio(ssl), record, sizeof record - 1), >, 0);
    char byte;
    SSL_read(ssl, &byte, 1);
}

static void test_a_changed_record_breaks_the_stream_for_good(void)
{
    Pair pair;
    pair_open(&pair, write_garbage, NULL, TLS_VERSION_ANY);
    for (int i = 0; i < 3; i++) {
        char byte;
        size_t got;
        g_autoptr(GError) error = NULL;
        g_assert_false(stream_read(pair.client, &byte, 1, &got, deadline_in(20), &error));
        g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_PROTOCOL);
        g_assert_nonnull(strstr(error->message, "somebody changed it"));
        g_autoptr(GError) writing = NULL;
        g_assert_false(stream_write(pair.client, BYTES_LITERAL("x"), deadline_in(20), &writing));
        g_assert_error(writing, POSTERN_ERROR, POSTERN_ERROR_PROTOCOL);
    }
    g_assert_true(stream_shutdown(pair.client, deadline_in(20), NULL));
    pair_close(&pair);
}

/* A connection over loopback TCP, without TCP_NODELAY at the server, as Postfix has it. */
static Stream *tcp_pair(int *server_fd)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(bind(listener, (struct sockaddr *)&address, len), ==, 0);
    g_assert_cmpint(listen(listener, 1), ==, 0);
    getsockname(listener, (struct sockaddr *)&address, &len);
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(connect(client, (struct sockaddr *)&address, len), ==, 0);
    *server_fd = accept(listener, NULL, NULL);
    close(listener);
    return stream_from_fd(client, NULL);
}

/* From the first byte sent after the handshake to its echo, in microseconds. */
static gint64 first_reply_us(void)
{
    TestServer server = {.context = test_server_context(&w.leaf, NULL)};
    Stream *lower = tcp_pair(&server.fd);
    server.thread = g_thread_new("server", test_server_thread, &server);
    TlsPlan plan = world_plan(&w);
    TlsPeer *peer = NULL;
    Stream *s = tls_client(lower, &plan, "mail.test", &peer, deadline_in(20), NULL);
    g_assert_nonnull(s);
    gint64 before = g_get_monotonic_time();
    test_say_and_hear(s, "EHLO me\r\n");
    gint64 taken = g_get_monotonic_time() - before;
    test_hang_up(s);
    test_server_join(&server);
    tls_peer_free(peer);
    SSL_CTX_free(server.context);
    return taken;
}

static void test_the_first_reply_does_not_wait_for_a_delayed_ack(void)
{
    gint64 best = G_MAXINT64;
    for (int i = 0; i < 8; i++) { /* the best of several: other processes are about */
        best = MIN(best, first_reply_us());
    }
    g_test_message("first reply after %" G_GINT64_FORMAT " us", best);
    g_assert_cmpint(best, <, 35000); /* delayed ACKs take 40 ms */
}

static void test_only_tls_is_tls(void)
{
    int fds[2];
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
    g_autoptr(Stream) plain = stream_from_fd(fds[0], NULL);
    g_assert_false(tls_is(NULL));
    g_assert_false(tls_is(plain));
    g_assert_cmpint(tls_how_closed(plain), ==, TLS_CLOSE_OPEN);
    close(fds[1]);
    Pair pair;
    pair_open(&pair, NULL, NULL, TLS_VERSION_ANY);
    g_assert_true(tls_is(pair.client));
    pair_close(&pair);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    w = world_new();
    g_test_add_func("/stream/ends", test_a_goodbye_and_a_cut_are_told_apart);
    g_test_add_func("/stream/goodbye", test_our_goodbye_is_heard_and_the_answer_can_be_read);
    g_test_add_func("/stream/megabytes", test_megabytes_pass_whole_both_ways);
    g_test_add_func("/stream/pending", test_what_is_decoded_already_is_pending);
    g_test_add_func("/stream/now", test_reading_now_does_not_wait);
    g_test_add_func("/stream/part", test_a_write_taken_in_part_goes_on_from_another_address);
    g_test_add_func("/stream/dribble", test_a_byte_at_a_time_is_enough);
    g_test_add_func("/stream/nested", test_tls_runs_over_tls);
    g_test_add_func("/stream/garbage", test_a_changed_record_breaks_the_stream_for_good);
    g_test_add_func("/stream/quick", test_the_first_reply_does_not_wait_for_a_delayed_ack);
    g_test_add_func("/stream/is", test_only_tls_is_tls);
    int result = g_test_run();
    world_clear(&w);
    return result;
}
