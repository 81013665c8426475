/* One certificate as plain facts. */
#include "certs.h"
#include "tls/certificate.h"
#include "tls/pins.h"

static Bytes der_of(const TestCert *cert, unsigned char **der)
{
    *der = NULL;
    int len = i2d_X509(cert->x509, der);
    return (Bytes){(char *)*der, (size_t)len};
}

static TlsCertificate *parse(const TestCert *cert)
{
    unsigned char *der;
    TlsCertificate *facts = tls_certificate_parse(der_of(cert, &der));
    OPENSSL_free(der);
    g_assert_nonnull(facts);
    return facts;
}

static void test_everything_in_it_is_told(void)
{
    TestCert root = test_cert((TestCertSpec){.cn = "Root", .ca = true});
    TestCert leaf = test_cert((TestCertSpec){
        .cn = "b\xc3\xbc"
              "cher",
        .san = "DNS:a.test,DNS:b.test,IP:192.0.2.1,IP:2001:db8::1,email:me@a.test",
        .issuer = &root,
        .must_staple = true,
        .info_access = "OCSP;URI:http://ocsp.test/,caIssuers;URI:http://ca.test/ca.der"});
    TlsCertificate *facts = parse(&leaf);
    g_assert_cmpstr(facts->subject, ==,
                    "CN=b\xc3\xbc"
                    "cher");
    g_assert_cmpstr(facts->issuer, ==, "CN=Root");
    g_assert_cmpstr(facts->common_name, ==,
                    "b\xc3\xbc"
                    "cher");
    g_assert_cmpuint(facts->dns_names->len, ==, 2);
    g_assert_cmpstr(g_ptr_array_index(facts->dns_names, 1), ==, "b.test");
    g_assert_cmpuint(facts->ip_names->len, ==, 2);
    g_assert_cmpstr(g_ptr_array_index(facts->ip_names, 0), ==, "192.0.2.1");
    g_assert_cmpstr(g_ptr_array_index(facts->ip_names, 1), ==, "2001:db8::1");
    g_assert_cmpstr(g_ptr_array_index(facts->emails, 0), ==, "me@a.test");
    g_assert_cmpstr(facts->key_type, ==, "EC P-256");
    g_assert_cmpint(facts->key_bits, ==, 256);
    g_assert_cmpstr(facts->signature, ==, "ecdsa-with-SHA256");
    g_assert_cmpstr(facts->ocsp_url, ==, "http://ocsp.test/");
    g_assert_true(facts->must_staple);
    g_assert_false(facts->self_signed);
    g_assert_false(facts->is_ca);
    gint64 now = g_get_real_time() / G_USEC_PER_SEC;
    g_assert_cmpint(ABS(facts->not_before - (now - 86400)), <, 600);
    g_assert_cmpint(ABS(facts->not_after - (now + 365 * 86400)), <, 600);
    g_assert_cmpuint(strlen(facts->serial), ==, 5); /* 10:xx */
    tls_certificate_free(facts);
    facts = parse(&root);
    g_assert_true(facts->self_signed);
    g_assert_true(facts->is_ca);
    g_assert_false(facts->must_staple);
    g_assert_null(facts->ocsp_url);
    tls_certificate_free(facts);
    test_cert_clear(&root);
    test_cert_clear(&leaf);
}

static void test_fingerprints_are_digests_of_the_der(void)
{
    TestCert cert = test_cert((TestCertSpec){.cn = "x"});
    unsigned char *der;
    Bytes bytes = der_of(&cert, &der);
    TlsCertificate *facts = tls_certificate_parse(bytes);
    static const struct {
        GChecksumType type;
        size_t at;
    } digests[] = {{G_CHECKSUM_SHA256, offsetof(TlsCertificate, sha256)},
                   {G_CHECKSUM_SHA1, offsetof(TlsCertificate, sha1)},
                   {G_CHECKSUM_MD5, offsetof(TlsCertificate, md5)}};
    for (size_t i = 0; i < G_N_ELEMENTS(digests); i++) {
        g_autofree char *hex = g_compute_checksum_for_data(digests[i].type, der, bytes.len);
        g_autoptr(GByteArray) raw = bytes_from_hex(bytes_of(hex));
        g_autofree char *wanted = bytes_hex_colons(bytes_of_array(raw));
        g_assert_cmpstr(*(char **)((char *)facts + digests[i].at), ==, wanted);
    }
    uint8_t pin[32];
    g_assert_true(tls_pin_parse(facts->spki_pin, pin, NULL));
    size_t len;
    const char *kept = g_bytes_get_data(facts->der, &len);
    g_assert_cmpmem(kept, len, der, bytes.len);
    tls_certificate_free(facts);
    OPENSSL_free(der);
    test_cert_clear(&cert);
}

