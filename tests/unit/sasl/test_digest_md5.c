#include "exchange.h"

#define CHALLENGE                                                                                  \
    "realm=\"elwood.innosoft.com\",nonce=\"OA6MG9tEQGm2hh\",qop=\"auth\",algorithm=md5-sess,"      \
    "charset=utf-8"
#define RSPAUTH "rspauth=ea40f60335c427b5527b84dbabcdfffd"

static SaslClient *chris(const Secret *password)
{
    SaslParams params = {.service = "imap",
                         .host = "elwood.innosoft.com",
                         .user = "chris",
                         .password = password,
                         .fixed_nonce = "OA6MHXh6VqTrRk"};
    return client_for("DIGEST-MD5", &params);
}

/* RFC 2831 section 4. */
static void test_exchange_of_rfc_2831(void)
{
    g_autoptr(Secret) password = secret_of("secret");
    g_autoptr(SaslClient) client = chris(password);
    assert_answer(client, B(CHALLENGE),
                  B("charset=utf-8,username=\"chris\",realm=\"elwood.innosoft.com\",nonce="
                    "\"OA6MG9tEQGm2hh\",nc=00000001,"
                    "cnonce=\"OA6MHXh6VqTrRk\",digest-uri=\"imap/elwood.innosoft.com\","
                    "response=d388dad90d4bbd760a152321f2143af7,qop=auth"));
    g_autofree char *awaited = sasl_client_awaits(client);
    g_assert_cmpstr(awaited, ==, RSPAUTH);
    assert_answer(client, B(RSPAUTH), B(""));
    assert_finishes(client, false, BYTES_NONE);

    g_autoptr(SaslClient) other = chris(password);
    g_autoptr(GString) ignored G_GNUC_UNUSED = answer(other, true, B(CHALLENGE));
    assert_finishes(other, true, B("RSPAUTH=\"EA40F60335C427B5527B84DBABCDFFFD\""));
}

/* The ACAP example of the same section. */
static void test_second_exchange_of_rfc_2831(void)
{
    g_autoptr(Secret) password = secret_of("secret");
    SaslParams params = {.service = "acap",
                         .host = "elwood.innosoft.com",
                         .user = "chris",
                         .password = password,
                         .fixed_nonce = "OA9BSuZWMSpW8m"};
    g_autoptr(SaslClient) client = client_for("DIGEST-MD5", &params);
    g_autoptr(GString) text =
        answer(client, true,
               B("realm=\"elwood.innosoft.com\",nonce=\"OA9BSXrbuRhWay\",qop=\"auth\","
                 "algorithm=md5-sess,charset=utf-8"));
    g_assert_nonnull(strstr(text->str, "response=6084c6db3fede7352c551284490fd0fc"));
    assert_answer(client, B("rspauth=2f0b3d7c3c2e486600ef710726aa2eae"), B(""));
}

static void test_a_wrong_or_missing_rspauth_is_insecure(void)
{
    static const char *const wrong[] = {
        "rspauth=ea40f60335c427b5527b84dbabcdfffe",
        "rspauth=ea40f60335c427b5527b84dbabcdfff",
        "rspauth=",
        "",
        "auth=ea40f60335c427b5527b84dbabcdfffd",
        "rspauth=ea40f60335c427b5527b84dbabcdfffd0",
    };
    g_autoptr(Secret) password = secret_of("secret");
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autoptr(SaslClient) client = chris(password);
        g_autoptr(GString) ignored G_GNUC_UNUSED = answer(client, true, B(CHALLENGE));
        assert_step_fails(client, true, bytes_of(wrong[i]), POSTERN_ERROR_INSECURE, "rspauth");
        assert_finish_fails(client, false, BYTES_NONE, POSTERN_ERROR_INSECURE);
        assert_finish_fails(client, true, bytes_of(wrong[i]), POSTERN_ERROR_INSECURE);
    }
    g_autoptr(SaslClient) unbegun = chris(password);
    assert_finish_fails(unbegun, true, B("rspauth="), POSTERN_ERROR_INSECURE);
}

