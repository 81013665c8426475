#include "exchange.h"

#include <fcntl.h>
#include <unistd.h>

static void test_credentials_are_asked_for_by_name(void)
{
    g_autoptr(Secret) password = secret_of("p");
    SaslParams nobody = {.password = password}, bare = {.user = "u"};
    assert_no_client("PLAIN", &nobody, POSTERN_ERROR_AUTH, "user name");
    assert_no_client("PLAIN", &bare, POSTERN_ERROR_AUTH, "--password-command");
    assert_no_client("XOAUTH2", &bare, POSTERN_ERROR_AUTH, "--token-command");
}

static void test_what_cannot_be_run_is_named(void)
{
    SaslParams params = {.user = "u"};
    assert_no_client("KERBEROS_V4", &params, POSTERN_ERROR_AUTH, "Kerberos 4");
    assert_no_client("APOP", &params, POSTERN_ERROR_AUTH, "APOP");
    assert_no_client("X\x1b[mY", &params, POSTERN_ERROR_AUTH, "X\\x1B[mY");
}

static void test_challenges_are_capped(void)
{
    g_autofree char *big = g_strnfill(64 * 1024 + 1, 'x');
    g_autoptr(Secret) password = secret_of("p");
    SaslParams params = {.user = "u", .password = password};
    g_autoptr(SaslClient) client = client_for("CRAM-MD5", &params);
    assert_step_fails(client, true, bytes_of(big), POSTERN_ERROR_LIMIT, "65537");
    assert_finish_fails(client, true, bytes_of(big), POSTERN_ERROR_LIMIT);
    big[64 * 1024] = '\0';
    g_autoptr(GString) text = answer(client, true, bytes_of(big));
    g_assert_cmpuint(text->len, ==, 2 + 32);
}

static char *shown(const char *mechanism, const SaslParams *params, Bytes challenge)
{
    g_autoptr(SaslClient) client = client_for(mechanism, params);
    g_auto(SaslStep) step = {0};
    g_assert_true(sasl_client_step(client, true, challenge, &step, DEADLINE_NEVER, NULL));
    return g_steal_pointer(&step.shown);
}

static void test_what_is_shown_never_has_the_secret(void)
{
    static const struct {
        const char *mechanism, *challenge;
    } cases[] = {
        {"PLAIN", ""},         {"LOGIN", "Username:"},
        {"CRAM-MD5", "<1@2>"}, {"DIGEST-MD5", "nonce=\"n\",algorithm=md5-sess,charset=utf-8"},
        {"XOAUTH2", ""},       {"OAUTHBEARER", ""},
        {"SCRAM-SHA-256", ""},
    };
    g_autoptr(Secret) secret = secret_of("Sw0rdfish");
    SaslParams params = {
        .user = "joe", .password = secret, .token = secret, .service = "imap", .host = "h"};
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *line = shown(cases[i].mechanism, &params, bytes_of(cases[i].challenge));
        g_assert_null(strstr(line, "Sw0rdfish"));
        g_assert_nonnull(strstr(line, "joe"));
        g_assert_true(g_str_has_prefix(line, cases[i].mechanism));
    }
    g_autoptr(SaslClient) login = client_for("LOGIN", &params);
    g_autoptr(GString) user G_GNUC_UNUSED = answer(login, true, B("Username:"));
    g_auto(SaslStep) step = {0};
    g_assert_true(sasl_client_step(login, true, B("Password:"), &step, DEADLINE_NEVER, NULL));
    g_assert_cmpstr(step.shown, ==, "LOGIN client's password: password=*****");
}

static void test_disclosing_writes_base64_and_a_line_end(void)
{
    int fds[2];
    char buffer[64];
    g_autoptr(Secret) response = secret_new("\0tim\0pw", 7);
    g_assert_cmpint(pipe(fds), ==, 0);
    g_assert_true(sasl_disclose(response, fds[1], NULL));
    ssize_t n = read(fds[0], buffer, sizeof(buffer));
    g_assert_cmpmem(buffer, n, "AHRpbQBwdw==\n", 13);
    close(fds[0]);
    close(fds[1]);

    g_autoptr(GError) error = NULL;
    int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    g_assert_false(sasl_disclose(response, full, &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_IO);
    close(full);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sasl/client/credentials_are_asked_for_by_name",
                    test_credentials_are_asked_for_by_name);
    g_test_add_func("/sasl/client/what_cannot_be_run_is_named", test_what_cannot_be_run_is_named);
    g_test_add_func("/sasl/client/challenges_are_capped", test_challenges_are_capped);
    g_test_add_func("/sasl/client/what_is_shown_never_has_the_secret",
                    test_what_is_shown_never_has_the_secret);
    g_test_add_func("/sasl/client/disclosing_writes_base64_and_a_line_end",
                    test_disclosing_writes_base64_and_a_line_end);
    return g_test_run();
}
