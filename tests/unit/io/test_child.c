#include "io/child.h"

#include <errno.h>
#include <linux/close_range.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/secret.h"
#include "io/sched.h"

static Stream *shell(const char *command)
{
    g_autoptr(GError) error = NULL;
    Stream *s = child_stream((const char *const[]){"sh", "-c", command, NULL}, &error);
    g_assert_no_error(error);
    return s;
}

static void assert_no_children(void)
{
    g_assert_cmpint(waitpid(-1, NULL, WNOHANG), ==, -1);
    g_assert_cmpint(errno, ==, ECHILD);
}

/* Reads until the end. */
static char *read_end(Stream *s)
{
    GString *all = g_string_new(NULL);
    char buffer[64];
    size_t got = 0;
    do {
        g_assert_true(stream_read(s, buffer, sizeof buffer, &got, deadline_in(10), NULL));
        g_string_append_len(all, buffer, (gssize)got);
    } while (got > 0);
    return g_string_free(all, FALSE);
}

static void test_bytes_go_through_a_program(void)
{
    g_autoptr(Stream) s = child_stream((const char *const[]){"cat", NULL}, NULL);
    g_assert_true(stream_write(s, BYTES_LITERAL("hello"), deadline_in(5), NULL));
    g_assert_true(stream_shutdown(s, deadline_in(5), NULL));
    g_autofree char *back = read_end(s);
    g_assert_cmpstr(back, ==, "hello");
    int status = -1;
    g_assert_true(child_wait(s, deadline_in(10), &status, NULL));
    g_assert_cmpint(status, ==, 0);
}

static void test_what_it_says_and_its_status_are_kept(void)
{
    g_autoptr(Stream) s =
        shell("echo 'Permission denied (publickey).' >&2; printf '\\033[1m' >&2; exit 255");
    int status = -1;
    g_assert_true(child_wait(s, deadline_in(10), &status, NULL));
    g_assert_cmpint(status, ==, 255);
    g_autofree char *said = child_said(s);
    g_assert_cmpstr(said, ==, "Permission denied (publickey).\n\\x1B[1m");
    g_assert_true(child_ended(s, &status));
    g_assert_cmpint(status, ==, 255);
}

static void test_only_the_last_of_much_is_kept_and_nothing_blocks(void)
{
    g_autoptr(Stream) s = shell("i=0; while [ $i -lt 4000 ]; do echo \"line $i of many lines on "
                                "standard error\" >&2; i=$((i+1)); done; echo done");
    int status;
    g_assert_true(child_wait(s, deadline_in(30), &status, NULL));
    g_autofree char *said = child_said(s);
    g_assert_cmpuint(strlen(said), <=, 2048);
    g_assert_true(g_str_has_suffix(said, "line 3999 of many lines on standard error"));
    g_autofree char *out = read_end(s);
    g_assert_cmpstr(out, ==, "done\n");
}

static void test_freeing_ends_it_and_leaves_no_zombie(void)
{
    static const char *const stubborn[] = {"sleep 1000", "trap '' TERM; while :; do sleep 1; done",
                                           "exit 3"};
    for (size_t i = 0; i < G_N_ELEMENTS(stubborn); i++) {
        Deadline start = deadline_now();
        stream_free(shell(stubborn[i]));
        g_assert_cmpint(deadline_now() - start, <, 3000000);
        assert_no_children();
    }
}

static void end_a_child(void *user)
{
    bool *done = user;
    Stream *s = shell("trap '' TERM; while :; do sleep 1; done");
    char c;
    size_t got;
    g_autoptr(GError) error = NULL;
    g_assert_false(stream_read(s, &c, 1, &got, deadline_in(60), &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_CANCELLED);
    stream_free(s);
    *done = true;
}

static void cancel_all(void *user)
{
    g_assert_true(io_sleep(deadline_in(0.05), NULL));
    sched_cancel_all(user);
}

static void test_a_cancelled_task_still_reaps_its_child(void)
{
    g_autoptr(Sched) sched = sched_new(NULL);
    bool done[4] = {false};
    for (size_t i = 0; i < 4; i++) {
        g_assert_nonnull(sched_spawn(sched, end_a_child, &done[i], NULL));
    }
    g_assert_nonnull(sched_spawn(sched, cancel_all, sched, NULL));
    Deadline start = deadline_now();
    g_assert_true(sched_run(sched, NULL));
    g_assert_true(done[0] && done[1] && done[2] && done[3]);
    g_assert_cmpint(deadline_now() - start, <,
                    1800000); /* the four grace periods run side by side */
    assert_no_children();
}

static void test_signals_are_fresh_but_interrupts_are_blocked(void)
{
    signal(SIGPIPE, SIG_IGN);
    /* Not through a shell: some clear the mask themselves. */
    static const char *const argv[] = {"sed", "-nE", "s/^Sig(Blk|Ign):[[:space:]]*//p",
                                       "/proc/self/status", NULL};
    g_autoptr(Stream) s = child_stream(argv, NULL);
    g_autofree char *said = read_end(s);
    char *rest;
    /* 32 and 33 are the C library's own; nobody can set them. */
    guint64 named = 0x7fffffff;
    g_assert_cmphex(g_ascii_strtoull(said, &rest, 16) & named, ==, 1 << (SIGINT - 1));
    g_assert_cmphex(g_ascii_strtoull(rest, &rest, 16) & named, ==, 0);
    g_assert_cmpstr(rest, ==, "\n");
    signal(SIGPIPE, SIG_DFL);
}

static void test_no_other_descriptor_is_inherited(void)
{
    /* What whoever runs the tests left open does not count. */
    g_assert_cmpint(close_range(3, ~0U, CLOSE_RANGE_CLOEXEC), ==, 0);
    g_autoptr(Stream) other = shell("sleep 1000");
    g_assert_nonnull(other);
    g_autoptr(Stream) s = shell("ls /proc/self/fd | tr '\\n' ' '");
    g_autofree char *said = read_end(s);
    g_assert_cmpstr(said, ==, "0 1 2 3 "); /* 3 is the directory ls reads */
}

static void test_a_missing_program_is_told(void)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(child_stream((const char *const[]){"/nonexistent/ssh", NULL}, &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_UNAVAILABLE);
    g_assert_nonnull(strstr(error->message, "/nonexistent/ssh"));
    assert_no_children();
}

static void assert_secret(const char *command, const char *expected)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Secret) secret = child_secret(command, 100, deadline_in(10), &error);
    g_assert_no_error(error);
    g_autoptr(Secret) wanted = secret_new(expected, strlen(expected));
    g_assert_true(secret_equal(secret, wanted));
}

