#include "exchange.h"

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

static const SaslPolicy private_line = {
    .encrypted = true, .have_password = true, .have_user = true};

static void assert_choice(const char *const *offered, const char *const *also, SaslPolicy policy,
                          const char *expected)
{
    g_autoptr(GError) error = NULL;
    const char *found = sasl_choose(offered, also, &policy, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(found, ==, expected);
}

static char *refusal(const char *const *offered, const char *const *also, SaslPolicy policy,
                     int code)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(sasl_choose(offered, also, &policy, &error));
    g_assert_error(error, POSTERN_ERROR, code);
    return g_strdup(error->message);
}

static void assert_told(const char *message, const char *words)
{
    if (!strstr(message, words)) {
        g_error("\"%s\" is not in: %s", words, message);
    }
}

static void test_the_strongest_is_taken(void)
{
    assert_choice(LIST("PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256", "DIGEST-MD5"),
                  NULL, private_line, "SCRAM-SHA-256");
    assert_choice(LIST("scram-sha-1", "plain"), NULL, private_line, "SCRAM-SHA-1");
    assert_choice(LIST("LOGIN", "PLAIN"), LIST("LOGIN command"), private_line, "PLAIN");
    assert_choice(LIST("PLAIN"), LIST("APOP", "USER/PASS"), private_line, "APOP");
    assert_choice(NULL, LIST("USER/PASS"), private_line, "USER/PASS");
    assert_choice(LIST("NTLM", "KERBEROS_V4", "X-UNHEARD-OF"), NULL, private_line, "NTLM");
}

static bool yes(void)
{
    return true;
}

static bool unasked(void)
{
    g_assert_not_reached();
}

/* Files would be read for nothing. */
static void test_a_ticket_is_looked_for_only_when_it_counts(void)
{
    SaslPolicy policy = private_line;
    policy.have_ticket = unasked;
    assert_choice(LIST("PLAIN", "SCRAM-SHA-1"), NULL, policy, "SCRAM-SHA-1");
    policy.forced = LIST("PLAIN");
    assert_choice(LIST("GSSAPI", "PLAIN"), NULL, policy, "PLAIN");
}

static void test_what_was_prepared_comes_first(void)
{
    const char *const all[] = {"PLAIN",  "SCRAM-SHA-256", "SCRAM-SHA-1-PLUS", "OAUTHBEARER",
                               "GSSAPI", "EXTERNAL",      "XOAUTH2",          NULL};
    SaslPolicy policy = private_line;
    assert_choice(all, NULL, policy, "SCRAM-SHA-256");
    policy.have_binding = true;
    assert_choice(all, NULL, policy, "SCRAM-SHA-1-PLUS");
    policy.have_token = true;
    assert_choice(all, NULL, policy, "OAUTHBEARER");
    policy.have_ticket = yes;
    assert_choice(all, NULL, policy, "GSSAPI");
    policy.have_certificate = true;
    assert_choice(all, NULL, policy, "EXTERNAL");
}

static void test_no_password_in_the_clear(void)
{
    SaslPolicy open = private_line;
    open.encrypted = false;
    assert_choice(LIST("PLAIN", "CRAM-MD5"), NULL, open, "CRAM-MD5");
    g_autofree char *message =
        refusal(LIST("PLAIN", "LOGIN", "SKEY"), LIST("USER/PASS"), open, POSTERN_ERROR_INSECURE);
    assert_told(message, "nothing was sent");
    assert_told(message, "PLAIN: would send the password");
    assert_told(message, "USER/PASS: would send the password");
    assert_told(message, "SKEY: Dead");
    assert_told(message, "--allow-cleartext-auth");
    open.have_token = true;
    g_autofree char *token = refusal(LIST("XOAUTH2"), NULL, open, POSTERN_ERROR_INSECURE);
    assert_told(token, "would send the token");
    open.allow_cleartext = true;
    assert_choice(LIST("PLAIN"), NULL, open, "PLAIN");
}

