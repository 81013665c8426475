/* TLSA records: read, used by OpenSSL, and told. */
#include "tls/dane.h"
#include "tls/pins.h"
#include "world.h"

static World w;

static void free_record(gpointer record)
{
    tlsa_record_free(record);
}

static GPtrArray *records_new(void)
{
    return g_ptr_array_new_with_free_func(free_record);
}

static void add(GPtrArray *records, uint8_t usage, uint8_t selector, uint8_t matching,
                const void *data, size_t len)
{
    g_autoptr(GByteArray) rdata = g_byte_array_new();
    uint8_t head[] = {usage, selector, matching};
    g_byte_array_append(rdata, head, 3);
    g_byte_array_append(rdata, data, (guint)len);
    TlsaRecord *record = tlsa_record_parse(bytes_of_array(rdata));
    g_assert_nonnull(record);
    g_ptr_array_add(records, record);
}

static void add_key_digest(GPtrArray *records, uint8_t usage, const TestCert *cert)
{
    uint8_t digest[32];
    tls_pin_of_key(cert->x509, digest);
    add(records, usage, 1, 1, digest, 32);
}

static void add_certificate_digest(GPtrArray *records, uint8_t usage, const TestCert *cert)
{
    uint8_t digest[32];
    tls_pin_of_certificate(cert->x509, digest);
    add(records, usage, 0, 1, digest, 32);
}

static TlsPlan dane_plan(const GPtrArray *records)
{
    return (TlsPlan){.ca_file = w.ca_file, .dane = true, .tlsa = records, .tlsa_base = "mail.test"};
}

static void test_a_record_has_three_bytes_and_data(void)
{
    TlsaRecord *record = tlsa_record_parse((Bytes){"\3\1\1\xab\xcd", 5});
    g_assert_nonnull(record);
    g_assert_cmpint(record->usage, ==, 3);
    g_assert_cmpint(record->selector, ==, 1);
    g_assert_cmpint(record->matching, ==, 1);
    g_autofree char *whole = tlsa_record_text(record, 0);
    g_autofree char *cut = tlsa_record_text(record, 2);
    g_assert_cmpstr(whole, ==, "3 1 1 abcd");
    g_assert_cmpstr(cut, ==, "3 1 1 ab...");
    tlsa_record_free(record);
    g_assert_null(tlsa_record_parse(BYTES_NONE));
    g_assert_null(tlsa_record_parse((Bytes){"\3\1\1", 3}));
    g_autofree char *long_one = g_malloc0(20000);
    g_assert_null(tlsa_record_parse((Bytes){long_one, 20000}));
    tlsa_record_free(NULL);
}

static void test_3_1_1_needs_neither_authority_nor_name_nor_date(void)
{
    TestCert own = test_cert((TestCertSpec){.cn = "other.test", .from_days = -9, .to_days = -3});
    g_autoptr(GPtrArray) records = records_new();
    add_key_digest(records, 3, &own);
    TlsPlan plan = dane_plan(records);
    TlsPeer *peer = world_accepts(&own, NULL, &plan, "mail.test");
    g_assert_true(peer->verified);
    g_assert_cmpint(peer->trust, ==, TLS_TRUST_DANE);
    g_assert_cmpuint(peer->tlsa_usable, ==, 1);
    g_assert_true(g_str_has_prefix(peer->matched, "TLSA 3 1 1 "));
    g_assert_cmpstr(peer->sni, ==, "mail.test");
    tls_peer_free(peer);
    test_cert_clear(&own);
}

static void test_2_0_1_needs_the_authority_in_the_chain_and_the_name(void)
{
    TestCert root = test_cert((TestCertSpec){.cn = "Private Root", .ca = true});
    TestCert leaf = test_cert((TestCertSpec){.cn = "x", .san = "DNS:mail.test", .issuer = &root});
    TestCert other = test_cert((TestCertSpec){.cn = "x", .san = "DNS:other.test", .issuer = &root});
    X509 *const chain[] = {root.x509, NULL};
    g_autoptr(GPtrArray) records = records_new();
    add_certificate_digest(records, 2, &root);
    TlsPlan plan = dane_plan(records);
    TlsPeer *peer = world_accepts(&leaf, chain, &plan, "mail.test");
    g_assert_cmpint(peer->trust, ==, TLS_TRUST_DANE);
    g_assert_true(g_str_has_prefix(peer->matched, "TLSA 2 0 1 "));
    tls_peer_free(peer);
    peer = world_refuses(&other, chain, &plan, "mail.test");
    g_assert_cmpint(peer->verify_error, ==, X509_V_ERR_HOSTNAME_MISMATCH);
    tls_peer_free(peer);
    plan.tlsa_alt_name = "other.test"; /* the name behind a validated CNAME will do */
    tls_peer_free(world_accepts(&other, chain, &plan, "mail.test"));
    test_cert_clear(&root);
    test_cert_clear(&leaf);
    test_cert_clear(&other);
}

