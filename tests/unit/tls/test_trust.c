/* Verification by PKIX: what is accepted, what is refused, with OpenSSL's number and depth. */
#include "world.h"

static World w;

static void expect_refusal(TestCertSpec spec, const char *host, int number, int depth)
{
    spec.issuer = spec.issuer ? spec.issuer : &w.root;
    TestCert leaf = test_cert(spec);
    TlsPlan plan = world_plan(&w);
    TlsPeer *peer = world_refuses(&leaf, NULL, &plan, host);
    g_assert_cmpint(peer->verify_error, ==, number);
    g_assert_cmpint(peer->verify_depth, ==, depth);
    tls_peer_free(peer);
    test_cert_clear(&leaf);
}

static void test_a_valid_certificate_is_accepted_for_its_name(void)
{
    TlsPlan plan = world_plan(&w);
    TlsPeer *peer = world_accepts(&w.leaf, NULL, &plan, "mail.test");
    g_assert_true(peer->verified);
    g_assert_cmpint(peer->trust, ==, TLS_TRUST_PKIX);
    g_assert_cmpstr(peer->matched, ==, "mail.test");
    g_assert_null(peer->why_not);
    g_assert_cmpint(peer->verify_error, ==, 0);
    tls_peer_free(peer);
}

static void test_a_trailing_dot_and_upper_case_are_the_same_name(void)
{
    TlsPlan plan = world_plan(&w);
    tls_peer_free(world_accepts(&w.leaf, NULL, &plan, "MAIL.test."));
}

static void test_an_address_is_matched_with_the_addresses_in_the_certificate(void)
{
    TlsPlan plan = world_plan(&w);
    TlsPeer *peer = world_accepts(&w.leaf, NULL, &plan, "127.0.0.1");
    g_assert_cmpstr(peer->matched, ==, "127.0.0.1");
    g_assert_null(peer->sni);
    tls_peer_free(peer);
    peer = world_refuses(&w.leaf, NULL, &plan, "127.0.0.2");
    g_assert_cmpint(peer->verify_error, ==, X509_V_ERR_IP_ADDRESS_MISMATCH);
    tls_peer_free(peer);
}

static void test_a_wildcard_stands_for_one_whole_label(void)
{
    TlsPlan plan = world_plan(&w);
    TlsPeer *peer = world_accepts(&w.leaf, NULL, &plan, "a.wild.test");
    g_assert_cmpstr(peer->matched, ==, "*.wild.test");
    tls_peer_free(peer);
    tls_peer_free(world_refuses(&w.leaf, NULL, &plan, "a.b.wild.test"));
    expect_refusal((TestCertSpec){.cn = "x", .san = "DNS:f*.test"}, "foo.test",
                   X509_V_ERR_HOSTNAME_MISMATCH, 0);
}

static void test_an_intermediate_that_is_sent_completes_the_chain(void)
{
    TestCert leaf = test_cert(
        (TestCertSpec){.cn = "mail.test", .san = "DNS:mail.test", .issuer = &w.intermediate});
    TlsPlan plan = world_plan(&w);
    TlsPeer *peer =
        world_accepts(&leaf, (X509 *const[]){w.intermediate.x509, NULL}, &plan, "mail.test");
    g_assert_cmpuint(peer->chain->len, ==, 2);
    tls_peer_free(peer);
    test_cert_clear(&leaf);
}

static void test_a_missing_intermediate_is_error_20(void)
{
    expect_refusal(
        (TestCertSpec){.cn = "mail.test", .san = "DNS:mail.test", .issuer = &w.intermediate},
        "mail.test", X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, 0);
}

