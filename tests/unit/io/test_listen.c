#include "io/listen.h"

#include <arpa/inet.h>
#include <glib/gstdio.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static void test_addresses_as_people_write_them(void)
{
    static const struct {
        const char *text, *host, *path;
        int port;
        bool local;
    } good[] = {
        {"127.0.0.1:11110", "127.0.0.1", NULL, 11110, true},
        {"11110", "127.0.0.1", NULL, 11110, true},
        {":0", "127.0.0.1", NULL, 0, true},
        {"localhost:25", "127.0.0.1", NULL, 25, true},
        {"[::1]:143", "::1", NULL, 143, true},
        {"0.0.0.0:110", "0.0.0.0", NULL, 110, false},
        {"[2001:db8::1]:110", "2001:db8::1", NULL, 110, false},
        {"/run/user/1/pop", NULL, "/run/user/1/pop", 0, true},
        {"./pop", NULL, "./pop", 0, true},
        {"unix:pop", NULL, "pop", 0, true},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
        g_auto(ListenAddress) address = {0};
        g_autoptr(GError) error = NULL;
        g_assert_true(listen_address_parse(good[i].text, &address, &error));
        g_assert_no_error(error);
        g_assert_cmpstr(address.host, ==, good[i].host);
        g_assert_cmpstr(address.unix_path, ==, good[i].path);
        g_assert_cmpint(address.port, ==, good[i].port);
        g_assert_cmpint(listen_address_is_local(&address), ==, good[i].local);
    }
    static const char *const bad[] = {"",        ":",           "65536", "host:25", "1.2.3.4",
                                      "::1:143", "127.0.0.1:x", "unix:", "-1",      "127.0.0.1:"};
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_auto(ListenAddress) address = {0};
        g_autoptr(GError) error = NULL;
        g_assert_false(listen_address_parse(bad[i], &address, &error));
        g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_USAGE);
    }
}

static Listener *open_at(const char *text)
{
    g_auto(ListenAddress) address = {0};
    g_autoptr(GError) error = NULL;
    g_assert_true(listen_address_parse(text, &address, NULL));
    Listener *l = listener_open(&address, 0600, &error);
    g_assert_no_error(error);
    return l;
}

static int connect_tcp(int family, uint16_t port, const char *six)
{
    struct sockaddr_in four_address = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 six_address = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    four_address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(inet_pton(AF_INET6, six ? six : "::1", &six_address.sin6_addr), ==, 1);
    int failed = family == AF_INET
                     ? connect(fd, (const struct sockaddr *)&four_address, sizeof four_address)
                     : connect(fd, (const struct sockaddr *)&six_address, sizeof six_address);
    g_assert_cmpint(failed, ==, 0);
    return fd;
}

static void expect_me(Listener *l, int client)
{
    g_autoptr(GError) error = NULL;
    g_auto(ListenPeer) peer = {0};
    g_autoptr(Stream) s = listener_accept(l, &peer, deadline_in(5), &error);
    g_assert_no_error(error);
    g_assert_true(peer.known);
    g_assert_cmpuint(peer.uid, ==, getuid());
    g_assert_nonnull(peer.text);
    char byte = 0;
    size_t got = 0;
    g_assert_cmpint(write(client, "x", 1), ==, 1);
    g_assert_true(stream_read(s, &byte, 1, &got, deadline_in(5), &error));
    g_assert_cmpint(byte, ==, 'x');
    close(client);
}

static void test_tells_whose_a_connection_is(void)
{
    g_autoptr(Listener) l = open_at(":0");
    g_assert_cmpuint(listener_port(l), >, 0);
    g_assert_true(g_str_has_prefix(listener_text(l), "127.0.0.1:"));
    g_assert_true(listener_is_local(l));
    expect_me(l, connect_tcp(AF_INET, listener_port(l), NULL));
    expect_me(l, connect_tcp(AF_INET6, listener_port(l), "::ffff:127.0.0.1"));
    g_autoptr(Listener) six = open_at("[::1]:0");
    expect_me(six, connect_tcp(AF_INET6, listener_port(six), NULL));
}

