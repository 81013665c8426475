/* What is told about a peer. */
#include "world.h"

static World w;

static void test_a_session_of_tls_1_3_is_told_in_full(void)
{
    TlsPlan plan = world_plan(&w);
    TlsPeer *peer = world_accepts(&w.leaf, NULL, &plan, "mail.test");
    g_assert_cmpint(peer->version, ==, TLS_1_3);
    g_assert_cmpint(peer->our_max, ==, TLS_1_3);
    g_assert_cmpstr(peer->cipher, ==, "TLS_AES_256_GCM_SHA384");
    g_assert_cmpstr(peer->cipher_standard, ==, "TLS_AES_256_GCM_SHA384");
    g_assert_cmpint(peer->cipher_bits, ==, 256);
    g_assert_cmpstr(peer->mac, ==, "AEAD");
    g_assert_cmpstr(peer->group, ==, "X25519");
    g_assert_cmpint(peer->group_bits, ==, 253);
    g_assert_cmpstr(peer->key_exchange, ==, "ECDHE");
    g_assert_cmpstr(peer->peer_signature, ==, "ecdsa_secp256r1_sha256");
    g_assert_cmpstr(peer->sni, ==, "mail.test");
    g_assert_null(peer->alpn);
    g_assert_false(peer->resumed);
    g_assert_false(peer->compression);
    g_assert_true(peer->extended_master_secret);
    g_assert_true(peer->secure_renegotiation);
    g_assert_false(peer->client_certificate_asked);
    g_assert_false(peer->client_certificate_sent);
    g_assert_null(peer->ocsp);
    g_assert_cmpint(peer->handshake_us, >, 0);
    g_assert_cmpuint(peer->chain->len, ==, 1);
    tls_peer_free(peer);
}

static void test_a_session_of_tls_1_2_is_told_in_full(void)
{
    TlsPlan plan = world_plan(&w);
    plan.max = TLS_1_2;
    plan.groups = "P-256";
    TlsPeer *peer = world_accepts(&w.leaf, NULL, &plan, "mail.test");
    g_assert_cmpint(peer->version, ==, TLS_1_2);
    g_assert_cmpint(peer->our_max, ==, TLS_1_2);
    g_assert_cmpstr(peer->cipher, ==, "ECDHE-ECDSA-AES256-GCM-SHA384");
    g_assert_cmpstr(peer->group, ==, "P-256");
    g_assert_cmpstr(peer->key_exchange, ==, "ECDHE");
    g_assert_true(g_str_has_prefix(peer->peer_signature, "ecdsa_sha"));
    g_assert_true(peer->extended_master_secret);
    g_assert_true(peer->secure_renegotiation);
    g_assert_true(peer->ticket);
    tls_peer_free(peer);
}

static void test_rsa_key_exchange_has_neither_group_nor_signature(void)
{
    TestCert rsa = test_cert((TestCertSpec){
        .cn = "mail.test", .san = "DNS:mail.test", .rsa_bits = 2048, .issuer = &w.root});
    TlsPlan plan = world_plan(&w);
    plan.max = TLS_1_2;
    plan.ciphers = "AES128-SHA";
    TlsPeer *peer = world_accepts(&rsa, NULL, &plan, "mail.test");
    g_assert_cmpstr(peer->key_exchange, ==, "RSA");
    g_assert_null(peer->group);
    g_assert_null(peer->peer_signature);
    g_assert_cmpstr(peer->mac, ==, "SHA1");
    tls_peer_free(peer);
    plan.ciphers = NULL;
    plan.max = TLS_1_3;
    peer = world_accepts(&rsa, NULL, &plan, "mail.test");
    g_assert_cmpstr(peer->peer_signature, ==, "rsa_pss_rsae_sha256");
    tls_peer_free(peer);
    test_cert_clear(&rsa);
}

static int choose_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                       const unsigned char *in, unsigned in_len, void *user)
{
    (void)ssl, (void)user;
    g_assert_cmpmem(in, in_len, "\4smtp\4imap", 10);
    *out = in + 6;
    *out_len = 4;
    return SSL_TLSEXT_ERR_OK;
}

static void test_alpn_is_offered_in_order_and_the_choice_told(void)
{
    TestServer server = {.context = test_server_context(&w.leaf, NULL)};
    SSL_CTX_set_alpn_select_cb(server.context, choose_alpn, NULL);
    TlsPlan plan = world_plan(&w);
    plan.alpn = (const char *const[]){"smtp", "imap", NULL};
    TlsPeer *peer = NULL;
    Stream *s = test_connect(&server, &plan, "mail.test", &peer, NULL);
    g_assert_nonnull(s);
    g_assert_cmpstr(peer->alpn, ==, "imap");
    test_hang_up(s);
    test_server_join(&server);
    tls_peer_free(peer);
    SSL_CTX_free(server.context);
}

static int remember_sni(SSL *ssl, int *alert, void *user)
{
    (void)alert;
    char **seen = user;
    *seen = g_strdup(SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name));
    return SSL_TLSEXT_ERR_OK;
}

static char *sni_seen(TlsPlan plan, const char *host)
{
    char *seen = NULL;
    TestServer server = {.context = test_server_context(&w.leaf, NULL)};
    SSL_CTX_set_tlsext_servername_callback(server.context, remember_sni);
    SSL_CTX_set_tlsext_servername_arg(server.context, &seen);
    plan.ca_file = w.ca_file;
    TlsPeer *peer = NULL;
    Stream *s = test_connect(&server, &plan, host, &peer, NULL);
    g_assert_nonnull(s);
    g_assert_cmpstr(peer->sni, ==, seen);
    test_hang_up(s);
    test_server_join(&server);
    tls_peer_free(peer);
    SSL_CTX_free(server.context);
    return seen;
}

static void test_sni_is_the_host_unless_told_and_never_an_address(void)
{
    g_autofree char *host = sni_seen((TlsPlan){0}, "mail.test.");
    g_assert_cmpstr(host, ==, "mail.test");
    g_autofree char *other = sni_seen((TlsPlan){.sni = "other.test"}, "mail.test");
    g_assert_cmpstr(other, ==, "other.test");
    g_assert_null(sni_seen((TlsPlan){.sni = ""}, "mail.test"));
    g_assert_null(sni_seen((TlsPlan){0}, "127.0.0.1"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    w = world_new();
    g_test_add_func("/facts/1.3", test_a_session_of_tls_1_3_is_told_in_full);
    g_test_add_func("/facts/1.2", test_a_session_of_tls_1_2_is_told_in_full);
    g_test_add_func("/facts/rsa", test_rsa_key_exchange_has_neither_group_nor_signature);
    g_test_add_func("/facts/alpn", test_alpn_is_offered_in_order_and_the_choice_told);
    g_test_add_func("/facts/sni", test_sni_is_the_host_unless_told_and_never_an_address);
    int result = g_test_run();
    world_clear(&w);
    return result;
}
