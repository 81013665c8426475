/* Client certificates: PEM, passphrases, PKCS#12, and who gets to see them. */
#include <openssl/err.h>
#include <openssl/pkcs12.h>

#include "tls/identity.h"
#include "world.h"

static World w;
static TestCert client;

typedef struct {
    const char *answer;
    int asked;
} Asking;

static Secret *answer(void *user, const char *file)
{
    Asking *asking = user;
    g_assert_nonnull(file);
    asking->asked++;
    g_assert_cmpuint(ERR_peek_error(), ==, 0); /* asking may wait */
    return asking->answer ? secret_new(asking->answer, strlen(asking->answer)) : NULL;
}

static TlsPlan client_plan(const char *cert, const char *key, Asking *asking)
{
    return (TlsPlan){.ca_file = w.ca_file,
                     .client_cert = cert,
                     .client_key = key,
                     .ask_passphrase = asking ? answer : NULL,
                     .ask_user = asking};
}

static char *write_pkcs12(const char *name, const char *passphrase)
{
    char *path = g_build_filename(w.folder, name, NULL);
    STACK_OF(X509) *chain = sk_X509_new_null();
    sk_X509_push(chain, w.root.x509);
    PKCS12 *bag =
        PKCS12_create(passphrase, "x", client.key, client.x509, chain, 0, 0, 1000, 1000, 0);
    FILE *file = fopen(path, "w");
    i2d_PKCS12_fp(file, bag);
    fclose(file);
    PKCS12_free(bag);
    sk_X509_free(chain);
    return path;
}

typedef struct {
    bool demand;
    char *subject; /* of the certificate the server saw, or NULL */
} Seen;

static void look_at_client(SSL *ssl, int result, void *user)
{
    Seen *seen = user;
    X509 *cert = result == 1 ? SSL_get0_peer_certificate(ssl) : NULL;
    if (cert) {
        char *name = X509_NAME_oneline(X509_get_subject_name(cert), NULL, 0);
        seen->subject = g_strdup(name);
        OPENSSL_free(name);
    }
    test_echo(ssl, result, NULL);
}

static TestServer asking_server(Seen *seen, const TestCert *leaf)
{
    SSL_CTX *context = test_server_context(leaf, NULL);
    g_assert_true(SSL_CTX_load_verify_locations(context, w.ca_file, NULL));
    SSL_CTX_set_verify(
        context, SSL_VERIFY_PEER | (seen->demand ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0), NULL);
    return (TestServer){.context = context, .serve = look_at_client, .user = seen};
}

static void expect_shown(const TlsPlan *plan)
{
    for (int version = TLS_1_2; version <= TLS_1_3; version++) {
        TlsPlan this = *plan;
        this.max = (TlsVersion)version;
        Seen seen = {.demand = true};
        TestServer server = asking_server(&seen, &w.leaf);
        TlsPeer *peer = NULL;
        GError *error = NULL;
        Stream *s = test_connect(&server, &this, "mail.test", &peer, &error);
        g_assert_no_error(error);
        test_say_and_hear(s, "hi");
        g_assert_true(peer->client_certificate_asked);
        g_assert_true(peer->client_certificate_sent);
        g_assert_cmpstr(peer->client_subject, ==, "CN=the client");
        test_hang_up(s);
        test_server_join(&server);
        g_assert_cmpstr(seen.subject, ==, "/CN=the client");
        g_free(seen.subject);
        tls_peer_free(peer);
        SSL_CTX_free(server.context);
    }
}

static void expect_failure(const TlsPlan *plan, PosternErrorCode code, const char *words)
{
    g_autoptr(GError) error = NULL;
    TlsIdentity *identity = tls_identity_load(plan, &error);
    g_assert_null(identity);
    g_assert_error(error, POSTERN_ERROR, (int)code);
    g_assert_cmpuint(ERR_peek_error(), ==, 0);
    if (!strstr(error->message, words)) {
        g_error("'%s' is missing in: %s", words, error->message);
    }
}

static void test_certificate_and_key_in_one_file_or_two(void)
{
    g_autofree char *both = test_pem(
        w.folder, "both.pem", (X509 *const[]){client.x509, w.root.x509, NULL}, client.key, NULL);
    g_autofree char *cert = test_pem_cert(w.folder, "cert.pem", &client);
    g_autofree char *key = test_pem(w.folder, "key.pem", NULL, client.key, NULL);
    TlsPlan one = client_plan(both, NULL, NULL), two = client_plan(cert, key, NULL);
    expect_shown(&one);
    expect_shown(&two);
}

static void test_a_passphrase_is_asked_for_once(void)
{
    g_autofree char *cert = test_pem_cert(w.folder, "cert2.pem", &client);
    g_autofree char *key = test_pem(w.folder, "key2.pem", NULL, client.key, "open sesame");
    Asking asking = {.answer = "open sesame"};
    TlsPlan plan = client_plan(cert, key, &asking);
    g_assert_true(tls_plan_check(&plan, NULL));
    g_assert_cmpint(asking.asked, ==, 0);
    expect_shown(&plan);
    g_assert_cmpint(asking.asked, ==, 1);
}

