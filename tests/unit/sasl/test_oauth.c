#include "exchange.h"

#include "sasl/oauth_error.h"

#define TOKEN "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg=="

/* RFC 7628 section 4.1, and the failure of 4.3. */
static void test_oauthbearer_of_rfc_7628(void)
{
    g_autoptr(Secret) token = secret_of(TOKEN);
    SaslParams params = {
        .user = "user@example.com", .host = "server.example.com", .port = 143, .token = token};
    g_autoptr(SaslClient) client = client_for("OAUTHBEARER", &params);
    g_autoptr(GByteArray) published =
        bytes_base64_decode(B("bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9"
                              "MTQzAWF1dGg9QmVhcmVyIHZGOWRmdDRxbVRjMk52"
                              "YjNSbGNrQmhiSFJoZG1semRHRXVZMjl0Q2c9PQEB"));
    assert_begins(client, bytes_of_array(published));
    g_assert_null(sasl_client_complaint(client));
    assert_answer(client, B("{\"status\":\"invalid_token\",\"scope\":\"example_scope\"}"),
                  B("\001"));
    g_assert_cmpstr(sasl_client_complaint(client), ==,
                    "token refused, status invalid_token: the token has expired, was revoked, or "
                    "is for another service; "
                    "scope example_scope");
    assert_finish_fails(client, false, BYTES_NONE, POSTERN_ERROR_PROTOCOL);
    assert_step_fails(client, true, B("{}"), POSTERN_ERROR_PROTOCOL, "nothing more");
}

static void test_oauthbearer_leaves_out_what_is_not_known(void)
{
    g_autoptr(Secret) token = secret_of("T");
    SaslParams params = {.token = token};
    g_autoptr(SaslClient) client = client_for("OAUTHBEARER", &params);
    assert_begins(client, B("n,,\001auth=Bearer T\001\001"));
    params.user = "a,b=c";
    g_autoptr(SaslClient) named = client_for("OAUTHBEARER", &params);
    assert_answer(named, BYTES_NONE, B("n,a=a=2Cb=3Dc,\001auth=Bearer T\001\001"));
    assert_finishes(named, false, BYTES_NONE);
}

/* Google's published example. */
static void test_xoauth2(void)
{
    g_autoptr(Secret) token = secret_of("ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg");
    SaslParams params = {.user = "someuser@example.com", .token = token};
    g_autoptr(SaslClient) client = client_for("XOAUTH2", &params);
    g_autoptr(GString) first = answer(client, false, BYTES_NONE);
    g_autofree char *encoded = bytes_base64(bytes_of_string(first));
    g_assert_cmpstr(encoded, ==,
                    "dXNlcj1zb21ldXNlckBleGFtcGxlLmNvbQFhdXRoPUJlYXJlciB5YTI5LnZGOWRmdDRxbVRjMk52Yj"
                    "NSbGNrQmhkSFJoZG1semRHRXVZ"
                    "Mjl0Q2cBAQ==");
    assert_answer(
        client,
        B("{\"status\":\"401\",\"schemes\":\"bearer mac\",\"scope\":\"https://mail.google.com/\"}"),
        B(""));
    g_assert_nonnull(strstr(sasl_client_complaint(client), "401"));
}

static void test_what_is_no_token_is_refused(void)
{
    static const char *const wrong[] = {"a b", "a\n", "a\001auth=Bearer b", "t\xc3\xb6ken", ""};
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autoptr(Secret) token = secret_of(wrong[i]);
        SaslParams params = {.user = "u", .token = token};
        assert_no_client("XOAUTH2", &params, POSTERN_ERROR_AUTH, "token");
        assert_no_client("OAUTHBEARER", &params, POSTERN_ERROR_AUTH, "token");
    }
    g_autoptr(Secret) token = secret_of("T");
    SaslParams params = {.user = "u\001auth=Bearer x", .token = token};
    assert_no_client("XOAUTH2", &params, POSTERN_ERROR_AUTH, "^A");
}

static void assert_member(const char *json, const char *key, const char *expected)
{
    g_autofree char *found = oauth_error_member(bytes_of(json), key);
    g_assert_cmpstr(found, ==, expected);
}

static void test_members_of_an_error_object(void)
{
    assert_member("{\"status\":\"400\"}", "status", "400");
    assert_member(" { \"a\" : [1,{\"b\":\"status\"}], \"status\" : 400 , \"x\":1}", "status",
                  "400");
    assert_member("{\"a\":\"\\\"status\\\":\\\"no\",\"status\":\"yes\"}", "status", "yes");
    assert_member("{\"status\":\"a\\u00e4\\n\\/\\\\\\q\"}", "status", "a\xc3\xa4\n/\\q");
    assert_member("{\"status\":\"\\u0000\\ud800\\u12\"}", "status", "\xef\xbf\xbd\xef\xbf\xbdu12");
    assert_member("{\"status\":\"cut", "status", "cut");
    assert_member("{\"status\":", "status", "");
    assert_member("{\"status\"", "status", NULL);
    assert_member("{\"scope\":\"status\"}", "status", NULL);
    assert_member("", "status", NULL);
}

static void test_words_of_an_error_are_safe_to_show(void)
{
    g_autofree char *words =
        oauth_error_words(B("{\"status\":\"\\u001b[2J\",\"scope\":\"\x1b]0;x\x07\"}"));
    g_assert_null(strchr(words, '\x1b'));
    g_assert_nonnull(strstr(words, "\\x1B[2J"));
    g_autofree char *none = oauth_error_words(B("what?"));
    g_assert_cmpstr(none, ==, "token refused, and no reason told");
    g_assert_true(oauth_error_is(B(" {\"status\":\"x\"}")));
    g_assert_false(oauth_error_is(B("{\"stat\":\"x\"}")));
    g_assert_false(oauth_error_is(B("\"status\":1")));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sasl/oauth/oauthbearer_of_rfc_7628", test_oauthbearer_of_rfc_7628);
    g_test_add_func("/sasl/oauth/oauthbearer_leaves_out_what_is_not_known",
                    test_oauthbearer_leaves_out_what_is_not_known);
    g_test_add_func("/sasl/oauth/xoauth2", test_xoauth2);
    g_test_add_func("/sasl/oauth/what_is_no_token_is_refused", test_what_is_no_token_is_refused);
    g_test_add_func("/sasl/oauth/members_of_an_error_object", test_members_of_an_error_object);
    g_test_add_func("/sasl/oauth/words_of_an_error_are_safe_to_show",
                    test_words_of_an_error_are_safe_to_show);
    return g_test_run();
}
