#include "config/oauth_form.h"

#include <string.h>

static void test_form(void)
{
    g_autoptr(Secret) secret = secret_new("a b&c=\xc3\xbc", 8);
    const OauthField fields[] = {
        {"grant_type", "x:y", NULL}, {"left_out", NULL, NULL}, {"code", NULL, secret}, {NULL}};
    g_autoptr(Secret) form = oauth_form(fields);
    g_autofree char *text = bytes_dup(secret_reveal(form));
    g_assert_cmpstr(text, ==, "grant_type=x%3Ay&code=a%20b%26c%3D%C3%BC");
    const OauthField one[] = {{"a", "1", NULL}, {NULL}};
    g_autofree char *url = oauth_url("https://x/?tenant=1", one);
    g_assert_cmpstr(url, ==, "https://x/?tenant=1&a=1");
}

/* RFC 7636 appendix B */
static void test_challenge(void)
{
    static const char verifier[] = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    g_autoptr(Secret) secret = secret_new(verifier, strlen(verifier));
    g_autofree char *challenge = oauth_challenge(secret);
    g_assert_cmpstr(challenge, ==, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
}

static void test_redirect(void)
{
    g_auto(OauthRedirect) r = {0};
    g_assert_true(oauth_redirect_parse(
        BYTES_LITERAL("GET /?code=a%2Bb&state=s+t&iss=https%3A%2F%2Fx HTTP/1.1"), "/", &r));
    g_autoptr(Secret) code = secret_new("a+b", 3);
    g_assert_true(r.is_callback && r.code && secret_equal(r.code, code));
    g_assert_cmpstr(r.state, ==, "s t");
    g_assert_cmpstr(r.issuer, ==, "https://x");
    g_assert_null(r.error);
}

static void test_redirects_that_are_none(void)
{
    static const char *const none[] = {"",          "GET",          "GET /",
                                       "SSH-2.0-x", "GET / SPDY/3", "\x16\x03\x01"};
    for (size_t i = 0; i < G_N_ELEMENTS(none); i++) {
        g_auto(OauthRedirect) r = {0};
        g_assert_false(oauth_redirect_parse(bytes_of(none[i]), "/", &r));
    }
    static const char *const other[] = {"POST /?code=a&state=b HTTP/1.1",
                                        "GET /favicon.ico HTTP/1.1", "GET /x?code=a HTTP/1.1"};
    for (size_t i = 0; i < G_N_ELEMENTS(other); i++) {
        g_auto(OauthRedirect) r = {0};
        g_assert_true(oauth_redirect_parse(bytes_of(other[i]), "/", &r));
        g_assert_false(r.is_callback);
        g_assert_null(r.code);
    }
    static const char *const spoiled[] = {"GET /?code=a&code=b HTTP/1.1", "GET /?code=%0 HTTP/1.1",
                                          "GET /?code=%zz HTTP/1.1",      "GET /?code=%00 HTTP/1.1",
                                          "GET /?code=%ff HTTP/1.1",      "GET /?code= HTTP/1.1",
                                          "GET /?code HTTP/1.1"};
    for (size_t i = 0; i < G_N_ELEMENTS(spoiled); i++) {
        g_auto(OauthRedirect) r = {0};
        g_assert_true(oauth_redirect_parse(bytes_of(spoiled[i]), "/", &r));
        g_assert_true(r.is_callback);
        g_assert_null(r.code);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/oauth-form/form", test_form);
    g_test_add_func("/oauth-form/challenge", test_challenge);
    g_test_add_func("/oauth-form/redirect", test_redirect);
    g_test_add_func("/oauth-form/no-redirect", test_redirects_that_are_none);
    return g_test_run();
}
