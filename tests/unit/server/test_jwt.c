#include "config/jwt.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "sandboxed.h"

#define SECRET "a secret that is shared"
#define CLAIMS                                                                                     \
    "{\"email\":\"joe@example.org\",\"sub\":\"joe\",\"iss\":\"https://id\",\"aud\":\"mail\","      \
    "\"nbf\":1000,\"exp\":2000}"

static char *base64url(Bytes octets)
{
    g_autofree char *usual = bytes_base64(octets);
    g_strdelimit(g_strdelimit(usual, "+", '-'), "/", '_');
    return g_strndup(usual, strcspn(usual, "="));
}

/* Signed with the secret. */
static char *token_of(const char *algorithm, DigestKind digest, const char *secret,
                      const char *claims)
{
    uint8_t mac[DIGEST_MAX];
    g_autofree char *header = g_strdup_printf("{\"alg\":\"%s\"}", algorithm);
    g_autofree char *front = base64url(bytes_of(header)), *body = base64url(bytes_of(claims));
    g_autofree char *signed_part = g_strconcat(front, ".", body, NULL);
    digest_hmac(digest, bytes_of(secret), bytes_of(signed_part), mac);
    g_autofree char *end = base64url((Bytes){(const char *)mac, digest_size(digest)});
    return g_strconcat(signed_part, ".", end, NULL);
}

/* What is wrong with it; "" when it is good for `who`. The caller frees it. */
static char *judge(const Sandboxed *s, const char *name, const char *token, int64_t now,
                   const char *who)
{
    g_autofree char *got = NULL, *why = NULL;
    g_autoptr(Secret) secret = secret_new(token, strlen(token));
    bool good = sandbox_jwt_is_good(&s->box, name, secret, now, &got, &why);
    g_assert_true(good == (why == NULL));
    g_assert_cmpstr(got, ==, good ? who : NULL);
    return good ? g_strdup("") : g_steal_pointer(&why);
}

static void test_each_claim_counts(void)
{
    static const struct {
        const char *algorithm, *secret, *name;
        int64_t now;
        const char *issuer, *audience, *wrong;
    } rows[] = {
        {"HS256", SECRET, "joe", 1500, NULL, NULL, ""},
        {"HS256", SECRET, "joe@example.org", 1999, "https://id", "mail", ""},
        {"HS256", "another", "joe", 1500, NULL, NULL, "its signature is not by the key"},
        {"HS512", SECRET, "joe", 1500, NULL, NULL, "its signature is not by the key"},
        {"none", SECRET, "joe", 1500, NULL, NULL, "it is signed by none, which is not for the key"},
        {"RS256", SECRET, "joe", 1500, NULL, NULL,
         "it is signed by RS256, which is not for the key"},
        {"HS256", SECRET, "ann", 1500, NULL, NULL, "it is for somebody else"},
        {"HS256", SECRET, "joe", 2000, NULL, NULL, "it expired 0 s ago"},
        {"HS256", SECRET, "joe", 990, NULL, NULL, "it is good only in 10 s"},
        {"HS256", SECRET, "joe", 1500, "https://other", NULL, "it is by another issuer"},
        {"HS256", SECRET, "joe", 1500, NULL, "web", "it is meant for another audience"},
    };
    Sandboxed s;
    sandboxed_begin(&s);
    s.box.jwt_secret = secret_new(SECRET, strlen(SECRET));
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        s.plan.jwt_issuer = rows[i].issuer;
        s.plan.jwt_audience = rows[i].audience;
        g_autofree char *token = token_of(rows[i].algorithm, DIGEST_SHA256, rows[i].secret, CLAIMS);
        g_autofree char *wrong = judge(&s, rows[i].name, token, rows[i].now, rows[i].name);
        g_assert_cmpstr(wrong, ==, rows[i].wrong);
    }
    secret_free(s.box.jwt_secret);
    sandboxed_end(&s);
}

