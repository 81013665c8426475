/* check_dane.c and tlsa_match.c, with real certificates. */
#include "../tls/certs.h"
#include "audit/tlsa_match.h"
#include "base/digest.h"
#include "facts_world.h"

static TestCert authority, server, other;

static TlsCertificate *parse(const TestCert *cert)
{
    unsigned char *der = NULL;
    int len = i2d_X509(cert->x509, &der);
    TlsCertificate *parsed = tls_certificate_parse((Bytes){(const char *)der, (size_t)len});
    OPENSSL_free(der);
    g_assert_nonnull(parsed);
    return parsed;
}

static GPtrArray *chain_of(const TestCert *leaf)
{
    GPtrArray *chain = g_ptr_array_new_with_free_func((GDestroyNotify)tls_certificate_free);
    g_ptr_array_add(chain, parse(leaf));
    g_ptr_array_add(chain, parse(&authority));
    return chain;
}

static Bytes der_of(const TlsCertificate *certificate)
{
    size_t len = 0;
    const char *data = g_bytes_get_data(certificate->der, &len);
    return (Bytes){data, len};
}

static TlsaRecord *record(uint8_t usage, uint8_t selector, uint8_t matching, const TestCert *cert)
{
    TlsCertificate *parsed = parse(cert);
    Bytes data = selector ? tlsa_spki(der_of(parsed)) : der_of(parsed);
    uint8_t digest[DIGEST_MAX];
    if (matching > 0) {
        DigestKind kind = matching == 1 ? DIGEST_SHA256 : DIGEST_SHA512;
        digest_compute(kind, data, digest);
        data = (Bytes){(const char *)digest, digest_size(kind)};
    }
    TlsaRecord *made = g_new0(TlsaRecord, 1);
    *made = (TlsaRecord){usage, selector, matching, g_bytes_new(data.data, data.len)};
    tls_certificate_free(parsed);
    return made;
}

static void test_the_key_is_found_in_the_certificate(void)
{
    const TestCert *const certs[] = {&authority, &server, &other};
    for (size_t i = 0; i < G_N_ELEMENTS(certs); i++) {
        TlsCertificate *parsed = parse(certs[i]);
        uint8_t digest[DIGEST_MAX];
        digest_compute(DIGEST_SHA256, tlsa_spki(der_of(parsed)), digest);
        g_autofree char *hex = bytes_hex((Bytes){(const char *)digest, 32});
        g_autofree char *pin = g_strconcat("sha256:", hex, NULL);
        g_assert_cmpstr(pin, ==, parsed->spki_pin); /* as OpenSSL sees it */
        Bytes der = der_of(parsed);
        for (size_t cut = 0; cut < der.len; cut++) { /* no cut is read past its end */
            g_autofree char *copy = g_memdup2(der.data, cut);
            g_assert_cmpuint(tlsa_spki((Bytes){copy, cut}).len, <=, cut);
        }
        tls_certificate_free(parsed);
    }
}

static void test_which_certificate_a_record_speaks_of(void)
{
    static const struct {
        uint8_t usage, selector, matching;
        const TestCert *cert;
        const char *match;
    } rows[] = {
        {3, 1, 1, &server, "leaf"},
        {3, 0, 1, &server, "leaf"},
        {3, 1, 2, &server, "leaf"},
        {3, 0, 0, &server, "leaf"},
        {3, 1, 0, &server, "leaf"},
        {1, 1, 1, &server, "leaf"},
        {3, 1, 1, &authority, ""},
        {3, 1, 1, &other, ""},
        {2, 1, 1, &authority, "issuer 1"},
        {0, 0, 1, &authority, "issuer 1"},
        {2, 1, 1, &server, ""},
    };
    g_autoptr(GPtrArray) chain = chain_of(&server);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        TlsaRecord *made = record(rows[i].usage, rows[i].selector, rows[i].matching, rows[i].cert);
        g_autofree char *match = tlsa_match(made, chain);
        g_assert_cmpstr(match, ==, rows[i].match);
        tlsa_record_free(made);
    }
    g_autoptr(GPtrArray) nothing = g_ptr_array_new();
    TlsaRecord *made = record(3, 1, 1, &server);
    g_autofree char *match = tlsa_match(made, nothing);
    g_assert_cmpstr(match, ==, "");
    tlsa_record_free(made);
}

static void test_records_that_cannot_be_used(void)
{
    static const struct {
        uint8_t usage, selector, matching;
        size_t len;
        const char *mistake;
    } rows[] = {
        {3, 1, 1, 32, NULL},        {3, 1, 2, 64, NULL},         {3, 0, 0, 400, NULL},
        {4, 1, 1, 32, "usage 4"},   {3, 2, 1, 32, "selector 2"}, {3, 1, 3, 32, "matching type 3"},
        {3, 1, 1, 20, "20 octets"}, {3, 1, 2, 32, "SHA-512"},    {3, 1, 0, 0, "0 octets"},
    };
    uint8_t data[400] = {0};
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GBytes) bytes = g_bytes_new(data, rows[i].len);
        TlsaRecord made = {rows[i].usage, rows[i].selector, rows[i].matching, bytes};
        g_autofree char *mistake = tlsa_mistake(&made);
        if (rows[i].mistake) {
            g_assert_nonnull(mistake);
            g_assert_nonnull(strstr(mistake, rows[i].mistake));
        } else {
            g_assert_null(mistake);
        }
    }
}