static void test_kinds_of_keys_have_names(void)
{
    static const struct {
        TestCertSpec spec;
        const char *name;
        int bits;
    } kinds[] = {{{.cn = "x", .rsa_bits = 2048}, "RSA", 2048},
                 {{.cn = "x", .key_type = "ED25519"}, "Ed25519", 256},
                 {{.cn = "x", .key_type = "ED448"}, "Ed448", 456}};
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        TestCert cert = test_cert(kinds[i].spec);
        TlsCertificate *facts = parse(&cert);
        g_assert_cmpstr(facts->key_type, ==, kinds[i].name);
        g_assert_cmpint(facts->key_bits, ==, kinds[i].bits);
        tls_certificate_free(facts);
        test_cert_clear(&cert);
    }
}

static void test_names_cannot_reach_the_terminal_raw(void)
{
    TestCert cert = test_cert((TestCertSpec){.cn = "evil\x1b[2J\r\nname"});
    TlsCertificate *facts = parse(&cert);
    g_assert_null(strpbrk(facts->subject, "\x1b\r\n"));
    g_assert_null(strpbrk(facts->common_name, "\x1b\r\n"));
    tls_certificate_free(facts);
    test_cert_clear(&cert);
}

static void test_no_part_of_a_certificate_is_one(void)
{
    TestCert cert = test_cert((TestCertSpec){.cn = "x"});
    unsigned char *der;
    Bytes bytes = der_of(&cert, &der);
    for (size_t len = 0; len < bytes.len; len++) {
        g_assert_null(tls_certificate_parse(bytes_sub(bytes, 0, len)));
    }
    g_autofree char *longer = g_malloc0(bytes.len + 1);
    memcpy(longer, bytes.data, bytes.len);
    g_assert_null(tls_certificate_parse((Bytes){longer, bytes.len + 1}));
    OPENSSL_free(der);
    test_cert_clear(&cert);
}

static void test_an_empty_subject_is_empty(void)
{
    TestCert cert = test_cert((TestCertSpec){.san = "DNS:a.test"});
    TlsCertificate *facts = parse(&cert);
    g_assert_cmpstr(facts->subject, ==, "");
    g_assert_null(facts->common_name);
    tls_certificate_free(facts);
    test_cert_clear(&cert);
}

static void test_pem_is_what_openssl_reads_again(void)
{
    TestCert cert = test_cert((TestCertSpec){.cn = "x"});
    TlsCertificate *facts = parse(&cert);
    g_autofree char *pem = tls_certificate_pem(facts);
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509 *again = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    g_assert_nonnull(again);
    g_assert_cmpint(X509_cmp(again, cert.x509), ==, 0);
    BIO_free(bio);
    X509_free(again);
    tls_certificate_free(facts);
    test_cert_clear(&cert);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/certificate/everything", test_everything_in_it_is_told);
    g_test_add_func("/certificate/fingerprints", test_fingerprints_are_digests_of_the_der);
    g_test_add_func("/certificate/keys", test_kinds_of_keys_have_names);
    g_test_add_func("/certificate/escaped", test_names_cannot_reach_the_terminal_raw);
    g_test_add_func("/certificate/part", test_no_part_of_a_certificate_is_one);
    g_test_add_func("/certificate/empty", test_an_empty_subject_is_empty);
    g_test_add_func("/certificate/pem", test_pem_is_what_openssl_reads_again);
    return g_test_run();
}