static void test_an_unknown_root_that_is_sent_is_error_19_at_its_depth(void)
{
    TestCert root = test_cert((TestCertSpec){.cn = "Other Root", .ca = true});
    TestCert middle =
        test_cert((TestCertSpec){.cn = "Other Intermediate", .ca = true, .issuer = &root});
    TestCert leaf =
        test_cert((TestCertSpec){.cn = "mail.test", .san = "DNS:mail.test", .issuer = &middle});
    TlsPlan plan = world_plan(&w);
    TlsPeer *peer =
        world_refuses(&leaf, (X509 *const[]){middle.x509, root.x509, NULL}, &plan, "mail.test");
    g_assert_cmpint(peer->verify_error, ==, X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN);
    g_assert_cmpint(peer->verify_depth, ==, 2);
    g_assert_cmpuint(peer->chain->len, ==, 3);
    tls_peer_free(peer);
    test_cert_clear(&root);
    test_cert_clear(&middle);
    test_cert_clear(&leaf);
}

static void test_a_self_signed_certificate_is_error_18(void)
{
    TestCert own = test_cert((TestCertSpec){.cn = "mail.test", .san = "DNS:mail.test"});
    TlsPlan plan = world_plan(&w);
    TlsPeer *peer = world_refuses(&own, NULL, &plan, "mail.test");
    g_assert_cmpint(peer->verify_error, ==, X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT);
    tls_peer_free(peer);
    test_cert_clear(&own);
}

static void test_dates_and_names_are_checked(void)
{
    expect_refusal(
        (TestCertSpec){.cn = "x", .san = "DNS:mail.test", .from_days = -9, .to_days = -3},
        "mail.test", X509_V_ERR_CERT_HAS_EXPIRED, 0);
    expect_refusal((TestCertSpec){.cn = "x", .san = "DNS:mail.test", .from_days = 3, .to_days = 9},
                   "mail.test", X509_V_ERR_CERT_NOT_YET_VALID, 0);
    expect_refusal((TestCertSpec){.cn = "x", .san = "DNS:other.test"}, "mail.test",
                   X509_V_ERR_HOSTNAME_MISMATCH, 0);
    expect_refusal((TestCertSpec){.cn = "x", .san = "DNS:mail.test", .usage = "clientAuth"},
                   "mail.test", X509_V_ERR_INVALID_PURPOSE, 0);
}

static void test_weak_keys_and_signatures_are_refused(void)
{
    expect_refusal((TestCertSpec){.cn = "x", .san = "DNS:mail.test", .rsa_bits = 1024}, "mail.test",
                   X509_V_ERR_EE_KEY_TOO_SMALL, 0);
    expect_refusal((TestCertSpec){.cn = "x", .san = "DNS:mail.test", .sha1 = true}, "mail.test",
                   X509_V_ERR_CA_MD_TOO_WEAK, 0);
}

static void test_allowing_an_old_version_does_not_allow_weak_certificates(void)
{
    TestCert leaf = test_cert(
        (TestCertSpec){.cn = "x", .san = "DNS:mail.test", .sha1 = true, .issuer = &w.root});
    TlsPlan plan = world_plan(&w);
    plan.min = TLS_1_0;
    tls_peer_free(world_refuses(&leaf, NULL, &plan, "mail.test"));
    plan.ciphers = "DEFAULT@SECLEVEL=0"; /* who writes this means it */
    tls_peer_free(world_accepts(&leaf, NULL, &plan, "mail.test"));
    test_cert_clear(&leaf);
}

static void test_all_problems_are_recorded_not_only_the_first(void)
{
    TestCert own = test_cert((TestCertSpec){
        .cn = "other.test", .san = "DNS:other.test", .from_days = -9, .to_days = -3});
    TlsPlan plan = world_plan(&w);
    TlsPeer *peer = world_refuses(&own, NULL, &plan, "mail.test");
    world_says(peer, "error 18 at depth 0");
    world_says(peer, "error 10 at depth 0");
    world_says(peer, "error 62 at depth 0");
    tls_peer_free(peer);
    test_cert_clear(&own);
}

static void test_no_verify_and_opportunistic_go_on_and_tell(void)
{
    TestCert own = test_cert((TestCertSpec){.cn = "other.test"});
    TlsPlan plans[] = {world_plan(&w), world_plan(&w)};
    plans[0].no_verify = true;
    plans[1].demand = TLS_OPPORTUNISTIC;
    for (size_t i = 0; i < G_N_ELEMENTS(plans); i++) {
        TlsPeer *peer = world_accepts(&own, NULL, &plans[i], "mail.test");
        g_assert_false(peer->verified);
        g_assert_cmpint(peer->trust, ==, TLS_TRUST_NONE);
        world_says(peer, "error 18 at depth 0");
        tls_peer_free(peer);
    }
    test_cert_clear(&own);
}

