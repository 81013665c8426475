/* Why a peer could not be verified: words a person can act on. */
#include "world.h"

static World w;

static TlsPeer *refuse(TestCertSpec spec, const char *host)
{
    spec.issuer = spec.issuer ? spec.issuer : &w.root;
    TestCert leaf = test_cert(spec);
    TlsPlan plan = world_plan(&w);
    TlsPeer *peer = world_refuses(&leaf, NULL, &plan, host);
    test_cert_clear(&leaf);
    return peer;
}

static const TlsCertificate *leaf_of(const TlsPeer *peer)
{
    return g_ptr_array_index(peer->chain, 0);
}

static void test_a_self_signed_one_is_told_with_the_options_to_paste(void)
{
    TestCert own = test_cert((TestCertSpec){.cn = "My Mail. Box", .san = "DNS:mail.test"});
    TlsPlan plan = world_plan(&w);
    TlsPeer *peer = world_refuses(&own, NULL, &plan, "mail.test");
    g_autofree char *pin = g_strconcat("--pin=", leaf_of(peer)->spki_pin, NULL);
    world_says(peer, "error 18 at depth 0: self-signed certificate\n");
    world_says(peer, "certificate: CN=My Mail. Box");
    world_says(peer, "--ca-file=my-mail-box.pem");
    world_says(peer, pin);
    world_says(peer, w.ca_file); /* where it was looked for */
    tls_peer_free(peer);
    test_cert_clear(&own);
}

static void test_an_unknown_root_is_named_with_its_depth(void)
{
    TestCert root = test_cert((TestCertSpec){.cn = "Other Root", .ca = true});
    TestCert leaf =
        test_cert((TestCertSpec){.cn = "mail.test", .san = "DNS:mail.test", .issuer = &root});
    TlsPlan plan = world_plan(&w);
    TlsPeer *peer = world_refuses(&leaf, (X509 *const[]){root.x509, NULL}, &plan, "mail.test");
    world_says(peer, "error 19 at depth 1: self-signed certificate in certificate chain");
    world_says(peer, "certificate: CN=Other Root");
    world_says(peer, "--ca-file=other-root.pem");
    tls_peer_free(peer);
    test_cert_clear(&root);
    test_cert_clear(&leaf);
}

static void test_a_missing_issuer_is_named_once_with_where_to_get_it(void)
{
    TlsPeer *peer = refuse((TestCertSpec){.cn = "mail.test",
                                          .san = "DNS:mail.test",
                                          .issuer = &w.intermediate,
                                          .info_access = "caIssuers;URI:http://ca.test/i.der"},
                           "mail.test");
    world_says(peer, "error 20 at depth 0: unable to get local issuer certificate");
    world_says(peer, "its issuer is CN=Test Intermediate");
    world_says(peer, "http://ca.test/i.der");
    world_says(peer, "--ca-file=test-intermediate.pem");
    g_assert_null(strstr(peer->why_not, "error 21"));
    tls_peer_free(peer);
}

static void test_dates_tell_since_when_and_what_the_clock_says(void)
{
    TlsPeer *peer =
        refuse((TestCertSpec){.cn = "x", .san = "DNS:mail.test", .from_days = -9, .to_days = -3},
               "mail.test");
    world_says(peer, "error 10 at depth 0: certificate has expired");
    world_says(peer, "(3 days ago)");
    world_says(peer, "this computer's clock says 20");
    world_says(peer, "--pin=sha256:");
    tls_peer_free(peer);
    peer = refuse((TestCertSpec){.cn = "x", .san = "DNS:mail.test", .from_days = 3, .to_days = 9},
                  "mail.test");
    world_says(peer, "error 9 at depth 0: certificate is not yet valid");
    world_says(peer, " days)"); /* 2 or 3: a second may pass */
    world_says(peer, "this computer's clock says 20");
    tls_peer_free(peer);
}

static void test_names_tell_borne_and_wanted(void)
{
    TlsPeer *peer =
        refuse((TestCertSpec){.cn = "x", .san = "DNS:a.test,DNS:b.test,IP:192.0.2.7"}, "mail.test");
    world_says(peer, "error 62 at depth 0: hostname mismatch");
    world_says(peer, "it is for a.test, b.test, 192.0.2.7, not for mail.test");
    tls_peer_free(peer);
    g_autoptr(GString) many = g_string_new("DNS:n0.test");
    for (int i = 1; i < 30; i++) {
        g_string_append_printf(many, ",DNS:n%d.test", i);
    }
    peer = refuse((TestCertSpec){.cn = "x", .san = many->str}, "mail.test");
    world_says(peer, "n7.test and 22 more, not for mail.test");
    tls_peer_free(peer);
    peer = refuse((TestCertSpec){.cn = NULL, .san = "email:a@b.test"}, "mail.test");
    world_says(peer, "it is for no name at all");
    tls_peer_free(peer);
}

static void test_weak_certificates_tell_what_is_weak(void)
{
    TlsPeer *peer =
        refuse((TestCertSpec){.cn = "x", .san = "DNS:mail.test", .rsa_bits = 1024}, "mail.test");
    world_says(peer, "error 66 at depth 0");
    world_says(peer, "only 1024 bits");
    world_says(peer, "--ciphers=DEFAULT@SECLEVEL=0");
    tls_peer_free(peer);
    peer = refuse((TestCertSpec){.cn = "x", .san = "DNS:mail.test", .sha1 = true}, "mail.test");
    world_says(peer, "error 68 at depth 0");
    world_says(peer, "ecdsa-with-SHA1");
    tls_peer_free(peer);
}

static void test_hostile_names_stay_harmless(void)
{
    TestCert own = test_cert((TestCertSpec){.cn = "../../\x1b[31m$(id) `x`"});
    TlsPlan plan = world_plan(&w);
    TlsPeer *peer = world_refuses(&own, NULL, &plan, "mail.test");
    g_assert_null(strchr(peer->why_not, '\x1b'));
    world_says(peer, "--ca-file=31m-id-x.pem");
    tls_peer_free(peer);
    test_cert_clear(&own);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    w = world_new();
    g_test_add_func("/why/self-signed", test_a_self_signed_one_is_told_with_the_options_to_paste);
    g_test_add_func("/why/unknown-root", test_an_unknown_root_is_named_with_its_depth);
    g_test_add_func("/why/missing", test_a_missing_issuer_is_named_once_with_where_to_get_it);
    g_test_add_func("/why/dates", test_dates_tell_since_when_and_what_the_clock_says);
    g_test_add_func("/why/names", test_names_tell_borne_and_wanted);
    g_test_add_func("/why/weak", test_weak_certificates_tell_what_is_weak);
    g_test_add_func("/why/hostile", test_hostile_names_stay_harmless);
    int result = g_test_run();
    world_clear(&w);
    return result;
}
