/* Versions, ciphers and groups: what reaches the server is what the plan says. */
#include "tls/parameters.h"
#include "world.h"

static World w;

static void expect_sorted(const char *list, const char *old_wanted, const char *new_wanted)
{
    g_autoptr(GString) old = g_string_new(NULL);
    g_autoptr(GString) tls13 = g_string_new(NULL);
    tls_sort_ciphers(list, old, tls13);
    g_assert_cmpstr(old->str, ==, old_wanted);
    g_assert_cmpstr(tls13->str, ==, new_wanted);
}

static void test_names_of_both_worlds_go_where_they_belong(void)
{
    expect_sorted("AES128-SHA:TLS_AES_128_GCM_SHA256,HIGH", "AES128-SHA:HIGH",
                  "TLS_AES_128_GCM_SHA256");
    expect_sorted("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE-RSA-AES128-GCM-SHA256", "");
    expect_sorted("TLS_NO_SUCH_WITH_THING", "TLS_NO_SUCH_WITH_THING", "");
    expect_sorted(" , : ", "", "");
    expect_sorted("DEFAULT@SECLEVEL=0 !RC4", "DEFAULT@SECLEVEL=0:!RC4", "");
}

static TlsPeer *agree(TlsPlan plan, const char *server_groups)
{
    SSL_CTX *context = test_server_context(&w.leaf, NULL);
    if (server_groups) {
        SSL_CTX_set1_groups_list(context, server_groups);
    }
    TestServer server = {.context = context};
    TlsPeer *peer = NULL;
    GError *error = NULL;
    plan.ca_file = w.ca_file;
    Stream *s = test_connect(&server, &plan, "mail.test", &peer, &error);
    g_assert_no_error(error);
    test_hang_up(s);
    test_server_join(&server);
    SSL_CTX_free(context);
    return peer;
}

static void test_the_versions_of_the_plan_are_offered(void)
{
    static const struct {
        TlsVersion min, max, agreed;
    } cases[] = {
        {0, 0, TLS_1_3},
        {0, TLS_1_2, TLS_1_2},
        {TLS_1_1, TLS_1_1, TLS_1_1},
        {TLS_1_0, TLS_1_0, TLS_1_0},
        {0, TLS_1_1, TLS_1_1}, /* --tls-max=1.1 alone means: as old as that */
        {TLS_1_0, 0, TLS_1_3},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        TlsPeer *peer = agree((TlsPlan){.min = cases[i].min, .max = cases[i].max}, NULL);
        g_assert_cmpint(peer->version, ==, cases[i].agreed);
        g_assert_cmpint(peer->our_max, ==, cases[i].max ? cases[i].max : TLS_1_3);
        tls_peer_free(peer);
    }
}

static void test_the_ciphers_of_the_plan_are_offered(void)
{
    TlsPeer *peer = agree((TlsPlan){.ciphers = "TLS_CHACHA20_POLY1305_SHA256"}, NULL);
    g_assert_cmpstr(peer->cipher, ==, "TLS_CHACHA20_POLY1305_SHA256");
    tls_peer_free(peer);
    peer = agree((TlsPlan){.ciphers = "ECDHE-ECDSA-AES128-SHA256", .max = TLS_1_2}, NULL);
    g_assert_cmpstr(peer->cipher, ==, "ECDHE-ECDSA-AES128-SHA256");
    g_assert_cmpstr(peer->cipher_standard, ==, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256");
    g_assert_cmpstr(peer->mac, ==, "SHA256");
    g_assert_cmpint(peer->cipher_bits, ==, 128);
    tls_peer_free(peer);
}

static void test_the_groups_of_the_plan_are_offered(void)
{
    TlsPeer *peer = agree((TlsPlan){.groups = "P-384,X25519"}, "P-384");
    g_assert_cmpstr(peer->group, ==, "P-384");
    g_assert_cmpint(peer->group_bits, ==, 384);
    tls_peer_free(peer);
    peer = agree((TlsPlan){.groups = "ffdhe2048"}, "ffdhe2048");
    g_assert_cmpstr(peer->group, ==, "ffdhe2048");
    g_assert_cmpstr(peer->key_exchange, ==, "DHE");
    tls_peer_free(peer);
}

static void test_old_versions_keep_a_security_level_the_user_wrote(void)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    static const struct {
        TlsPlan plan;
        int level;
    } cases[] = {
        {{.min = TLS_1_0}, 0},
        {{.min = TLS_1_0, .ciphers = "DEFAULT"}, 0},
        {{.min = TLS_1_0, .ciphers = "DEFAULT@SECLEVEL=1"}, 1},
        {{.ciphers = "DEFAULT@SECLEVEL=1"}, 1},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        SSL *ssl = SSL_new(context);
        g_assert_true(tls_apply_parameters(ssl, &cases[i].plan, NULL));
        g_assert_cmpint(SSL_get_security_level(ssl), ==, cases[i].level);
        SSL_free(ssl);
    }
    SSL_CTX_free(context);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    w = world_new();
    g_test_add_func("/parameters/sort", test_names_of_both_worlds_go_where_they_belong);
    g_test_add_func("/parameters/versions", test_the_versions_of_the_plan_are_offered);
    g_test_add_func("/parameters/ciphers", test_the_ciphers_of_the_plan_are_offered);
    g_test_add_func("/parameters/groups", test_the_groups_of_the_plan_are_offered);
    g_test_add_func("/parameters/level", test_old_versions_keep_a_security_level_the_user_wrote);
    int result = g_test_run();
    world_clear(&w);
    return result;
}