static void test_pins_stand_instead_of_pkix(void)
{
    TestCert own = test_cert((TestCertSpec){.cn = "other.test", .from_days = -9, .to_days = -3});
    unsigned char *der = NULL;
    int len = i2d_X509(own.x509, &der);
    TlsCertificate *facts = tls_certificate_parse((Bytes){(char *)der, (size_t)len});
    OPENSSL_free(der);
    g_autofree char *of_certificate = g_strconcat("sha256:", facts->sha256, NULL);
    const char *const unknown = "sha256:"
                                "0000000000000000000000000000000000000000000000000000000000000000";
    const char *const key_pins[] = {unknown, facts->spki_pin, NULL};
    const char *const certificate_pins[] = {of_certificate, NULL};
    const char *const wrong_pins[] = {unknown, NULL};
    TlsPlan plan = {.pins = key_pins};
    TlsPeer *peer = world_accepts(&own, NULL, &plan, "mail.test");
    g_assert_cmpint(peer->trust, ==, TLS_TRUST_PIN);
    g_assert_true(g_str_has_prefix(peer->matched, "public key sha256:"));
    tls_peer_free(peer);
    plan.pins = certificate_pins;
    peer = world_accepts(&own, NULL, &plan, "mail.test");
    g_assert_true(g_str_has_prefix(peer->matched, "certificate sha256:"));
    tls_peer_free(peer);
    plan.pins = wrong_pins;
    peer = world_refuses(&own, NULL, &plan, "mail.test");
    world_says(peer, facts->spki_pin);
    tls_peer_free(peer);
    tls_certificate_free(facts);
    test_cert_clear(&own);
}

static void test_a_wrong_pin_is_not_saved_by_a_good_chain(void)
{
    const char *const wrong[] = {
        "sha256:0000000000000000000000000000000000000000000000000000000000000000", NULL};
    TlsPlan plan = world_plan(&w);
    plan.pins = wrong;
    tls_peer_free(world_refuses(&w.leaf, NULL, &plan, "mail.test"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    w = world_new();
    g_test_add_func("/trust/valid", test_a_valid_certificate_is_accepted_for_its_name);
    g_test_add_func("/trust/dot", test_a_trailing_dot_and_upper_case_are_the_same_name);
    g_test_add_func("/trust/ip", test_an_address_is_matched_with_the_addresses_in_the_certificate);
    g_test_add_func("/trust/wildcard", test_a_wildcard_stands_for_one_whole_label);
    g_test_add_func("/trust/intermediate", test_an_intermediate_that_is_sent_completes_the_chain);
    g_test_add_func("/trust/missing-intermediate", test_a_missing_intermediate_is_error_20);
    g_test_add_func("/trust/unknown-root",
                    test_an_unknown_root_that_is_sent_is_error_19_at_its_depth);
    g_test_add_func("/trust/self-signed", test_a_self_signed_certificate_is_error_18);
    g_test_add_func("/trust/dates-names", test_dates_and_names_are_checked);
    g_test_add_func("/trust/weak", test_weak_keys_and_signatures_are_refused);
    g_test_add_func("/trust/old-version",
                    test_allowing_an_old_version_does_not_allow_weak_certificates);
    g_test_add_func("/trust/all-problems", test_all_problems_are_recorded_not_only_the_first);
    g_test_add_func("/trust/told", test_no_verify_and_opportunistic_go_on_and_tell);
    g_test_add_func("/trust/pins", test_pins_stand_instead_of_pkix);
    g_test_add_func("/trust/wrong-pin", test_a_wrong_pin_is_not_saved_by_a_good_chain);
    int result = g_test_run();
    world_clear(&w);
    return result;
}
