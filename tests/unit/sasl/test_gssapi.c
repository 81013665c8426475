/* test_gssapi.c: what can be said of GSSAPI without a KDC; whole exchanges are among the end-to-end
 * tests. */
#include "exchange.h"

static void test_without_a_ticket_it_says_so(void)
{
    static const char *const mechanisms[] = {"GSSAPI", "GS2-KRB5"};
    g_setenv("KRB5CCNAME", "FILE:/nonexistent/ccache", TRUE);
    g_setenv("KRB5_CONFIG", "/dev/null", TRUE);
    g_assert_false(sasl_have_ticket());
    SaslParams params = {.service = "imap", .host = "localhost"};
    for (size_t i = 0; i < G_N_ELEMENTS(mechanisms); i++) {
        g_autoptr(SaslClient) client = client_for(mechanisms[i], &params);
        assert_step_fails(client, false, BYTES_NONE, POSTERN_ERROR_AUTH, "kinit");
        assert_finish_fails(client, false, BYTES_NONE, POSTERN_ERROR_INSECURE);
    }
}

static void test_success_before_the_proof_is_insecure(void)
{
    SaslParams params = {.service = "imap", .host = "localhost"};
    g_autoptr(SaslClient) client = client_for("GSSAPI", &params);
    assert_finish_fails(client, true, B("whatever"), POSTERN_ERROR_INSECURE);
}

static void test_needs_to_know_whom_it_talks_to(void)
{
    SaslParams params = {.service = "imap"};
    assert_no_client("GSSAPI", &params, POSTERN_ERROR_AUTH, "the host");
}

static void test_a_passed_deadline_leaves_the_thread_to_itself(void)
{
    SaslParams params = {.service = "imap", .host = "localhost"};
    SaslClient *client = client_for("GSSAPI", &params);
    g_autoptr(GError) error = NULL;
    g_auto(SaslStep) step = {0};
    /* whichever is faster: both ways must end in an error, and without a leak */
    g_assert_false(sasl_client_step(client, false, BYTES_NONE, &step, DEADLINE_PAST, &error));
    g_assert_nonnull(error);
    sasl_client_free(client);
    g_usleep(300 * 1000);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sasl/gssapi/without_a_ticket_it_says_so", test_without_a_ticket_it_says_so);
    g_test_add_func("/sasl/gssapi/success_before_the_proof_is_insecure",
                    test_success_before_the_proof_is_insecure);
    g_test_add_func("/sasl/gssapi/needs_to_know_whom_it_talks_to",
                    test_needs_to_know_whom_it_talks_to);
    g_test_add_func("/sasl/gssapi/a_passed_deadline_leaves_the_thread_to_itself",
                    test_a_passed_deadline_leaves_the_thread_to_itself);
    return g_test_run();
}
