/* tunnel_background.c: --background. A process cannot be split in two here (children start by
 * posix_spawn), so the program is started again with the same words. It opens the port and proves
 * the way while it still has the terminal, for ssh may have a question; then it says on its
 * standard output, which is a pipe to us, where it listens, and lets go of everything. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/tunnel.h"
#include "io/spawn.h"

#define MARK "POSTERN_TUNNEL_BACKGROUND"
#define COMMAND_LINE_MAX ((gsize)2 * 1024 * 1024)

bool tunnel_is_background(void)
{
    static int is = -1;
    if (is < 0) {
        is = getenv(MARK) != NULL;
        unsetenv(MARK);
    }
    return is;
}

/* The words this was started with. g_strfreev(). */
static char **own_words(GError **error)
{
    g_autofree char *text = NULL;
    gsize len = 0;
    if (!g_file_get_contents("/proc/self/cmdline", &text, &len, NULL) || len == 0 ||
        len > COMMAND_LINE_MAX) {
        error_fail(error, POSTERN_ERROR_IO,
                   "cannot read /proc/self/cmdline, which --background "
                   "needs");
        return NULL;
    }
    GPtrArray *words = g_ptr_array_new();
    for (gsize at = 0; at < len; at += strlen(text + at) + 1) {
        g_ptr_array_add(words, g_strdup(text + at));
    }
    g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
    bool found = self && g_file_test(self, G_FILE_TEST_IS_EXECUTABLE);
    g_free(words->pdata[0]);
    words->pdata[0] = g_strdup(found ? self : "/proc/self/exe");
    g_ptr_array_add(words, NULL);
    return (char **)g_ptr_array_free(words, FALSE);
}

/* Up to the first line end; empty when there is none. Suspends. */
static bool read_ready(int fd, GString *line, GError **error)
{
    char octet;
    ssize_t n = 1;
    while (n != 0 && !(line->len > 0 && line->str[line->len - 1] == '\n')) {
        n = read(fd, &octet, 1);
        if (n > 0) {
            g_string_append_c(line, octet);
        } else if (n < 0 && errno == EAGAIN) {
            if (!io_wait_read(fd, DEADLINE_NEVER, error)) {
                return false;
            }
        } else if (n < 0 && errno != EINTR) {
            return error_fail(error, POSTERN_ERROR_IO, "reading from the background: %s",
                              g_strerror(errno));
        }
    }
    return true;
}

/* It has said where it listens, or it has ended and said why by itself. Suspends. */
static int await_ready(const Tunnel *t, int out, pid_t pid, int end_fd, GError **error)
{
    g_autoptr(GString) line = g_string_new(NULL);
    if (!read_ready(out, line, error)) {
        spawn_end(pid, end_fd, 0);
        return -1;
    }
    if (line->len > 0) {
        fputs(line->str, stdout);
        fflush(stdout);
        tunnel_say(t, false, "the tunnel stays in the background as process %d", (int)pid);
        return 0;
    }
    int status = 70;
    if (io_wait_read(end_fd, DEADLINE_NEVER, error)) {
        spawn_reap(pid, &status);
    }
    return status;
}

static int start(const Tunnel *t, char **words, GError **error)
{
    int out[2] = {-1, -1};
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (nothing < 0 || pipe2(out, O_CLOEXEC) < 0 || !io_make_nonblocking(out[0], error)) {
        error_fail(error && *error ? NULL : error, POSTERN_ERROR_IO,
                   "no descriptors for the background: %s", g_strerror(errno));
        return -1;
    }
    pid_t pid;
    int end_fd = -1;
    SpawnPlan plan = {(const char *const *)words, nothing, out[1], -1, false};
    g_setenv(MARK, "1", TRUE);
    bool started = spawn_start(&plan, &pid, &end_fd, error);
    g_unsetenv(MARK);
    close(out[1]);
    close(nothing);
    int status = started ? await_ready(t, out[0], pid, end_fd, error) : -1;
    close(out[0]);
    if (started) {
        close(end_fd);
    }
    return status;
}

int tunnel_start_background(const Tunnel *t)
{
    GError *error = NULL;
    g_auto(GStrv) words = own_words(&error);
    int status = words ? start(t, words, &error) : -1;
    if (error) {
        return command_fail(error);
    }
    return status;
}

/* What was sent to a file goes on being written there; a terminal or a pipe is let go of, for
 * somebody waits for its end. */
static bool is_file(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

bool tunnel_detach(Tunnel *t, GError **error)
{
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (nothing < 0) {
        return error_fail(error, POSTERN_ERROR_IO, "/dev/null: %s", g_strerror(errno));
    }
    fflush(NULL);
    setsid(); /* fails only for a leader of a process group, which has none to leave */
    dup2(nothing, STDIN_FILENO);
    dup2(nothing, STDOUT_FILENO);
    if (!is_file(STDERR_FILENO)) {
        dup2(nothing, STDERR_FILENO);
    }
    close(nothing);
    t->plan->dial.ssh_batch = true; /* nobody is there any more to answer */
    return true;
}
