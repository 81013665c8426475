#include "cmd/command.h"

#include <stdlib.h>

/* What command_fail() says is looked at from outside. */
static void assert_says(PosternErrorCode code, const char *message, const char *said)
{
    if (g_test_subprocess()) {
        exit(command_fail(g_error_new_literal(POSTERN_ERROR, (int)code, message)));
    }
    g_test_trap_subprocess(NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
    g_test_trap_assert_failed();
    g_test_trap_assert_stderr(said);
}

static void test_fail_prefixes_and_indents(void)
{
    assert_says(POSTERN_ERROR_USAGE, "first\nsecond\n  third\n",
                "postern: first\n  second\n  third\n");
}

static void test_fail_escapes_what_a_peer_said(void)
{
    assert_says(POSTERN_ERROR_PROTOCOL, "it said \x1b[2J", "postern: it said \\x1B[2J\n");
}

static void test_fail_gives_the_status(void)
{
    if (g_test_subprocess()) {
        GError *error = g_error_new_literal(POSTERN_ERROR, POSTERN_ERROR_AUTH, "no");
        exit(command_fail(error) == 77 && command_fail(NULL) == 0 ? 0 : 1);
    }
    g_test_trap_subprocess(NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
    g_test_trap_assert_passed();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fail/lines", test_fail_prefixes_and_indents);
    g_test_add_func("/fail/escape", test_fail_escapes_what_a_peer_said);
    g_test_add_func("/fail/status", test_fail_gives_the_status);
    return g_test_run();
}
