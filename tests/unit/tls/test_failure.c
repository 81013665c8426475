/* Failures of the handshake in plain words. */
#include "world.h"

static World w;

static void says(const GError *error, const char *words)
{
    if (!strstr(error->message, words)) {
        g_error("'%s' is missing in: %s", words, error->message);
    }
}

static GError *fail_with(SSL_CTX *context, const char *plain, TlsPlan plan, PosternErrorCode code)
{
    TestServer server = {.context = context, .plain = plain};
    GError *error = NULL;
    TlsPeer *peer = NULL;
    plan.ca_file = w.ca_file;
    g_assert_null(test_connect(&server, &plan, "mail.test", &peer, &error));
    g_assert_error(error, POSTERN_ERROR, (int)code);
    says(error, "mail.test");
    test_server_join(&server);
    tls_peer_free(peer);
    SSL_CTX_free(context);
    return error;
}

static SSL_CTX *fresh(void)
{
    return test_server_context(&w.leaf, NULL);
}

static void test_a_plaintext_answer_is_shown_and_escaped(void)
{
    g_autoptr(GError) error = fail_with(NULL, "220 mx.test ESMTP \x1b[31mPostfix\r\n250 more\r\n",
                                        (TlsPlan){0}, POSTERN_ERROR_PROTOCOL);
    says(error, "does not speak TLS here: it said \"220 mx.test ESMTP ");
    says(error, "STARTTLS");
    g_assert_null(strchr(error->message, '\x1b'));
    g_assert_null(strstr(error->message, "250 more"));
}

static void test_a_server_of_old_versions_gets_the_option_that_allows_it(void)
{
    static const struct {
        int version;
        const char *name, *option;
    } olds[] = {{TLS1_VERSION, "TLS 1.0", "--tls-min=1.0"},
                {TLS1_1_VERSION, "TLS 1.1", "--tls-min=1.1"}};
    for (size_t i = 0; i < G_N_ELEMENTS(olds); i++) {
        /* OpenSSL's server answers with an alert; others, with a ServerHello of theirs. */
        SSL_CTX *context = fresh();
        SSL_CTX_set_max_proto_version(context, olds[i].version);
        g_autoptr(GError) error = fail_with(context, NULL, (TlsPlan){0}, POSTERN_ERROR_INSECURE);
        says(error, "protocol version");
        says(error, "--tls-min=1.0");
        char hello[] = "\x16\x03\x01\0\x2a\x02\0\0\x26\x03\x01"
                       "RRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRR\0\xc0\x09\0";
        hello[2] = hello[10] = (char)(olds[i].version & 0xff);
        Stream *lower;
        int fds[2];
        g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
        lower = stream_from_fd(fds[0], NULL);
        g_assert_cmpint(write(fds[1], hello, sizeof hello - 1), ==, sizeof hello - 1);
        TlsPeer *peer = NULL;
        TlsPlan plan = {.ca_file = w.ca_file};
        g_autoptr(GError) why = NULL;
        g_assert_null(tls_client(lower, &plan, "mail.test", &peer, deadline_in(20), &why));
        g_assert_null(peer);
        g_assert_error(why, POSTERN_ERROR, POSTERN_ERROR_INSECURE);
        says(why, olds[i].name);
        says(why, olds[i].option);
        close(fds[1]);
    }
}

static void test_nothing_in_common_is_told(void)
{
    SSL_CTX *context = fresh();
    SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_cipher_list(context, "ECDHE-ECDSA-AES128-SHA");
    g_autoptr(GError) error =
        fail_with(context, NULL, (TlsPlan){.ciphers = "ECDHE-ECDSA-AES256-GCM-SHA384"},
                  POSTERN_ERROR_PROTOCOL);
    says(error, "handshake failure");
    says(error, "(40)");
    says(error, "no cipher, group or signature");
}

static void test_groups_without_the_curve_of_the_certificate_fail_in_tls_1_2(void)
{
    SSL_CTX *context = fresh();
    SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
    g_autoptr(GError) error =
        fail_with(context, NULL, (TlsPlan){.groups = "X25519"}, POSTERN_ERROR_PROTOCOL);
    says(error, "leave out --groups");
    says(error, "P-256");
}

static void test_a_short_diffie_hellman_key_is_insecure(void)
{
    TestCert rsa = test_cert((TestCertSpec){
        .cn = "mail.test", .san = "DNS:mail.test", .rsa_bits = 2048, .issuer = &w.root});
    SSL_CTX *context = test_server_context(&rsa, NULL);
    EVP_PKEY_CTX *maker = EVP_PKEY_CTX_new_from_name(NULL, "DH", NULL);
    EVP_PKEY *parameters = NULL;
    EVP_PKEY_paramgen_init(maker);
    EVP_PKEY_CTX_set_group_name(maker, "modp_1536");
    g_assert_cmpint(EVP_PKEY_paramgen(maker, &parameters), ==, 1);
    EVP_PKEY_CTX_free(maker);
    g_assert_true(SSL_CTX_set0_tmp_dh_pkey(context, parameters));
    SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_cipher_list(context, "DHE");
    g_autoptr(GError) error =
        fail_with(context, NULL, (TlsPlan){.ciphers = "DEFAULT"}, POSTERN_ERROR_INSECURE);
    says(error, "Diffie-Hellman key is too short");
    says(error, "!DHE");
    test_cert_clear(&rsa);
}