static void test_each_reason_is_told(void)
{
    SaslPolicy empty = {.encrypted = true};
    g_autofree char *message = refusal(LIST("EXTERNAL", "GSSAPI", "XOAUTH2", "SCRAM-SHA-1-PLUS",
                                            "PLAIN", "KERBEROS_V4", "NEW\x1b[m", "ANONYMOUS"),
                                       NULL, empty, POSTERN_ERROR_AUTH);
    assert_told(message, "EXTERNAL: no client certificate");
    assert_told(message, "GSSAPI: no Kerberos ticket");
    assert_told(message, "XOAUTH2: no access token");
    assert_told(message, "SCRAM-SHA-1-PLUS: this connection gives no channel binding");
    assert_told(message, "PLAIN: no user name");
    assert_told(message, "KERBEROS_V4: Dead: Kerberos 4");
    assert_told(message, "NEW\\x1B[m: Postern does not know it");
    assert_told(message, "ANONYMOUS: only when asked for");
    empty.have_user = true;
    g_autofree char *second = refusal(LIST("PLAIN"), NULL, empty, POSTERN_ERROR_AUTH);
    assert_told(second, "PLAIN: no password");
    g_autofree char *nothing = refusal(LIST(NULL), NULL, empty, POSTERN_ERROR_AUTH);
    assert_told(nothing, "offers no way");
}

static void test_a_long_list_is_cut(void)
{
    const char *many[301] = {0};
    for (size_t i = 0; i < 300; i++) {
        many[i] = "X-UNHEARD-OF";
    }
    g_autofree char *message = refusal(many, NULL, private_line, POSTERN_ERROR_AUTH);
    assert_told(message, "and 260 more");
    g_assert_cmpuint(strlen(message), <, 4000);
}

static void test_forced(void)
{
    SaslPolicy policy = private_line;
    policy.forced = LIST("xoauth2", "login", "plain");
    assert_choice(LIST("PLAIN", "LOGIN", "SCRAM-SHA-256"), NULL, policy,
                  "LOGIN"); /* the order of --auth, not of strength */
    assert_choice(LIST("PLAIN"), LIST("LOGIN command"), policy, "LOGIN command");
    policy.forced = LIST("user");
    assert_choice(LIST("PLAIN"), LIST("USER/PASS"), policy, "USER/PASS");
    policy.forced = LIST("login-command");
    assert_choice(LIST("LOGIN"), LIST("LOGIN command"), policy, "LOGIN command");
    policy.forced = LIST("anonymous", "external");
    assert_choice(LIST("EXTERNAL", "ANONYMOUS"), NULL, policy, "ANONYMOUS");
    policy.forced = LIST("external"); /* the peer of a unix socket needs no certificate */
    assert_choice(LIST("EXTERNAL"), NULL, policy, "EXTERNAL");
}

static void test_forced_but_impossible(void)
{
    SaslPolicy policy = private_line;
    policy.forced = LIST("SCRAM-SHA-256", "KERBEROS_V4", "GSSAPI");
    g_autofree char *message =
        refusal(LIST("PLAIN", "KERBEROS_V4", "GSSAPI"), NULL, policy, POSTERN_ERROR_AUTH);
    assert_told(message, "SCRAM-SHA-256: the server does not offer it");
    assert_told(message, "KERBEROS_V4: Dead");
    assert_told(message, "GSSAPI: no Kerberos ticket");
    assert_told(message, "(it offers PLAIN, KERBEROS_V4, GSSAPI)");
    policy.forced = LIST("PLAIN");
    policy.encrypted = false;
    g_autofree char *open =
        refusal(LIST("PLAIN", "CRAM-MD5"), NULL, policy, POSTERN_ERROR_INSECURE);
    assert_told(open, "nothing was sent");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sasl/choose/the_strongest_is_taken", test_the_strongest_is_taken);
    g_test_add_func("/sasl/choose/a_ticket_is_looked_for_only_when_it_counts",
                    test_a_ticket_is_looked_for_only_when_it_counts);
    g_test_add_func("/sasl/choose/what_was_prepared_comes_first",
                    test_what_was_prepared_comes_first);
    g_test_add_func("/sasl/choose/no_password_in_the_clear", test_no_password_in_the_clear);
    g_test_add_func("/sasl/choose/each_reason_is_told", test_each_reason_is_told);
    g_test_add_func("/sasl/choose/a_long_list_is_cut", test_a_long_list_is_cut);
    g_test_add_func("/sasl/choose/forced", test_forced);
    g_test_add_func("/sasl/choose/forced_but_impossible", test_forced_but_impossible);
    return g_test_run();
}