static void test_challenges_that_cannot_be_answered(void)
{
    static const struct {
        const char *challenge, *words;
    } cases[] = {
        {"", "no nonce"},
        {"realm=\"a\",algorithm=md5-sess", "no nonce"},
        {"nonce=\"\",algorithm=md5-sess", "no nonce"},
        {"nonce=\"a\"", "md5-sess"},
        {"nonce=\"a\",algorithm=md5", "md5-sess"},
        {"nonce=\"a\",nonce=\"b\",algorithm=md5-sess", "more than one nonce"},
        {"nonce=\"a\",algorithm=md5-sess,algorithm=md5-sess", "more than one algorithm"},
        {"nonce=\"a\",algorithm=md5-sess,qop=\"auth-conf\"", "security layer"},
        {"nonce=\"a", "not a list"},
        {"nonce", "not a list"},
        {"nonce=\"a\",=,algorithm=md5-sess", "not a list"},
    };
    g_autoptr(Secret) password = secret_of("secret");
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(SaslClient) client = chris(password);
        assert_step_fails(client, true, bytes_of(cases[i].challenge), POSTERN_ERROR_PROTOCOL,
                          cases[i].words);
    }
}

static void test_sloppy_challenges_are_read(void)
{
    static const char *const sloppy[] = {
        (",, realm = \"elwood.innosoft.com\" ,\r\n nonce= \"OA6MG9tEQGm2hh\",qop=\"auth-int, "
         "auth\" "
         ", algorithm=MD5-sess,"
         "Charset=UTF-8,cipher=\"rc4\",maxbuf=65536"),
        "realm=elwood.innosoft.com,nonce=OA6MG9tEQGm2hh,algorithm=\"md5-sess\",charset=\"utf-8\"",
        ("realm=\"elwood\\.innosoft.com\",nonce=\"OA6MG9tEQGm2hh\",algorithm=md5-sess,charset=utf-"
         "8,"),
    };
    g_autoptr(Secret) password = secret_of("secret");
    for (size_t i = 0; i < G_N_ELEMENTS(sloppy); i++) {
        g_autoptr(SaslClient) client = chris(password);
        g_autoptr(GString) text = answer(client, true, bytes_of(sloppy[i]));
        g_assert_nonnull(strstr(text->str, "response=d388dad90d4bbd760a152321f2143af7"));
    }
}

static char *realm_of(const char *user, const char *asked, Bytes challenge)
{
    g_autoptr(Secret) password = secret_of("secret");
    SaslParams params = {
        .service = "imap", .host = "h", .user = user, .password = password, .realm = asked};
    g_autoptr(SaslClient) client = client_for("DIGEST-MD5", &params);
    g_autoptr(GString) text = answer(client, true, challenge);
    const char *at = strstr(text->str, "realm=\"");
    return at ? g_strndup(at + 7, strcspn(at + 7, "\"")) : NULL;
}

static void test_choice_of_the_realm(void)
{
#define TWO                                                                                        \
    "realm=\"one.example\",realm=\"two.example\",nonce=\"n\",algorithm=md5-sess,charset=utf-8"
    g_autofree char *first = realm_of("joe", NULL, B(TWO));
    g_assert_cmpstr(first, ==, "one.example");
    g_autofree char *users = realm_of("joe@TWO.example", NULL, B(TWO));
    g_assert_cmpstr(users, ==, "two.example");
    g_autofree char *asked = realm_of("joe@two.example", "three", B(TWO));
    g_assert_cmpstr(asked, ==, "three");
    g_autofree char *none = realm_of("joe", NULL, B("nonce=\"n\",algorithm=md5-sess"));
    g_assert_null(none);
}