/* The server's chain, and records: usage, selector, matching, whose. */
static void publish(Facts *f, TlsaRecord *made)
{
    f->dane.secure = true;
    g_ptr_array_add(f->dane.records, made);
    g_ptr_array_set_size(f->chains, 0);
    g_ptr_array_add(f->chains, chain_of(&server));
    char *match = tlsa_match(made, g_ptr_array_index(f->chains, 0));
    g_ptr_array_add(f->dane.matches, match);
}

CHANGE(good, publish(f, record(3, 1, 1, &server)))
CHANGE(unanswered, fact_set(&f->dane.answered, UNKNOWN, "SERVFAIL"))
CHANGE(is_bogus, f->dane.bogus = true; fact_set(&f->dane.answered, YES, "signature expired"))
CHANGE(not_signed, good(f); f->dane.secure = false)
CHANGE(mismatch, publish(f, record(3, 1, 1, &other)); fact_set(&f->dane.verified, NO, NULL))
CHANGE(verify_unknown, good(f); fact_set(&f->dane.verified, UNKNOWN, "timeout"))
CHANGE(plain, good(f); f->tls_offer = TLS_OFFER_MISSING)
CHANGE(two_certificates, good(f); g_ptr_array_add(f->chains, chain_of(&other)))
CHANGE(two_covered, two_certificates(f); g_ptr_array_add(f->dane.records, record(3, 1, 1, &other)))
CHANGE(maybe_two, good(f); fact_set(&f->chains_complete, UNKNOWN, "out of connections"))
CHANGE(short_digest, good(f); TlsaRecord *broken = record(3, 1, 1, &server);
       g_bytes_unref(broken->data); broken->data = g_bytes_new("x", 1);
       g_ptr_array_add(f->dane.records, broken))
CHANGE(pkix, publish(f, record(1, 1, 1, &server)))
CHANGE(whole_certificate, publish(f, record(3, 0, 1, &server)))
CHANGE(left_over, good(f); g_ptr_array_add(f->dane.records, record(3, 1, 1, &other)))
CHANGE(next_good, good(f); fact_set(&f->dane.next_verified, YES, NULL))
CHANGE(next_bad, good(f); fact_set(&f->dane.next_verified, NO, "matches none"))
CHANGE(next_unknown, good(f); fact_set(&f->dane.next_verified, UNKNOWN, "unreadable"))

static const WorldCase cases[] = {
    {MX, NULL, "dane.published", "fail"},
    {MX, good, "dane.published", "pass"},
    {MX, unanswered, "dane.published", "unknown", "SERVFAIL"},
    {MX, unanswered, "dane.bogus", "unknown"},
    {MX, unanswered, "dane.match", "unknown"},
    {MX, is_bogus, "dane.bogus", "fail", "signature expired"},
    {MX, is_bogus, "dane.published", "none"},
    {MX, not_signed, "dane.secure", "fail"},
    {MX, not_signed, "dane.match", "none"},
    {MX, good, "dane.secure", "pass"},
    {MX, good, "dane.match", "pass", "leaf"},
    {MX, mismatch, "dane.match", "fail", "no match"},
    {MX, verify_unknown, "dane.match", "unknown", "timeout"},
    {MX, plain, "dane.match", "fail", "TLS is not offered"},
    {MX, NULL, "dane.match", "none"},
    {MX, good, "dane.every_certificate", "pass"},
    {MX, two_certificates, "dane.every_certificate", "fail"},
    {MX, two_covered, "dane.every_certificate", "pass"},
    {MX, maybe_two, "dane.every_certificate", "unknown", "out of connections"},
    {MX, short_digest, "dane.malformed", "fail", "1 octets"},
    {MX, pkix, "dane.usage", "fail"},
    {IMAP, pkix, "dane.usage", "pass"},
    {MX, whole_certificate, "dane.selector", "fail", "renewal"},
    {MX, good, "dane.selector", "pass"},
    {MX, left_over, "dane.stale", "fail"},
    {MX, two_covered, "dane.stale", "pass"},
    {MX, good, "dane.next", "none"},
    {MX, next_good, "dane.next", "pass"},
    {MX, next_bad, "dane.next", "fail", "matches none"},
    {MX, next_unknown, "dane.next", "unknown"},
};

static void test_cases(void)
{
    world_run(cases, G_N_ELEMENTS(cases));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    authority = test_cert((TestCertSpec){.cn = "Authority", .ca = true});
    server = test_cert((TestCertSpec){.cn = "mx.example.org", .issuer = &authority});
    other = test_cert((TestCertSpec){.cn = "other", .rsa_bits = 2048, .issuer = &authority});
    g_test_add_func("/check_dane/the_key_is_found_in_the_certificate",
                    test_the_key_is_found_in_the_certificate);
    g_test_add_func("/check_dane/which_certificate_a_record_speaks_of",
                    test_which_certificate_a_record_speaks_of);
    g_test_add_func("/check_dane/records_that_cannot_be_used", test_records_that_cannot_be_used);
    g_test_add_func("/check_dane/cases", test_cases);
    int status = g_test_run();
    test_cert_clear(&authority);
    test_cert_clear(&server);
    test_cert_clear(&other);
    return status;
}