static void test_secrets_lose_one_line_end_and_nothing_else(void)
{
    assert_secret("printf 'hunter2'", "hunter2");
    assert_secret("printf 'hunter2\\n'", "hunter2");
    assert_secret("printf ' hunter2 \\r\\n'", " hunter2 ");
    assert_secret("printf 'two\\nlines\\n\\n'", "two\nlines\n");
    assert_secret("(sleep 0.05; echo late) ", "late");
}

static void test_secrets_that_fail_do_not_show_the_command(void)
{
    static const struct {
        const char *command;
        const char *message;
    } cases[] = {
        {"echo hunter2; exit 3", "status 3"},
        {"true hunter2", "nothing"},
        {"echo", "nothing"},
        {"head -c 101 /dev/zero # hunter2", "more than 100"},
        {"yes hunter2", "more than 100"},
        {"kill -9 $$", "status 137"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(child_secret(cases[i].command, 100, deadline_in(10), &error));
        g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_CONFIG);
        g_assert_nonnull(strstr(error->message, cases[i].message));
        g_assert_null(strstr(error->message, "hunter2"));
    }
    assert_no_children();
}

static void test_secrets_have_a_deadline(void)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(child_secret("exec sleep 1000", 100, deadline_in(0.05), &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_TIMEOUT);
    assert_no_children();
}

static bool feed_secret(const char *command, size_t len, GError **error)
{
    g_autofree char *text = g_strnfill(len, 'x');
    g_autoptr(Secret) secret = secret_new(text, len);
    return child_feed(command, secret, deadline_in(30), error);
}

static void test_a_command_is_fed_a_secret(void)
{
    g_autoptr(GError) error = NULL;
    g_assert_true(feed_secret("test \"$(cat)\" = xxxx", 4, &error));
    g_assert_no_error(error);
    g_assert_true(feed_secret("test $(wc -c) = 300000", 300000, &error)); /* more than a pipe */
    g_assert_no_error(error);
    g_assert_true(child_feed("test -z \"$(cat)\"", NULL, deadline_in(30), &error));
    g_assert_no_error(error);
    assert_no_children();
}

/* Its status counts, whether it has read all of it or nothing. */
static void test_a_command_that_ends_unread_gives_its_status(void)
{
    signal(SIGPIPE, SIG_IGN);
    static const struct {
        const char *command;
        size_t len;
        const char *message; /* NULL: that is well */
    } cases[] = {
        {"exit 0 # hunter2", 300000, NULL},
        {"exec <&-; sleep 0.05; exit 3 # hunter2", 300000, "status 3"},
        {"exit 4 # hunter2", 4, "status 4"},
        {"cat; exit 5 # hunter2", 4, "status 5"},
        {"kill -9 $$ # hunter2", 300000, "status 137"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        bool good = feed_secret(cases[i].command, cases[i].len, &error);
        g_assert_true(good == (cases[i].message == NULL));
        if (!good) {
            g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_CONFIG);
            g_assert_nonnull(strstr(error->message, cases[i].message));
            g_assert_null(strstr(error->message, "hunter2"));
        }
    }
    assert_no_children();
    signal(SIGPIPE, SIG_DFL);
}

static void test_a_command_that_never_reads_has_a_deadline(void)
{
    g_autofree char *text = g_strnfill(300000, 'x');
    g_autoptr(Secret) secret = secret_new(text, 300000);
    g_autoptr(GError) error = NULL;
    g_assert_false(child_feed("exec sleep 1000", secret, deadline_in(0.05), &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_TIMEOUT);
    assert_no_children();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/child/cat", test_bytes_go_through_a_program);
    g_test_add_func("/child/status", test_what_it_says_and_its_status_are_kept);
    g_test_add_func("/child/much", test_only_the_last_of_much_is_kept_and_nothing_blocks);
    g_test_add_func("/child/free", test_freeing_ends_it_and_leaves_no_zombie);
    g_test_add_func("/child/cancel", test_a_cancelled_task_still_reaps_its_child);
    g_test_add_func("/child/signals", test_signals_are_fresh_but_interrupts_are_blocked);
    g_test_add_func("/child/fds", test_no_other_descriptor_is_inherited);
    g_test_add_func("/child/missing", test_a_missing_program_is_told);
    g_test_add_func("/child/secret", test_secrets_lose_one_line_end_and_nothing_else);
    g_test_add_func("/child/secret-fails", test_secrets_that_fail_do_not_show_the_command);
    g_test_add_func("/child/secret-deadline", test_secrets_have_a_deadline);
    g_test_add_func("/child/feed", test_a_command_is_fed_a_secret);
    g_test_add_func("/child/feed-unread", test_a_command_that_ends_unread_gives_its_status);
    g_test_add_func("/child/feed-deadline", test_a_command_that_never_reads_has_a_deadline);
    return g_test_run();
}
