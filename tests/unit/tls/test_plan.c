/* The words of a plan, and what is found wrong with one before any connection. */
#include "world.h"

static World w;

static void expect(const TlsPlan *plan, PosternErrorCode code, const char *words)
{
    g_autoptr(GError) error = NULL;
    g_assert_false(tls_plan_check(plan, &error));
    g_assert_error(error, POSTERN_ERROR, (int)code);
    if (!strstr(error->message, words)) {
        g_error("'%s' is missing in: %s", words, error->message);
    }
}

static void test_versions_have_two_names(void)
{
    TlsVersion version;
    g_autoptr(GError) error = NULL;
    g_assert_true(tls_version_parse("1.0", &version, NULL));
    g_assert_cmpint(version, ==, TLS_1_0);
    g_assert_true(tls_version_parse("1.3", &version, NULL));
    g_assert_cmpstr(tls_version_name(version), ==, "TLS 1.3");
    g_assert_false(tls_version_parse("1.4", &version, &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_USAGE);
    g_assert_nonnull(strstr(error->message, "1.0, 1.1, 1.2 or 1.3"));
    g_assert_cmpstr(tls_version_name((TlsVersion)0x300), ==, "an unknown TLS version");
}

static void test_demands_are_words_and_typing_errors_are_met_halfway(void)
{
    TlsDemand demand;
    g_autoptr(GError) error = NULL;
    g_assert_true(tls_demand_parse("opportunistic", &demand, NULL));
    g_assert_cmpint(demand, ==, TLS_OPPORTUNISTIC);
    g_assert_true(tls_demand_parse("off", &demand, NULL));
    g_assert_cmpint(demand, ==, TLS_OFF);
    g_assert_false(tls_demand_parse("requird", &demand, &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_USAGE);
    g_assert_nonnull(strstr(error->message, "'required'"));
}

static void test_an_empty_plan_is_a_good_plan(void)
{
    GError *error = NULL;
    g_assert_true(tls_plan_check(&(TlsPlan){0}, &error));
    g_assert_no_error(error);
    TlsPlan full = {.min = TLS_1_0,
                    .max = TLS_1_2,
                    .ciphers = "ECDHE-RSA-AES128-GCM-SHA256, TLS_AES_128_GCM_SHA256",
                    .groups = "P-256,X25519",
                    .ca_file = w.ca_file,
                    .client_cert = w.leaf_file,
                    .alpn = (const char *const[]){"imap", NULL}};
    g_assert_true(tls_plan_check(&full, &error));
    g_assert_no_error(error);
}

static void test_what_is_wrong_is_named(void)
{
    g_autofree char *nowhere = g_build_filename(w.folder, "no-folder", "keys", NULL);
    expect(&(TlsPlan){.min = TLS_1_3, .max = TLS_1_2}, POSTERN_ERROR_USAGE, "TLS 1.3");
    expect(&(TlsPlan){.ciphers = "ECDHE-RSA-AES128-GCM-SHA256:NOSUCH"}, POSTERN_ERROR_USAGE,
           "'NOSUCH'");
    expect(&(TlsPlan){.ciphers = "TLS_AES_1_GCM"}, POSTERN_ERROR_USAGE, "TLS_AES_1_GCM");
    expect(&(TlsPlan){.ciphers = " "}, POSTERN_ERROR_USAGE, "empty");
    expect(&(TlsPlan){.groups = "X25519:K-9"}, POSTERN_ERROR_USAGE, "K-9");
    expect(&(TlsPlan){.alpn = (const char *const[]){"", NULL}}, POSTERN_ERROR_USAGE, "ALPN");
    expect(&(TlsPlan){.pins = (const char *const[]){"sha256:00", NULL}}, POSTERN_ERROR_USAGE,
           "sha256:00");
    expect(&(TlsPlan){.ca_file = "/nonexistent/ca.pem"}, POSTERN_ERROR_NO_INPUT,
           "/nonexistent/ca.pem");
    expect(&(TlsPlan){.ca_path = w.folder}, POSTERN_ERROR_CONFIG, "openssl rehash");
    expect(&(TlsPlan){.client_cert = "pkcs11:token=x"}, POSTERN_ERROR_USAGE, "PKCS#11");
    expect(&(TlsPlan){.client_key = w.leaf_file}, POSTERN_ERROR_USAGE, "--client-cert");
    expect(&(TlsPlan){.client_cert = w.ca_file}, POSTERN_ERROR_CONFIG, "--client-key");
    expect(&(TlsPlan){.keylog_file = nowhere}, POSTERN_ERROR_CANT_CREATE, nowhere);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    w = world_new();
    g_test_add_func("/plan/versions", test_versions_have_two_names);
    g_test_add_func("/plan/demands", test_demands_are_words_and_typing_errors_are_met_halfway);
    g_test_add_func("/plan/empty", test_an_empty_plan_is_a_good_plan);
    g_test_add_func("/plan/wrong", test_what_is_wrong_is_named);
    int result = g_test_run();
    world_clear(&w);
    return result;
}