static void test_a_wrong_passphrase_and_nobody_to_ask_are_told(void)
{
    g_autofree char *cert = test_pem_cert(w.folder, "cert3.pem", &client);
    g_autofree char *key = test_pem(w.folder, "key3.pem", NULL, client.key, "right");
    Asking wrong = {.answer = "wrong"}, nobody = {.answer = NULL};
    TlsPlan plan = client_plan(cert, key, &wrong);
    expect_failure(&plan, POSTERN_ERROR_CONFIG, "does not open the key");
    plan = client_plan(cert, key, &nobody);
    expect_failure(&plan, POSTERN_ERROR_CONFIG, "nobody is here to ask");
    plan = client_plan(cert, key, NULL);
    expect_failure(&plan, POSTERN_ERROR_CONFIG, "nobody is here to ask");
}

static void test_pkcs12_with_and_without_a_passphrase(void)
{
    g_autofree char *open = write_pkcs12("open.p12", "");
    g_autofree char *closed = write_pkcs12("closed.p12", "open sesame");
    Asking asking = {.answer = "open sesame"};
    TlsPlan plan = client_plan(open, NULL, NULL);
    g_assert_true(tls_plan_check(&plan, NULL));
    expect_shown(&plan);
    plan = client_plan(closed, NULL, &asking);
    g_assert_true(tls_plan_check(&plan, NULL));
    expect_shown(&plan);
    g_assert_cmpint(asking.asked, ==, 1);
    asking.answer = "wrong";
    g_autofree char *other = write_pkcs12("other.p12", "open sesame");
    plan = client_plan(other, NULL, &asking);
    expect_failure(&plan, POSTERN_ERROR_CONFIG, "does not open");
}

static void test_what_cannot_be_used_is_told(void)
{
    TlsPlan plan = client_plan("pkcs11:object=x", NULL, NULL);
    expect_failure(&plan, POSTERN_ERROR_USAGE, "PKCS#11 tokens are not supported");
    plan = client_plan("/nonexistent/me.pem", NULL, NULL);
    expect_failure(&plan, POSTERN_ERROR_NO_INPUT, "/nonexistent/me.pem");
    g_autofree char *cert = test_pem_cert(w.folder, "cert4.pem", &client);
    plan = client_plan(cert, w.leaf_file, NULL);
    expect_failure(&plan, POSTERN_ERROR_CONFIG, "does not belong to");
    plan = client_plan(cert, NULL, NULL);
    expect_failure(&plan, POSTERN_ERROR_CONFIG, "--client-key");
    g_autofree char *junk = g_build_filename(w.folder, "junk", NULL);
    g_file_set_contents(junk, "neither one nor the other", -1, NULL);
    plan = client_plan(junk, NULL, NULL);
    expect_failure(&plan, POSTERN_ERROR_CONFIG, "neither PEM nor PKCS#12");
    g_assert_false(tls_plan_check(&plan, NULL));
}

static void test_a_server_that_cannot_be_verified_does_not_learn_who_we_are(void)
{
    g_autofree char *both =
        test_pem(w.folder, "both5.pem", (X509 *const[]){client.x509, NULL}, client.key, NULL);
    TestCert own = test_cert((TestCertSpec){.cn = "mail.test", .san = "DNS:mail.test"});
    for (int i = 0; i < 4; i++) {
        Seen seen = {.demand = i & 1};
        TestServer server = asking_server(&seen, &own);
        TlsPlan plan = client_plan(both, NULL, NULL);
        plan.max = i & 2 ? TLS_1_3 : TLS_1_2;
        TlsPeer *peer = NULL;
        g_autoptr(GError) error = NULL;
        g_assert_null(test_connect(&server, &plan, "mail.test", &peer, &error));
        g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_INSECURE);
        world_says(peer, "error 18 at depth 0");
        g_assert_true(peer->client_certificate_asked);
        g_assert_false(peer->client_certificate_sent);
        test_server_join(&server);
        g_assert_null(seen.subject);
        tls_peer_free(peer);
        SSL_CTX_free(server.context);
    }
    test_cert_clear(&own);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    w = world_new();
    client = test_cert((TestCertSpec){.cn = "the client", .issuer = &w.root});
    g_test_add_func("/identity/pem", test_certificate_and_key_in_one_file_or_two);
    g_test_add_func("/identity/passphrase", test_a_passphrase_is_asked_for_once);
    g_test_add_func("/identity/wrong", test_a_wrong_passphrase_and_nobody_to_ask_are_told);
    g_test_add_func("/identity/pkcs12", test_pkcs12_with_and_without_a_passphrase);
    g_test_add_func("/identity/unusable", test_what_cannot_be_used_is_told);
    g_test_add_func("/identity/private",
                    test_a_server_that_cannot_be_verified_does_not_learn_who_we_are);
    int result = g_test_run();
    test_cert_clear(&client);
    world_clear(&w);
    return result;
}
