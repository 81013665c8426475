#include "io/dial.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "io/via_ssh.h"

typedef struct {
    char *directory, *hosts_file, *ssh_log, *ssh;
    int listener;
    uint16_t port;
    Dns *dns;
    DialPlan plan;        /* to the listener */
    const char *proxy[2]; /* for a plan.via made at run time */
    DialResult result;
} World;

/* Writes down its arguments, one a line, then does as the hop's name says. */
static const char *const fake_ssh =
    "#!/bin/sh\n"
    "for a; do printf '%s\\n' \"$a\"; host=$a; done >\"$0.log\"\n"
    "case $host in\n"
    "echo) exec cat ;;\n"
    "denied) echo 'denied: Permission denied (publickey).' >&2\n"
    "        exit 255 ;;\n"
    "late) echo 220; sleep 0.1; echo cut >&2; exit 255 ;;\n"
    "socks) printf '\\005\\000\\005\\000\\000\\001\\0\\0\\0\\0\\0\\0'\n"
    "       exec cat ;;\n"
    "esac\n"
    "exit 7\n";

static void world_open(World *w, const void *user)
{
    (void)user;
    w->directory = g_dir_make_tmp("postern-dial-XXXXXX", NULL);
    w->hosts_file = g_build_filename(w->directory, "hosts", NULL);
    w->ssh = g_build_filename(w->directory, "ssh", NULL);
    w->ssh_log = g_strconcat(w->ssh, ".log", NULL);
    g_assert_true(
        g_file_set_contents(w->hosts_file, "127.0.0.1 mail.example\n192.0.2.1 far\n", -1, NULL));
    g_assert_true(g_file_set_contents(w->ssh, fake_ssh, -1, NULL));
    chmod(w->ssh, 0700);

    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof at;
    w->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(bind(w->listener, (struct sockaddr *)&at, len), ==, 0);
    g_assert_cmpint(listen(w->listener, 8), ==, 0);
    g_assert_cmpint(getsockname(w->listener, (struct sockaddr *)&at, &len), ==, 0);
    w->port = ntohs(at.sin_port);
    w->dns =
        dns_new(&(DnsConfig){.resolv_conf = "/nonexistent", .hosts_file = w->hosts_file}, NULL);
    w->plan =
        (DialPlan){.host = "mail.example", .port = w->port, .dns = w->dns, .ssh_command = w->ssh};
}

static void remove_and_free(char *path)
{
    unlink(path);
    g_free(path);
}

static void world_close(World *w, const void *user)
{
    (void)user;
    dial_result_clear(&w->result);
    dns_free(w->dns);
    close(w->listener);
    remove_and_free(w->hosts_file);
    remove_and_free(w->ssh);
    remove_and_free(w->ssh_log);
    rmdir(w->directory);
    g_free(w->directory);
}

static Stream *dial_ok(World *w)
{
    g_autoptr(GError) error = NULL;
    dial_result_clear(&w->result);
    Stream *s = dial(&w->plan, &w->result, deadline_in(10), &error);
    g_assert_no_error(error);
    g_assert_nonnull(s);
    return s;
}

static void assert_echo(Stream *s)
{
    char buffer[16];
    size_t got;
    g_assert_true(stream_write(s, BYTES_LITERAL("hello"), deadline_in(10), NULL));
    g_assert_true(stream_read(s, buffer, sizeof buffer, &got, deadline_in(10), NULL));
    g_assert_cmpmem(buffer, got, "hello", 5);
}

/* A list that outlives the test, of constants. */
#define VIA(...)                                                                                   \
    ({                                                                                             \
        static const char *const list[] = {__VA_ARGS__, NULL};                                     \
        list;                                                                                      \
    })

static void test_a_host_is_dialled_and_the_result_tells_how(World *w, const void *user)
{
    (void)user;
    g_autoptr(Stream) s = dial_ok(w);
    g_assert_cmpstr(s->kind->name, ==, "tcp");
    g_assert_cmpstr(w->result.address, ==, "127.0.0.1");
    g_assert_cmpuint(w->result.port, ==, w->port);
    g_assert_cmpstr(w->result.canonical, ==, "mail.example");
    g_assert_true(g_str_has_prefix(w->result.local, "127.0.0.1:"));
    g_assert_null(w->result.via);
    g_assert_true(w->result.loopback && !w->result.private_way);
}