static void test_a_closed_connection_is_nobodys(void)
{
    g_autoptr(Listener) l = open_at(":0");
    close(connect_tcp(AF_INET, listener_port(l), NULL));
    g_auto(ListenPeer) peer = {0};
    g_autoptr(Stream) s = listener_accept(l, &peer, deadline_in(5), NULL);
    g_assert_nonnull(s);
    g_assert_false(peer.known);
}

static int connect_unix(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    g_strlcpy(address.sun_path, path, sizeof address.sun_path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(connect(fd, (const struct sockaddr *)&address, sizeof address), ==, 0);
    return fd;
}

static void test_unix_sockets(void)
{
    g_autofree char *dir = g_dir_make_tmp("listen-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(dir, "socket", NULL);
    Listener *l = open_at(path);
    struct stat st;
    g_assert_cmpint(g_stat(path, &st), ==, 0);
    g_assert_cmpint(st.st_mode & 0777, ==, 0600);
    expect_me(l, connect_unix(path));

    /* In use: not taken away from whoever listens there. */
    g_auto(ListenAddress) address = {0};
    g_autoptr(GError) error = NULL;
    g_assert_true(listen_address_parse(path, &address, NULL));
    g_assert_null(listener_open(&address, 0600, &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_CANT_CREATE);
    listener_free(l);
    g_assert_cmpint(g_access(path, F_OK), !=, 0);
    g_rmdir(dir);
}

static void test_a_left_over_socket_is_replaced_and_a_file_is_not(void)
{
    g_autofree char *dir = g_dir_make_tmp("listen-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(dir, "socket", NULL);
    struct sockaddr_un left = {.sun_family = AF_UNIX};
    g_strlcpy(left.sun_path, path, sizeof left.sun_path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(bind(fd, (const struct sockaddr *)&left, sizeof left), ==, 0);
    close(fd);
    listener_free(open_at(path));

    g_assert_true(g_file_set_contents(path, "mine", -1, NULL));
    g_auto(ListenAddress) address = {0};
    g_autoptr(GError) error = NULL;
    g_assert_true(listen_address_parse(path, &address, NULL));
    g_assert_null(listener_open(&address, 0600, &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_CANT_CREATE);
    g_assert_cmpint(g_access(path, F_OK), ==, 0);
    g_unlink(path);
    g_rmdir(dir);
}

static void test_a_port_in_use_is_said(void)
{
    g_autoptr(Listener) l = open_at(":0");
    ListenAddress same = {.host = (char *)"127.0.0.1", .port = listener_port(l)};
    g_autoptr(GError) error = NULL;
    g_assert_null(listener_open(&same, 0600, &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_CANT_CREATE);
    g_assert_nonnull(strstr(error->message, "another program"));
}

static void test_accept_times_out(void)
{
    g_autoptr(Listener) l = open_at(":0");
    g_autoptr(GError) error = NULL;
    g_assert_null(listener_accept(l, NULL, deadline_in(0.02), &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_TIMEOUT);
}

static void test_variables_of_somebody_else_are_no_sockets_of_ours(void)
{
    g_autoptr(GError) error = NULL;
    g_setenv("LISTEN_PID", "1", TRUE);
    g_setenv("LISTEN_FDS", "3", TRUE);
    g_autoptr(GPtrArray) none = listeners_inherited(&error);
    g_assert_no_error(error);
    g_assert_cmpuint(none->len, ==, 0);
    g_assert_null(g_getenv("LISTEN_FDS"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/listen/addresses", test_addresses_as_people_write_them);
    g_test_add_func("/listen/peer", test_tells_whose_a_connection_is);
    g_test_add_func("/listen/closed-peer", test_a_closed_connection_is_nobodys);
    g_test_add_func("/listen/unix", test_unix_sockets);
    g_test_add_func("/listen/left-over", test_a_left_over_socket_is_replaced_and_a_file_is_not);
    g_test_add_func("/listen/in-use", test_a_port_in_use_is_said);
    g_test_add_func("/listen/timeout", test_accept_times_out);
    g_test_add_func("/listen/inherited", test_variables_of_somebody_else_are_no_sockets_of_ours);
    return g_test_run();
}
