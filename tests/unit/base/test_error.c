#include "base/error.h"

static void test_fail_sets_code_and_message(void)
{
    g_autoptr(GError) error = NULL;
    g_assert_false(error_fail(&error, POSTERN_ERROR_TIMEOUT, "waiting for %s", "pop.example"));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_TIMEOUT);
    g_assert_cmpstr(error->message, ==, "waiting for pop.example");
    g_assert_false(error_fail(NULL, POSTERN_ERROR_BUG, "nobody listens"));
}

static void test_prefix_goes_before(void)
{
    g_autoptr(GError) error = NULL;
    g_assert_false(error_prefix(NULL, "nothing"));
    g_assert_false(error_prefix(&error, "nothing"));
    g_assert_null(error);
    error_fail(&error, POSTERN_ERROR_EOF, "the peer closed");
    g_assert_false(error_prefix(&error, "%s:%d", "host", 995));
    g_assert_cmpstr(error->message, ==, "host:995: the peer closed");
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_EOF);
}

/* The statuses are a promise to scripts: this table repeats them on purpose. */
static void test_every_kind_has_the_promised_status(void)
{
    static const struct {
        PosternErrorCode code;
        int status;
        const char *word;
    } promised[] = {
        {POSTERN_ERROR_USAGE, 64, "usage"},
        {POSTERN_ERROR_DATA, 65, "data"},
        {POSTERN_ERROR_NO_INPUT, 66, "no-input"},
        {POSTERN_ERROR_NO_HOST, 68, "no-host"},
        {POSTERN_ERROR_UNAVAILABLE, 69, "unavailable"},
        {POSTERN_ERROR_BUG, 70, "bug"},
        {POSTERN_ERROR_CANT_CREATE, 73, "cant-create"},
        {POSTERN_ERROR_IO, 74, "io"},
        {POSTERN_ERROR_TEMPFAIL, 75, "tempfail"},
        {POSTERN_ERROR_TIMEOUT, 75, "timeout"},
        {POSTERN_ERROR_EOF, 76, "eof"},
        {POSTERN_ERROR_PROTOCOL, 76, "protocol"},
        {POSTERN_ERROR_LIMIT, 76, "limit"},
        {POSTERN_ERROR_INSECURE, 76, "insecure"},
        {POSTERN_ERROR_AUTH, 77, "auth"},
        {POSTERN_ERROR_CONFIG, 78, "config"},
        {POSTERN_ERROR_CANCELLED, 130, "cancelled"},
    };
    g_assert_cmpint(G_N_ELEMENTS(promised), ==, POSTERN_ERROR_CANCELLED + 1);
    for (size_t i = 0; i < G_N_ELEMENTS(promised); i++) {
        g_autoptr(GError) error = NULL;
        error_fail(&error, promised[i].code, "x");
        g_assert_cmpint(error_exit_status(error), ==, promised[i].status);
        g_assert_cmpstr(error_word(error), ==, promised[i].word);
    }
}

static void test_foreign_domain_is_a_bug_and_none_is_success(void)
{
    g_autoptr(GError) error = g_error_new(G_FILE_ERROR, G_FILE_ERROR_NOENT, "no such file");
    g_assert_cmpint(error_exit_status(error), ==, 70);
    g_assert_cmpstr(error_word(error), ==, "bug");
    g_assert_cmpint(error_exit_status(NULL), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/error/fail-sets-code-and-message", test_fail_sets_code_and_message);
    g_test_add_func("/error/prefix-goes-before", test_prefix_goes_before);
    g_test_add_func("/error/promised-status", test_every_kind_has_the_promised_status);
    g_test_add_func("/error/foreign-domain", test_foreign_domain_is_a_bug_and_none_is_success);
    return g_test_run();
}