static void test_a_record_for_another_key_is_no_match_and_pkix_does_not_help(void)
{
    g_autoptr(GPtrArray) records = records_new();
    add_key_digest(records, 3, &w.root);
    TlsPlan plan = dane_plan(records);
    TlsPeer *peer = world_refuses(&w.leaf, NULL, &plan, "mail.test");
    g_assert_cmpint(peer->verify_error, ==, X509_V_ERR_DANE_NO_MATCH);
    g_assert_cmpuint(peer->tlsa_usable, ==, 1);
    world_says(peer, "the zone says: TLSA 3 1 1 ");
    world_says(peer, "would be: TLSA 3 1 1 ");
    tls_peer_free(peer);
}

static void test_one_of_several_records_is_enough(void)
{
    g_autoptr(GPtrArray) records = records_new();
    add_key_digest(records, 3, &w.root);
    add(records, 3, 1, 1, "short", 5); /* malformed for its kind */
    add(records, 9, 9, 9, "unknown", 7);
    add_key_digest(records, 3, &w.leaf);
    TlsPlan plan = dane_plan(records);
    TlsPeer *peer = world_accepts(&w.leaf, NULL, &plan, "mail.test");
    g_assert_cmpuint(peer->tlsa_usable, ==, 2);
    tls_peer_free(peer);
}

static void test_without_a_usable_record_the_session_fails(void)
{
    g_autoptr(GPtrArray) records = records_new();
    TlsPlan plan = dane_plan(records);
    TlsPeer *peer = world_refuses(&w.leaf, NULL, &plan, "mail.test");
    world_says(peer, "there is no TLSA record from a validated answer");
    tls_peer_free(peer);
    add(records, 9, 9, 9, "unknown", 7);
    peer = world_refuses(&w.leaf, NULL, &plan, "mail.test");
    world_says(peer, "none of the 1 TLSA records can be used");
    g_assert_cmpuint(peer->tlsa_usable, ==, 0);
    tls_peer_free(peer);
}

static void test_usages_0_and_1_demand_pkix_too_and_count_for_nothing_between_mail_servers(void)
{
    g_autoptr(GPtrArray) records = records_new();
    add_key_digest(records, 1, &w.leaf);
    TlsPlan plan = dane_plan(records);
    TlsPeer *peer = world_accepts(&w.leaf, NULL, &plan, "mail.test");
    g_assert_true(g_str_has_prefix(peer->matched, "TLSA 1 1 1 "));
    tls_peer_free(peer);
    TestCert own = test_cert((TestCertSpec){.cn = "mail.test", .san = "DNS:mail.test"});
    add_key_digest(records, 1, &own);
    tls_peer_free(world_refuses(&own, NULL, &plan, "mail.test"));
    test_cert_clear(&own);
    plan.tlsa_without_pkix = true;
    peer = world_refuses(&w.leaf, NULL, &plan, "mail.test");
    g_assert_cmpuint(peer->tlsa_usable, ==, 0);
    tls_peer_free(peer);
}

static void test_a_pin_and_dane_are_both_demanded(void)
{
    const char *const wrong[] = {
        "sha256:0000000000000000000000000000000000000000000000000000000000000000", NULL};
    g_autoptr(GPtrArray) records = records_new();
    add_key_digest(records, 3, &w.leaf);
    TlsPlan plan = dane_plan(records);
    plan.pins = wrong;
    TlsPeer *peer = world_refuses(&w.leaf, NULL, &plan, "mail.test");
    world_says(peer, "none of the demanded pins");
    tls_peer_free(peer);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    w = world_new();
    g_test_add_func("/dane/parse", test_a_record_has_three_bytes_and_data);
    g_test_add_func("/dane/311", test_3_1_1_needs_neither_authority_nor_name_nor_date);
    g_test_add_func("/dane/201", test_2_0_1_needs_the_authority_in_the_chain_and_the_name);
    g_test_add_func("/dane/mismatch",
                    test_a_record_for_another_key_is_no_match_and_pkix_does_not_help);
    g_test_add_func("/dane/several", test_one_of_several_records_is_enough);
    g_test_add_func("/dane/unusable", test_without_a_usable_record_the_session_fails);
    g_test_add_func("/dane/pkix",
                    test_usages_0_and_1_demand_pkix_too_and_count_for_nothing_between_mail_servers);
    g_test_add_func("/dane/pin", test_a_pin_and_dane_are_both_demanded);
    int result = g_test_run();
    world_clear(&w);
    return result;
}