static void test_refusals_name_the_host_and_the_address(World *w, const void *user)
{
    (void)user;
    close(w->listener);
    w->listener = -1;
    g_autoptr(GError) error = NULL;
    g_assert_null(dial(&w->plan, &w->result, deadline_in(10), &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_UNAVAILABLE);
    g_autofree char *expected = g_strdup_printf(
        "cannot connect to mail.example port %u: 127.0.0.1: Connection refused", w->port);
    g_assert_cmpstr(error->message, ==, expected);
    g_assert_cmpstr(w->result.address, ==, "127.0.0.1");
}

static void test_connect_to_leads_elsewhere(World *w, const void *user)
{
    (void)user;
    g_autofree char *rule = g_strdup_printf("far:25:127.0.0.1:%u", w->port);
    const char *const rules[] = {"other:25:127.0.0.1:1", rule, "127.0.0.1:2", NULL};
    w->plan.connect_to = rules;
    w->plan.host = "far";
    w->plan.port = 25;
    stream_free(dial_ok(w));
    g_assert_cmpstr(w->result.address, ==, "127.0.0.1");
    g_assert_cmpuint(w->result.port, ==, w->port);
}

static void test_unix_sockets_are_dialled(World *w, const void *user)
{
    (void)user;
    g_autofree char *path = g_build_filename(w->directory, "lmtp", NULL);
    w->plan = (DialPlan){.unix_path = path};
    g_autoptr(GError) error = NULL;
    g_assert_null(dial(&w->plan, &w->result, deadline_in(10), &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_UNAVAILABLE);
    g_assert_nonnull(strstr(error->message, path));

    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    strcpy(at.sun_path, path);
    g_assert_cmpint(bind(fd, (struct sockaddr *)&at, sizeof at), ==, 0);
    g_assert_cmpint(listen(fd, 1), ==, 0);
    stream_free(dial_ok(w));
    g_assert_cmpstr(w->result.address, ==, path);
    g_assert_true(w->result.private_way && !w->result.loopback);
    close(fd);
    unlink(path);
}

/* --- ssh --- */

static void assert_ssh_said(const World *w, const char *const *expected)
{
    g_autofree char *log = NULL;
    g_assert_true(g_file_get_contents(w->ssh_log, &log, NULL, NULL));
    g_autofree char *lines = g_strjoinv("\n", (char **)expected);
    g_assert_cmpstr(g_strstrip(log), ==, lines);
}

static void test_ssh_is_asked_for_the_target_and_resolves_it(World *w, const void *user)
{
    (void)user;
    w->plan.via = VIA("ssh://alice@echo:2222");
    w->plan.ssh_options = VIA("-C", "Compression=yes");
    w->plan.ssh_batch = true;
    w->plan.host = "only-the-hop-knows";
    w->plan.port = 993;
    g_autoptr(Stream) s = dial_ok(w);
    assert_echo(s);
    g_assert_cmpstr(w->result.via, ==, "ssh alice@echo:2222");
    g_assert_null(w->result.address);
    g_assert_true(!w->result.private_way && !w->result.loopback && !w->result.dns_secure);
    assert_ssh_said(w, VIA("-C", "-o", "Compression=yes", "-o", "BatchMode=yes", "-W",
                           "only-the-hop-knows:993", "-p", "2222", "-l", "alice", "--", "echo"));
}

static void test_only_the_last_hop_itself_is_private(World *w, const void *user)
{
    (void)user;
    static const struct {
        const char *via[4];
        const char *host;
        const char *connect_to[2];
        bool is_private;
    } cases[] = {
        {{"ssh://echo"}, "localhost", {NULL}, true},
        {{"ssh://echo"}, "127.0.0.1", {NULL}, true},
        {{"ssh://echo"}, "::1", {NULL}, true},
        {{"ssh://echo"}, "ECHO", {NULL}, true},
        {{"ssh://echo"}, "mail.example", {NULL}, false},
        {{"ssh://a", "ssh://echo"}, "echo", {NULL}, true},
        {{"ssh://a", "ssh://echo"}, "a", {NULL}, false},
        {{"ssh://echo"}, "echo", {"elsewhere:1"}, false},
        {{"ssh://echo"}, "elsewhere", {"127.0.0.1:1"}, true},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        w->plan.via = cases[i].via;
        w->plan.host = cases[i].host;
        w->plan.connect_to = cases[i].connect_to;
        stream_free(dial_ok(w));
        g_assert_true(w->result.private_way == cases[i].is_private);
    }
}

static void test_why_ssh_failed_is_told_by_the_first_read_or_write(World *w, const void *user)
{
    (void)user;
    w->plan.via = VIA("ssh://denied");
    for (int i = 0; i < 2; i++) {
        g_autoptr(Stream) s = dial_ok(w);
        static char c[8192];
        size_t got;
        bool ok = true;
        g_autoptr(GError) error = NULL;
        if (i == 0) {
            ok = stream_read(s, c, 1, &got, deadline_in(10), &error);
        } else {
            while (ok) { /* until the pipe breaks, or is full and then breaks */
                ok = stream_write(s, (Bytes){c, sizeof c}, deadline_in(10), &error);
            }
        }
        g_assert_false(ok);
        g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_UNAVAILABLE);
        g_assert_nonnull(strstr(error->message, "ssh to denied failed (status 255)"));
        g_assert_nonnull(strstr(error->message, "Permission denied (publickey)."));
        g_assert_nonnull(strstr(error->message, "ssh-add -l"));
    }
}

static void test_an_ssh_that_dies_later_is_told_too(World *w, const void *user)
{
    (void)user;
    w->plan.via = VIA("ssh://late");
    g_autoptr(Stream) s = dial_ok(w);
    char buffer[16];
    size_t got;
    g_assert_true(stream_read(s, buffer, sizeof buffer, &got, deadline_in(10), NULL));
    g_assert_cmpmem(buffer, got, "220\n", 4);
    g_assert_true(io_sleep(deadline_in(0.4), NULL));
    g_autoptr(GError) error = NULL;
    g_assert_false(stream_read(s, buffer, sizeof buffer, &got, deadline_in(10), &error));
    g_assert_nonnull(strstr(error->message, "cut"));
}

static void test_hints_fit_what_ssh_says(void)
{
    g_assert_nonnull(strstr(via_ssh_hint("@ REMOTE HOST IDENTIFICATION HAS CHANGED! @\n"
                                         "Host key verification failed."),
                            "ssh-keygen -R"));
    g_assert_nonnull(strstr(via_ssh_hint("Host key verification failed."), "log in there once"));
    g_assert_nonnull(strstr(via_ssh_hint("channel 0: open failed: connect failed: Connection "
                                         "refused\r\nstdio forwarding failed"),
                            "not the target"));
    g_assert_null(via_ssh_hint("something new"));
}

/* --- SOCKS --- */

static void test_a_socks_proxy_behind_ssh_is_asked_by_name(World *w, const void *user)
{
    (void)user;
    w->plan.via = VIA("ssh://socks", "socks5://proxy.inside:1081");
    w->plan.host = "mail.inside";
    w->plan.port = 25;
    g_autoptr(Stream) s = dial_ok(w);
    assert_ssh_said(w, VIA("-W", "proxy.inside:1081", "--", "socks"));
    g_assert_cmpstr(w->result.via, ==, "ssh socks, socks5 proxy.inside:1081");
    char buffer[64];
    size_t got = 0;
    for (size_t have = 0; have < 21; have += got) { /* what we sent comes back: cat is behind it */
        g_assert_true(
            stream_read(s, buffer + have, sizeof buffer - have, &got, deadline_in(10), NULL));
    }
    g_assert_cmpmem(buffer, 21, "\5\1\0\5\1\0\3\13mail.inside\0\31", 21);
}

static gpointer serve_socks(gpointer user)
{
    int fd = accept(*(int *)user, NULL, NULL);
    char buffer[64];
    g_assert_cmpint(recv(fd, buffer, 3, MSG_WAITALL), ==, 3);
    g_assert_cmpint(send(fd, "\5\0", 2, 0), ==, 2);
    g_assert_cmpint(recv(fd, buffer, 10, MSG_WAITALL), ==, 10);
    g_assert_cmpint(send(fd, "\5\5\0\1\0\0\0\0\0\0", 10, 0), ==, 10);
    close(fd);
    return NULL;
}

static void test_a_socks_proxy_is_dialled_and_its_refusal_told(World *w, const void *user)
{
    (void)user;
    g_autofree char *proxy = g_strdup_printf("socks5://mail.example:%u", w->port);
    w->proxy[0] = proxy;
    w->plan.via = w->proxy;
    w->plan.host = "192.0.2.1";
    w->plan.port = 25;
    GThread *thread = g_thread_new("socks", serve_socks, &w->listener);
    g_autoptr(GError) error = NULL;
    g_assert_null(dial(&w->plan, &w->result, deadline_in(10), &error));
    g_thread_join(thread);
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_UNAVAILABLE);
    g_assert_nonnull(strstr(error->message, "through mail.example"));
    g_assert_nonnull(strstr(error->message, "192.0.2.1 port 25: connection refused"));
    g_assert_null(w->result.address); /* the target's, which we do not know */
    g_assert_false(w->result.loopback);
}

