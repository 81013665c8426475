/* Asking on a terminal: a child on a pseudo-terminal of its own asks, the test types. */
#include <glib/gstdio.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <utmp.h>

#include "cmd/connect.h"

typedef struct {
    pid_t child;
    int master, slave; /* the slave is kept open, so that its settings can be read */
    struct termios before;
    GString *shown;
} Dialog;

/* What the child tells by its exit status. */
enum { GOT_IT = 10, CANCELLED = 11, REFUSED = 12, OTHER = 13 };

static int ask(const char *expected)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Secret) got = password_ask("Password for joe\x1b: ", &error);
    if (got) {
        g_autoptr(Secret) wanted = secret_new(expected, strlen(expected));
        return secret_equal(got, wanted) ? GOT_IT : OTHER;
    }
    return g_error_matches(error, POSTERN_ERROR, POSTERN_ERROR_CANCELLED) ? CANCELLED
           : g_error_matches(error, POSTERN_ERROR, POSTERN_ERROR_AUTH)    ? REFUSED
                                                                          : OTHER;
}

static Dialog start(const char *expected)
{
    Dialog d = {.shown = g_string_new(NULL)};
    g_assert_cmpint(openpty(&d.master, &d.slave, NULL, NULL, NULL), ==, 0);
    g_assert_cmpint(tcgetattr(d.slave, &d.before), ==, 0);
    d.child = fork();
    if (d.child == 0) {
        login_tty(dup(d.slave));
        _exit(ask(expected));
    }
    g_assert_cmpint(d.child, >, 0);
    return d;
}

/* Reads until `text` was shown since the last call. */
static void await(Dialog *d, const char *text)
{
    while (!strstr(d->shown->str, text)) {
        struct pollfd p = {.fd = d->master, .events = POLLIN};
        g_assert_cmpint(poll(&p, 1, 10000), ==, 1);
        char piece[256];
        ssize_t n = read(d->master, piece, sizeof(piece));
        g_assert_cmpint(n, >, 0);
        g_string_append_len(d->shown, piece, n);
    }
    g_string_truncate(d->shown, 0);
}

static void type(const Dialog *d, const char *keys)
{
    g_assert_cmpint(write(d->master, keys, strlen(keys)), ==, strlen(keys));
}

static void assert_restored(const Dialog *d)
{
    struct termios after;
    g_assert_cmpint(tcgetattr(d->slave, &after), ==, 0);
    g_assert_cmpuint(after.c_lflag, ==, d->before.c_lflag);
    g_assert_cmpuint(after.c_iflag, ==, d->before.c_iflag);
    g_assert_cmpmem(after.c_cc, sizeof(after.c_cc), d->before.c_cc, sizeof(d->before.c_cc));
}

static void assert_silent(const Dialog *d)
{
    struct termios now;
    g_assert_cmpint(tcgetattr(d->slave, &now), ==, 0);
    g_assert_false(now.c_lflag & ECHO);
}

/* Everything still shown, the child's end, and that nothing typed was. */
static int finish(Dialog *d, const char *typed)
{
    int status;
    g_assert_cmpint(waitpid(d->child, &status, 0), ==, d->child);
    struct pollfd p = {.fd = d->master, .events = POLLIN};
    while (poll(&p, 1, 0) == 1 && (p.revents & POLLIN)) {
        char piece[256];
        ssize_t n = read(d->master, piece, sizeof(piece));
        g_string_append_len(d->shown, piece, MAX(n, 0));
    }
    g_assert_null(strstr(d->shown->str, typed));
    assert_restored(d);
    close(d->master);
    close(d->slave);
    g_string_free(d->shown, TRUE);
    return status;
}

static void test_ask_takes_a_line_without_echo(void)
{
    Dialog d = start("s3cret w\xc3\xb6rd");
    await(&d, "Password for joe\\x1B: "); /* and the prompt is escaped */
    assert_silent(&d);
    type(&d, "s3cret wx\x7f\xc3\xb6rd\r");
    int status = finish(&d, "s3cret");
    g_assert_true(WIFEXITED(status));
    g_assert_cmpint(WEXITSTATUS(status), ==, GOT_IT);
}

static void test_ask_is_cancelled_by_control_c_and_end_of_file(void)
{
    const char *const keys[] = {"abc\x03", "\x03", "\x04"};
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
        Dialog d = start("");
        await(&d, "Password");
        type(&d, keys[i]);
        int status = finish(&d, "abc");
        g_assert_true(WIFEXITED(status));
        g_assert_cmpint(WEXITSTATUS(status), ==, CANCELLED);
    }
}

static void test_ask_refuses_nothing_and_too_much(void)
{
    Dialog d = start("");
    await(&d, "Password");
    type(&d, "\r");
    g_assert_cmpint(WEXITSTATUS(finish(&d, "no such")), ==, REFUSED);
    d = start("");
    await(&d, "Password");
    g_autofree char *endless = g_strnfill(2000, 'x');
    type(&d, endless);
    type(&d, "\r");
    g_assert_cmpint(WEXITSTATUS(finish(&d, "xxxx")), ==, REFUSED);
}

static void test_ask_restores_the_terminal_when_a_signal_ends_it(void)
{
    const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT};
    for (size_t i = 0; i < G_N_ELEMENTS(signals); i++) {
        Dialog d = start("");
        await(&d, "Password");
        assert_silent(&d);
        kill(d.child, signals[i]);
        int status = finish(&d, "no such");
        g_assert_true(WIFSIGNALED(status));
        g_assert_cmpint(WTERMSIG(status), ==, signals[i]);
    }
}

static void test_ask_stops_on_control_z_and_asks_again(void)
{
    Dialog d = start("abc");
    await(&d, "Password");
    type(&d, "x\x1a");
    int status;
    /* A session leader without a shell above it is orphaned: the kernel then lets SIGTSTP pass, and
     * we are asked again. */
    await(&d, "Password");
    g_assert_cmpint(waitpid(d.child, &status, WNOHANG), ==, 0);
    assert_silent(&d);
    type(&d, "abc\r");
    g_assert_cmpint(WEXITSTATUS(finish(&d, "abc")), ==, GOT_IT);
}

static void test_ask_without_a_terminal_names_the_ways(void)
{
    pid_t child = fork();
    if (child == 0) {
        setsid();
        g_autoptr(GError) error = NULL;
        g_autoptr(Secret) got = password_ask("Password: ", &error);
        bool good = !got && g_error_matches(error, POSTERN_ERROR, POSTERN_ERROR_AUTH) &&
                    strstr(error->message, "--password-command") &&
                    strstr(error->message, "$POSTERN_PASSWORD") && strstr(error->message, "netrc");
        _exit(good ? GOT_IT : OTHER);
    }
    int status;
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    g_assert_cmpint(WEXITSTATUS(status), ==, GOT_IT);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/password-ask/line", test_ask_takes_a_line_without_echo);
    g_test_add_func("/password-ask/cancel", test_ask_is_cancelled_by_control_c_and_end_of_file);
    g_test_add_func("/password-ask/refuse", test_ask_refuses_nothing_and_too_much);
    g_test_add_func("/password-ask/signals", test_ask_restores_the_terminal_when_a_signal_ends_it);
    g_test_add_func("/password-ask/stop", test_ask_stops_on_control_z_and_asks_again);
    g_test_add_func("/password-ask/none", test_ask_without_a_terminal_names_the_ways);
    return g_test_run();
}