static int refuse_name(SSL *ssl, int *alert, void *user)
{
    (void)ssl, (void)user;
    *alert = SSL_AD_UNRECOGNIZED_NAME;
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

static void test_an_unknown_name_gets_the_option_for_another(void)
{
    SSL_CTX *context = fresh();
    SSL_CTX_set_tlsext_servername_callback(context, refuse_name);
    g_autoptr(GError) error = fail_with(context, NULL, (TlsPlan){0}, POSTERN_ERROR_PROTOCOL);
    says(error, "does not know the name");
    says(error, "--sni=");
}

static void test_a_demanded_client_certificate_is_told(void)
{
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        TestServer server = {.context = fresh()};
        SSL_CTX_set_max_proto_version(server.context, version);
        SSL_CTX_set_verify(server.context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
        TlsPlan plan = world_plan(&w);
        TlsPeer *peer = NULL;
        g_autoptr(GError) error = NULL;
        Stream *s = test_connect(&server, &plan, "mail.test", &peer, &error);
        g_assert_cmpint(s != NULL, ==, version == TLS1_3_VERSION);
        if (s) { /* in TLS 1.3 the client is done before the server has looked */
            char byte;
            size_t got;
            g_assert_false(stream_read(s, &byte, 1, &got, deadline_in(20), &error));
            g_assert_cmpint(tls_how_closed(s), ==, TLS_CLOSE_ALERT);
            says(error, "demands a client certificate");
        }
        g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_PROTOCOL);
        says(error, "--client-cert");
        g_assert_nonnull(peer);
        g_assert_true(peer->client_certificate_asked);
        stream_free(s);
        test_server_join(&server);
        tls_peer_free(peer);
        SSL_CTX_free(server.context);
    }
}

/* Says some bytes and closes. */
static GError *cut_after(const char *bytes, size_t len)
{
    int fds[2];
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
    Stream *lower = stream_from_fd(fds[0], NULL);
    g_assert_cmpint(write(fds[1], bytes, len), ==, len);
    shutdown(fds[1], SHUT_WR);
    GError *error = NULL;
    TlsPeer *peer = NULL;
    TlsPlan plan = world_plan(&w);
    g_assert_null(tls_client(lower, &plan, "mail.test", &peer, deadline_in(20), &error));
    g_assert_null(peer);
    close(fds[1]);
    return error;
}

static void test_closing_instead_of_answering_is_told(void)
{
    g_autoptr(GError) at_once = cut_after("", 0);
    g_assert_error(at_once, POSTERN_ERROR, POSTERN_ERROR_EOF);
    says(at_once, "instead of answering");
    g_autoptr(GError) amid = cut_after("\x16\x03\x03\0\x40\x02", 6);
    g_assert_error(amid, POSTERN_ERROR, POSTERN_ERROR_EOF);
    says(amid, "in the middle of the TLS handshake");
}

static void test_silence_ends_at_the_deadline(void)
{
    int fds[2];
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
    Stream *lower = stream_from_fd(fds[0], NULL);
    g_autoptr(GError) error = NULL;
    TlsPeer *peer = NULL;
    TlsPlan plan = world_plan(&w);
    g_assert_null(tls_client(lower, &plan, "mail.test", &peer, deadline_in(0.05), &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_TIMEOUT);
    says(error, "TLS handshake with mail.test");
    close(fds[1]);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    w = world_new();
    g_test_add_func("/failure/plaintext", test_a_plaintext_answer_is_shown_and_escaped);
    g_test_add_func("/failure/old", test_a_server_of_old_versions_gets_the_option_that_allows_it);
    g_test_add_func("/failure/nothing-in-common", test_nothing_in_common_is_told);
    g_test_add_func("/failure/groups",
                    test_groups_without_the_curve_of_the_certificate_fail_in_tls_1_2);
    g_test_add_func("/failure/short-dh", test_a_short_diffie_hellman_key_is_insecure);
    g_test_add_func("/failure/name", test_an_unknown_name_gets_the_option_for_another);
    g_test_add_func("/failure/client-certificate", test_a_demanded_client_certificate_is_told);
    g_test_add_func("/failure/closed", test_closing_instead_of_answering_is_told);
    g_test_add_func("/failure/silence", test_silence_ends_at_the_deadline);
    int result = g_test_run();
    world_clear(&w);
    return result;
}