static void test_the_token_says_who_it_is(void)
{
    Sandboxed s;
    sandboxed_begin(&s);
    g_autofree char *token = token_of("HS384", DIGEST_SHA384, SECRET, CLAIMS);
    g_autofree char *nobody = token_of("HS384", DIGEST_SHA384, SECRET, "{}");
    g_autofree char *got = NULL, *why = NULL;
    g_autoptr(Secret) secret = secret_new(token, strlen(token));
    g_assert_false(sandbox_jwt_is_good(&s.box, "", secret, 1500, &got, &why));
    g_assert_null(why); /* no key, no such tokens */
    s.box.jwt_secret = secret_new(SECRET, strlen(SECRET));
    g_autofree char *named = judge(&s, "", token, 1500, "joe@example.org");
    g_assert_cmpstr(named, ==, "");
    g_autofree char *unnamed = judge(&s, "", nobody, 1500, NULL);
    g_assert_cmpstr(unnamed, ==, "it does not say whom it is for");
    secret_free(s.box.jwt_secret);
    sandboxed_end(&s);
}

/* Reads the key from a file with that text. */
static bool read_key(Sandboxed *s, const char *text, GError **error)
{
    g_autofree char *path = NULL;
    int fd = g_file_open_tmp("jwt-XXXXXX", &path, NULL);
    g_assert_cmpint(fd, >=, 0);
    close(fd);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
    s->plan.jwt_key_file = path;
    bool ok = sandbox_read_jwt_key(&s->box, error);
    s->plan.jwt_key_file = NULL;
    g_unlink(path);
    return ok;
}

/* RFC 7515 appendix A.3. */
static void test_a_public_key_is_no_secret(void)
{
    static const char pem[] = "-----BEGIN PUBLIC KEY-----\n"
                              "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEf83OJ3D2xF1Bg8vub9tLe1gHMzV7\n"
                              "6e8Tus9uPHvRVEXH8UTNG72bfocs3+257rn0s2ldbqkLJK2KRiMohYjlrQ==\n"
                              "-----END PUBLIC KEY-----\n";
    static const char published[] =
        "eyJhbGciOiJFUzI1NiJ9."
        "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0"
        "cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg"
        "6NU1Q";
    Sandboxed s;
    sandboxed_begin(&s);
    g_assert_true(read_key(&s, pem, NULL));
    g_assert_true(s.box.jwt_key && !s.box.jwt_secret);
    g_autofree char *named = judge(&s, "", published, 1300819379, NULL);
    g_assert_cmpstr(named, ==, "it does not say whom it is for"); /* the signature is good */
    g_autofree char *confused = token_of("HS256", DIGEST_SHA256, pem, CLAIMS);
    g_autofree char *why = judge(&s, "joe", confused, 1500, NULL);
    g_assert_cmpstr(why, ==, "it is signed by HS256, which is not for the key");
    tls_public_key_free(s.box.jwt_key);
    sandboxed_end(&s);
}

static void test_keys_come_from_files(void)
{
    Sandboxed s;
    sandboxed_begin(&s);
    g_autoptr(GError) none = NULL, bad = NULL;
    g_assert_true(read_key(&s, SECRET "\r\n", NULL));
    g_autoptr(Secret) expected = secret_new(SECRET, strlen(SECRET));
    g_assert_true(secret_equal(s.box.jwt_secret, expected));
    g_clear_pointer(&s.box.jwt_secret, secret_free);
    g_assert_false(read_key(&s, "\n", &none));
    g_assert_error(none, POSTERN_ERROR, POSTERN_ERROR_DATA);
    g_clear_pointer(&s.box.jwt_secret, secret_free);
    g_assert_false(read_key(&s, "-----BEGIN PUBLIC KEY-----\n", &bad));
    g_assert_error(bad, POSTERN_ERROR, POSTERN_ERROR_DATA);
    sandboxed_end(&s);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/jwt/each-claim-counts", test_each_claim_counts);
    g_test_add_func("/jwt/the-token-says-who-it-is", test_the_token_says_who_it_is);
    g_test_add_func("/jwt/a-public-key-is-no-secret", test_a_public_key_is_no_secret);
    g_test_add_func("/jwt/keys-come-from-files", test_keys_come_from_files);
    return g_test_run();
}