/* Computed by hand with md5sum: ISO 8859-1 in the hash, UTF-8 in the message (section 2.1.2.1). */
static void test_names_outside_ascii(void)
{
    g_autoptr(Secret) password = secret_of("p\xc3\xa4ss");
    SaslParams params = {.service = "imap",
                         .host = "h",
                         .user = "b\xc3\xa4r",
                         .password = password,
                         .fixed_nonce = "c"};
    g_autoptr(SaslClient) utf8 = client_for("DIGEST-MD5", &params);
    g_autoptr(GString) text =
        answer(utf8, true, B("realm=\"r\",nonce=\"n\",algorithm=md5-sess,charset=utf-8"));
    g_assert_nonnull(strstr(text->str, "username=\"b\xc3\xa4r\""));
    g_assert_nonnull(strstr(text->str, "response=e1845c9fe72c8a1b10f1a030a187845e"));
    g_assert_nonnull(strstr(sasl_client_complaint(utf8), "ISO 8859-1")); /* should it be refused */

    g_autoptr(SaslClient) latin1 = client_for("DIGEST-MD5", &params);
    g_autoptr(GString) old = answer(latin1, true, B("realm=\"r\",nonce=\"n\",algorithm=md5-sess"));
    g_assert_nonnull(strstr(old->str, "username=\"b\xe4r\""));
    g_assert_nonnull(strstr(old->str, "response=e1845c9fe72c8a1b10f1a030a187845e"));

    g_assert_null(sasl_client_complaint(latin1));

    params.user = "\xc5\x82"; /* not in ISO 8859-1 */
    g_autoptr(SaslClient) polish = client_for("DIGEST-MD5", &params);
    assert_step_fails(polish, true, B("nonce=\"n\",algorithm=md5-sess"), POSTERN_ERROR_AUTH,
                      "ISO 8859-1");
}

static void test_quotes_in_names(void)
{
    g_autoptr(Secret) password = secret_of("secret");
    SaslParams params = {
        .service = "imap", .host = "h", .user = "a\"b\\c", .authzid = "z", .password = password};
    g_autoptr(SaslClient) client = client_for("DIGEST-MD5", &params);
    g_autoptr(GString) text =
        answer(client, true, B("nonce=\"n\\\"x\",algorithm=md5-sess,charset=utf-8"));
    g_assert_nonnull(strstr(text->str, "username=\"a\\\"b\\\\c\""));
    g_assert_nonnull(strstr(text->str, "nonce=\"n\\\"x\""));
    g_assert_true(g_str_has_suffix(text->str, ",authzid=\"z\""));
}

static void test_needs_to_know_whom_it_talks_to(void)
{
    g_autoptr(Secret) password = secret_of("secret");
    SaslParams params = {.service = "imap", .user = "u", .password = password};
    assert_no_client("DIGEST-MD5", &params, POSTERN_ERROR_AUTH, "--host");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sasl/digest_md5/exchange_of_rfc_2831", test_exchange_of_rfc_2831);
    g_test_add_func("/sasl/digest_md5/second_exchange_of_rfc_2831",
                    test_second_exchange_of_rfc_2831);
    g_test_add_func("/sasl/digest_md5/a_wrong_or_missing_rspauth_is_insecure",
                    test_a_wrong_or_missing_rspauth_is_insecure);
    g_test_add_func("/sasl/digest_md5/challenges_that_cannot_be_answered",
                    test_challenges_that_cannot_be_answered);
    g_test_add_func("/sasl/digest_md5/sloppy_challenges_are_read", test_sloppy_challenges_are_read);
    g_test_add_func("/sasl/digest_md5/choice_of_the_realm", test_choice_of_the_realm);
    g_test_add_func("/sasl/digest_md5/names_outside_ascii", test_names_outside_ascii);
    g_test_add_func("/sasl/digest_md5/quotes_in_names", test_quotes_in_names);
    g_test_add_func("/sasl/digest_md5/needs_to_know_whom_it_talks_to",
                    test_needs_to_know_whom_it_talks_to);
    return g_test_run();
}
