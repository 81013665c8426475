#include "config/jwt.h"

#include <string.h>

/* {"alg":"HS256","typ":"JWT"}, as RFC 7515 writes it. */
#define HEADER "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"

static char *base64url(const char *text)
{
    g_autofree char *usual = bytes_base64(bytes_of(text));
    g_strdelimit(g_strdelimit(usual, "+", '-'), "/", '_');
    return g_strndup(usual, strcspn(usual, "="));
}

static Secret *token_of(const char *claims)
{
    g_autofree char *body = base64url(claims);
    g_autofree char *token = g_strconcat(HEADER ".", body, ".AQID", NULL);
    return secret_new(token, strlen(token));
}

static void test_claims_are_taken_apart(void)
{
    g_autoptr(Secret) token =
        token_of("{\"sub\":\"42\",\"email\":\"joe@example.org\",\"iss\":\"https://a\",\"aud\":["
                 "\"mail\",\"web\"],\"exp\":2000000000,\"nbf\":1.5e9}");
    g_auto(Jwt) jwt = {0};
    g_assert_true(jwt_parse(token, &jwt, NULL));
    g_assert_cmpstr(jwt.algorithm, ==, "HS256");
    g_assert_cmpstr(jwt.names[0], ==, "joe@example.org");
    g_assert_cmpstr(jwt.names[1], ==, "42");
    g_assert_null(jwt.names[2]);
    g_assert_cmpstr(jwt.issuer, ==, "https://a");
    g_assert_cmpstr(jwt.audience[1], ==, "web");
    g_assert_cmpint(jwt.expires, ==, 2000000000);
    g_assert_cmpint(jwt.not_before, ==, 1500000000);
    g_assert_cmpuint(jwt.signature->len, ==, 3);
    g_assert_true(jwt.signed_part.len == secret_length(token) - 5);
}

static void test_one_audience_and_none(void)
{
    g_autoptr(Secret) one = token_of("{\"aud\":\"mail\"}");
    g_autoptr(Secret) none = token_of("{}");
    g_auto(Jwt) with = {0}, without = {0};
    g_assert_true(jwt_parse(one, &with, NULL));
    g_assert_cmpstr(with.audience[0], ==, "mail");
    g_assert_true(jwt_parse(none, &without, NULL));
    g_assert_true(!without.audience[0] && !without.names[0] && !without.issuer);
    g_assert_cmpint(without.expires, ==, 0);
}

static void test_what_is_no_token_is_refused(void)
{
    static const char *const bodies[] = {"",
                                         "1",
                                         "[]",
                                         "{\"exp\":\"soon\"}",
                                         "{\"exp\":-1}",
                                         "{\"aud\":7}",
                                         "{\"aud\":[7]}",
                                         "{\"a\":1,\"a\":2}"};
    static const char *const tokens[] = {"", ".", "..", "a.b.c", HEADER, HEADER ".e30",
                                         HEADER ".e30=.AQID", HEADER ".e30.A", "e30.e30.AQID",
                                         HEADER ".e30.AQ+D", HEADER ".e30.AQID.x",
                                         /* {"alg":"HS256","crit":["x"]} */
                                         "eyJhbGciOiJIUzI1NiIsImNyaXQiOlsieCJdfQ.e30.AQID"};
    for (size_t i = 0; i < G_N_ELEMENTS(bodies); i++) {
        g_autoptr(Secret) token = token_of(bodies[i]);
        g_auto(Jwt) jwt = {0};
        g_autoptr(GError) error = NULL;
        g_assert_false(jwt_parse(token, &jwt, &error));
        g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_DATA);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(tokens); i++) {
        g_autoptr(Secret) token = secret_new(tokens[i], strlen(tokens[i]));
        g_auto(Jwt) jwt = {0};
        g_autoptr(GError) error = NULL;
        g_assert_false(jwt_parse(token, &jwt, &error));
        g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_DATA);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/jwt/claims-are-taken-apart", test_claims_are_taken_apart);
    g_test_add_func("/jwt/one-audience-and-none", test_one_audience_and_none);
    g_test_add_func("/jwt/what-is-no-token-is-refused", test_what_is_no_token_is_refused);
    return g_test_run();
}
