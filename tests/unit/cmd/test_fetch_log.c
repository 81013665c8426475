/* What fetch_log() and fetch_notify() write is looked at from outside, in a process of its own. */
#include "cmd/fetch.h"

#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static void log_some(bool quiet)
{
    FetchOptions options = {.connect = {.quiet = quiet}};
    FetchRun run = {.options = &options};
    fetch_log(&run, false, "%s went well", "work");
    fetch_log(&run, true, "first\n\nit said %s", "\x1b[2J");
    exit(0);
}

static void expect(const char *said)
{
    g_test_trap_subprocess(NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
    g_test_trap_assert_passed();
    g_test_trap_assert_stderr(said);
}

static void test_lines_go_to_standard_error_escaped(void)
{
    if (g_test_subprocess()) {
        log_some(false);
    }
    expect("postern: work went well\npostern: warning: first\n"
           "postern: warning: it said \\x1B[2J\n");
}

static void test_quiet_leaves_only_warnings(void)
{
    if (g_test_subprocess()) {
        log_some(true);
    }
    expect("postern: warning: first\npostern: warning: it said \\x1B[2J\n");
}

static void test_the_journal_is_told_the_level(void)
{
    if (g_test_subprocess()) {
        struct stat st;
        g_assert_cmpint(fstat(STDERR_FILENO, &st), ==, 0);
        g_autofree char *own =
            g_strdup_printf("%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
        g_setenv("JOURNAL_STREAM", own, TRUE);
        log_some(false);
    }
    expect("<6>work went well\n<4>first\n<4>it said \\x1B[2J\n");
}

static void test_another_journal_is_not_ours(void)
{
    if (g_test_subprocess()) {
        g_setenv("JOURNAL_STREAM", "1:2", TRUE);
        log_some(true);
    }
    expect("postern: warning: first\n*");
}

/* Binds a datagram socket at the path, or with "@" in front at the abstract name. */
static int listen_at(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
    if (*path == '@') {
        address.sun_path[0] = '\0';
    }
    socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(bind(fd, (struct sockaddr *)&address, len), ==, 0);
    return fd;
}

static void notified_at(const char *path)
{
    char text[64];
    int fd = listen_at(path);
    g_setenv("NOTIFY_SOCKET", path, TRUE);
    fetch_notify("READY=1\nSTATUS=idle");
    g_unsetenv("NOTIFY_SOCKET");
    ssize_t n = recv(fd, text, sizeof(text), 0);
    g_assert_cmpmem(text, (gsize)MAX(n, 0), "READY=1\nSTATUS=idle", 19);
    fetch_notify("nobody is told");
    g_assert_cmpint((int)recv(fd, text, sizeof(text), 0), ==, -1);
    close(fd);
}

static void test_the_service_manager_is_told_by_one_datagram(void)
{
    g_autofree char *directory = g_dir_make_tmp("notify-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(directory, "socket", NULL);
    g_autofree char *abstract = g_strdup_printf("@postern-test-%d", (int)getpid());
    notified_at(path);
    notified_at(abstract);
    g_unlink(path);
    g_rmdir(directory);
}

static void test_a_socket_that_is_none_is_no_matter(void)
{
    g_autofree char *endless = g_strnfill(200, '/');
    const char *const bad[] = {"", "relative", "/", "/nowhere/there", endless};
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_setenv("NOTIFY_SOCKET", bad[i], TRUE);
        fetch_notify("READY=1");
    }
    g_unsetenv("NOTIFY_SOCKET");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_unsetenv("JOURNAL_STREAM");
    g_test_add_func("/fetch_log/stderr", test_lines_go_to_standard_error_escaped);
    g_test_add_func("/fetch_log/quiet", test_quiet_leaves_only_warnings);
    g_test_add_func("/fetch_log/journal", test_the_journal_is_told_the_level);
    g_test_add_func("/fetch_log/other-journal", test_another_journal_is_not_ours);
    g_test_add_func("/fetch_log/notify", test_the_service_manager_is_told_by_one_datagram);
    g_test_add_func("/fetch_log/no-socket", test_a_socket_that_is_none_is_no_matter);
    return g_test_run();
}
