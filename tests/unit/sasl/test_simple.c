#include "exchange.h"

/* RFC 4616 section 4. */
static void test_plain_of_rfc_4616(void)
{
    g_autoptr(Secret) password = secret_of("tanstaaftanstaaf");
    SaslParams params = {.user = "tim", .password = password};
    g_autoptr(SaslClient) client = client_for("PLAIN", &params);
    assert_begins(client, B("\0tim\0tanstaaftanstaaf"));
    assert_finishes(client, false, BYTES_NONE);

    g_autoptr(Secret) other = secret_of("xipj3plmq");
    SaslParams acting = {.user = "Kurt", .authzid = "Ursel", .password = other};
    g_autoptr(SaslClient) second = client_for("plain", &acting);
    assert_begins(second, B("Ursel\0Kurt\0xipj3plmq"));
}

static void test_plain_answers_an_empty_challenge_once(void)
{
    g_autoptr(Secret) password = secret_of("p\xe4ss"); /* ISO 8859-1 goes out as it is */
    SaslParams params = {.user = "b\xc3\xa4r", .password = password};
    g_autoptr(SaslClient) client = client_for("PLAIN", &params);
    assert_answer(client, BYTES_NONE, B("\0b\xc3\xa4r\0p\xe4ss"));
    assert_step_fails(client, true, BYTES_NONE, POSTERN_ERROR_PROTOCOL, "nothing more to say");
}

static void test_plain_refuses_a_nul_in_the_password(void)
{
    g_autoptr(Secret) password = secret_new("a\0b", 3);
    SaslParams params = {.user = "joe", .password = password};
    assert_no_client("PLAIN", &params, POSTERN_ERROR_AUTH, "NUL");
}

static void test_login_whatever_the_prompts(void)
{
    static const char *const prompts[][2] = {
        {"Username:", "Password:"}, {"User Name", "Password"},  {"", ""},
        {"Login:", "pass:"},        {"Enter name", "and word"},
    };
    g_autoptr(Secret) password = secret_of("s3cret");
    SaslParams params = {.user = "joe", .password = password};
    for (size_t i = 0; i < G_N_ELEMENTS(prompts); i++) {
        g_autoptr(SaslClient) client = client_for("LOGIN", &params);
        assert_answer(client, bytes_of(prompts[i][0]), B("joe"));
        assert_answer(client, bytes_of(prompts[i][1]), B("s3cret"));
        assert_step_fails(client, true, B("again"), POSTERN_ERROR_PROTOCOL, "nothing more");
    }
}

static void test_login_never_gives_the_password_for_the_user_name(void)
{
    g_autoptr(Secret) password = secret_of("s3cret");
    SaslParams params = {.user = "joe", .password = password};
    g_autoptr(SaslClient) client = client_for("LOGIN", &params);
    assert_begins(client, B("joe")); /* AUTH LOGIN am9l */
    assert_step_fails(client, true, B("Username:"), POSTERN_ERROR_PROTOCOL, "again");

    g_autoptr(SaslClient) backwards = client_for("LOGIN", &params);
    assert_step_fails(backwards, true, B("Password:"), POSTERN_ERROR_PROTOCOL,
                      "before it asked for a user name");
}

/* RFC 2195 section 3. */
static void test_cram_md5_of_rfc_2195(void)
{
    g_autoptr(Secret) password = secret_of("tanstaaftanstaaf");
    SaslParams params = {.user = "tim", .password = password};
    g_autoptr(SaslClient) client = client_for("CRAM-MD5", &params);
    assert_answer(client, B("<1896.697170952@postoffice.reston.mci.net>"),
                  B("tim b913a602c7eda7a495b4e6e7334d3890"));
    assert_step_fails(client, true, B("<2@x>"), POSTERN_ERROR_PROTOCOL, "nothing more");
}

static void test_cram_md5_is_server_first(void)
{
    g_autoptr(Secret) password = secret_of("x");
    SaslParams params = {.user = "tim", .password = password};
    g_autoptr(SaslClient) client = client_for("CRAM-MD5", &params);
    assert_step_fails(client, false, BYTES_NONE, POSTERN_ERROR_BUG, "no initial response");
    assert_step_fails(client, true, BYTES_NONE, POSTERN_ERROR_PROTOCOL, "empty");
}

static void test_external_and_anonymous(void)
{
    SaslParams params = {0};
    g_autoptr(SaslClient) bare = client_for("EXTERNAL", &params);
    assert_begins(bare, B(""));
    params.authzid = "fred@example.com";
    g_autoptr(SaslClient) acting = client_for("EXTERNAL", &params);
    assert_answer(acting, BYTES_NONE, B("fred@example.com"));

    SaslParams traced = {.user = "sirhc"};
    g_autoptr(SaslClient) anonymous = client_for("ANONYMOUS", &traced); /* RFC 4505 section 3 */
    assert_begins(anonymous, B("sirhc"));
    SaslParams untraced = {0};
    g_autoptr(SaslClient) nobody = client_for("ANONYMOUS", &untraced);
    assert_begins(nobody, B("anonymous"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sasl/simple/plain_of_rfc_4616", test_plain_of_rfc_4616);
    g_test_add_func("/sasl/simple/plain_answers_an_empty_challenge_once",
                    test_plain_answers_an_empty_challenge_once);
    g_test_add_func("/sasl/simple/plain_refuses_a_nul_in_the_password",
                    test_plain_refuses_a_nul_in_the_password);
    g_test_add_func("/sasl/simple/login_whatever_the_prompts", test_login_whatever_the_prompts);
    g_test_add_func("/sasl/simple/login_never_gives_the_password_for_the_user_name",
                    test_login_never_gives_the_password_for_the_user_name);
    g_test_add_func("/sasl/simple/cram_md5_of_rfc_2195", test_cram_md5_of_rfc_2195);
    g_test_add_func("/sasl/simple/cram_md5_is_server_first", test_cram_md5_is_server_first);
    g_test_add_func("/sasl/simple/external_and_anonymous", test_external_and_anonymous);
    return g_test_run();
}