/* --- checks --- */

static void test_bad_plans_are_refused_before_anything_happens(void)
{
    g_autofree char *long_path = g_strnfill(200, 'x');
    const DialPlan bad[] = {
        {.host = "-oProxyCommand=x", .port = 25},
        {.host = "", .port = 25},
        {.port = 25},
        {.host = "mail.example"},
        {.host = "mail.example", .port = 25, .via = VIA("gw")},
        {.host = "mail.example", .port = 25, .via = VIA("socks5://p", "ssh://gw")},
        {.host = "mail.example", .port = 25, .connect_to = VIA("nonsense")},
        {.host = "mail.example", .port = 25, .connect_to = VIA("-x:25")},
        {.host = "mail.example", .port = 25, .ssh_options = VIA("")},
        {.host = "mail.example", .port = 25, .ssh_options = VIA("--")},
        {.unix_path = "/tmp/x", .via = VIA("ssh://gw")},
        {.unix_path = long_path},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_false(dial_plan_check(&bad[i], &error));
        g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_USAGE);
        DialResult result;
        g_assert_null(dial(&bad[i], &result, deadline_in(1), NULL));
        dial_result_clear(&result);
    }
    g_assert_true(dial_plan_check(&(DialPlan){.host = "mail.example", .port = 25}, NULL));
}

#define ADD(path, function) g_test_add(path, World, NULL, world_open, function, world_close)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("/dial/host", test_a_host_is_dialled_and_the_result_tells_how);
    ADD("/dial/refused", test_refusals_name_the_host_and_the_address);
    ADD("/dial/connect-to", test_connect_to_leads_elsewhere);
    ADD("/dial/unix", test_unix_sockets_are_dialled);
    ADD("/dial/ssh", test_ssh_is_asked_for_the_target_and_resolves_it);
    ADD("/dial/private", test_only_the_last_hop_itself_is_private);
    ADD("/dial/ssh-fails", test_why_ssh_failed_is_told_by_the_first_read_or_write);
    ADD("/dial/ssh-dies", test_an_ssh_that_dies_later_is_told_too);
    g_test_add_func("/dial/hints", test_hints_fit_what_ssh_says);
    ADD("/dial/ssh-socks", test_a_socks_proxy_behind_ssh_is_asked_by_name);
    ADD("/dial/socks-refused", test_a_socks_proxy_is_dialled_and_its_refusal_told);
    g_test_add_func("/dial/check", test_bad_plans_are_refused_before_anything_happens);
    return g_test_run();
}
