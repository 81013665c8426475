#include "io/deflate.h"

#include <string.h>
#include <sys/socket.h>
#include <zlib.h>

#include "io/script.h"

static GByteArray *compressed(Bytes plain, int level)
{
    z_stream z = {0};
    GByteArray *out = g_byte_array_new();
    g_assert_cmpint(deflateInit2(&z, level, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), ==, Z_OK);
    g_byte_array_set_size(out, (guint)deflateBound(&z, plain.len) + 100);
    z.next_in = (Bytef *)plain.data;
    z.avail_in = (uInt)plain.len;
    z.next_out = out->data;
    z.avail_out = out->len;
    deflate(&z, Z_SYNC_FLUSH);
    g_byte_array_set_size(out, (guint)z.total_out);
    deflateEnd(&z);
    return out;
}

static Stream *saying(Bytes octets, bool dribble, const char *then)
{
    g_autofree char *hex = bytes_hex(octets);
    g_autofree char *script = g_strdup_printf("<= %s\n%s\n", hex, then);
    return script_stream(bytes_of(script), (ScriptOptions){.dribble = dribble, .loose = true},
                         NULL);
}

/* Reads up to `len` octets, or the end. */
static GByteArray *heard(Stream *s, size_t len, size_t step, GError **error)
{
    GByteArray *all = g_byte_array_new();
    g_autofree uint8_t *buffer = g_malloc(step);
    size_t got = 1;
    while (all->len < len && got &&
           stream_read(s, buffer, MIN(step, len - all->len), &got, deadline_in(5), error)) {
        g_byte_array_append(all, buffer, (guint)got);
    }
    return all;
}

static void assert_heard(Bytes octets, Bytes early, bool dribble, size_t step, Bytes expected)
{
    g_autoptr(GError) error = NULL;
    Stream *s = deflate_stream(saying(octets, dribble, "<stall"), early);
    g_autoptr(GByteArray) all = heard(s, expected.len, step, &error);
    g_assert_no_error(error);
    g_assert_true(bytes_equal(bytes_of_array(all), expected));
    size_t got = 0;
    bool eof = false;
    uint8_t more[8];
    for (int i = 0; i < 10 && !got; i++) { /* the flush's own octets may come behind */
        g_assert_true(stream_read_now(s, more, sizeof more, &got, &eof, &error));
    }
    g_assert_true(!got && !eof && !stream_has_pending(s));
    stream_free(s);
}

static void test_what_is_compressed_comes_out_whole(void)
{
    g_autofree char *zeros = g_malloc0(100000);
    g_autoptr(GString) text = g_string_new(NULL);
    for (int i = 0; i < 5000; i++) {
        g_string_append_printf(text, "* %d FETCH (UID %d)\r\n", i, 7 * i);
    }
    const Bytes plains[] = {BYTES_LITERAL("a"), bytes_of_string(text), {zeros, 100000}};
    for (size_t i = 0; i < G_N_ELEMENTS(plains); i++) {
        for (int level = 0; level <= 9; level += 9) {
            g_autoptr(GByteArray) octets = compressed(plains[i], level);
            Bytes all = bytes_of_array(octets);
            assert_heard(all, BYTES_NONE, false, 200000, plains[i]);
            assert_heard(all, BYTES_NONE, true, 17, plains[i]);
            size_t part = all.len / 2;
            assert_heard(bytes_sub(all, part, all.len), bytes_sub(all, 0, part), false, 1000,
                         plains[i]);
        }
    }
}

static void test_both_ends_understand_each_other(void)
{
    int fds[2];
    g_autoptr(GError) error = NULL;
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
    Stream *a = deflate_stream(stream_from_fd(fds[0], NULL), BYTES_NONE);
    Stream *b = deflate_stream(stream_from_fd(fds[1], NULL), BYTES_NONE);
    g_autofree char *great = g_strnfill(40000, 'x');
    const Bytes said[] = {BYTES_LITERAL("P1 NOOP\r\n"), bytes_of(great), BYTES_LITERAL("z")};
    for (size_t i = 0; i < G_N_ELEMENTS(said); i++) {
        g_assert_true(stream_write(a, said[i], deadline_in(5), &error));
        g_autoptr(GByteArray) there = heard(b, said[i].len, 3000, &error);
        g_assert_no_error(error);
        g_assert_true(bytes_equal(bytes_of_array(there), said[i]));
    }
    g_assert_true(stream_shutdown(a, deadline_in(5), &error));
    g_autoptr(GByteArray) nothing = heard(b, 1, 1, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(nothing->len, ==, 0);
    stream_free(a);
    stream_free(b);
}

static void test_writing_survives_a_slow_peer(void)
{
    g_autoptr(GError) error = NULL;
    Stream *s = deflate_stream(saying(BYTES_LITERAL("x"), true, "<stall"), BYTES_NONE);
    g_autofree char *great = g_malloc(50000);
    for (size_t i = 0; i < 50000; i++) {
        great[i] = (char)(i * i >> 3);
    }
    g_assert_true(stream_write(s, (Bytes){great, 50000}, deadline_in(5), &error));
    g_assert_no_error(error);
    stream_free(s);
}

static void test_what_is_not_compressed_is_refused(void)
{
    g_autoptr(GError) error = NULL;
    Stream *s = deflate_stream(saying(BYTES_LITERAL("* OK not compressed\r\n"), false, "<stall"),
                               BYTES_NONE);
    g_autoptr(GByteArray) all = heard(s, 100, 100, &error);
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_PROTOCOL);
    g_assert_cmpuint(all->len, ==, 0);
    stream_free(s);
}

static void test_a_stream_that_ends_is_at_its_end(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GByteArray) octets = compressed(BYTES_LITERAL("bye\r\n"), 9);
    Stream *s = deflate_stream(saying(bytes_of_array(octets), false, "<eof"), BYTES_NONE);
    g_autoptr(GByteArray) all = heard(s, 100, 100, &error);
    g_assert_no_error(error);
    g_assert_true(bytes_equal(bytes_of_array(all), BYTES_LITERAL("bye\r\n")));
    stream_free(s);
}

static void test_a_bomb_does_not_go_off(void)
{
    enum { SIZE = 80 * 1024 * 1024 };
    g_autoptr(GError) error = NULL;
    g_autofree char *zeros = g_malloc0(SIZE);
    g_autoptr(GByteArray) octets = compressed((Bytes){zeros, SIZE}, 9);
    Stream *s = deflate_stream(saying(bytes_of_array(octets), false, "<stall"), BYTES_NONE);
    size_t got = 1, all = 0;
    while (got && stream_read(s, zeros, 60000, &got, deadline_in(20), &error)) {
        all += got;
    }
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_LIMIT);
    g_assert_cmpuint(all, <, SIZE);
    stream_free(s);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/deflate/whole", test_what_is_compressed_comes_out_whole);
    g_test_add_func("/deflate/both_ends", test_both_ends_understand_each_other);
    g_test_add_func("/deflate/slow_peer", test_writing_survives_a_slow_peer);
    g_test_add_func("/deflate/not_compressed", test_what_is_not_compressed_is_refused);
    g_test_add_func("/deflate/end", test_a_stream_that_ends_is_at_its_end);
    g_test_add_func("/deflate/bomb", test_a_bomb_does_not_go_off);
    return g_test_run();
}
