/* check_versions.c, check_ciphers.c, check_groups.c, and the questions of judge.c they share. */
#include "audit/family.h"
#include "facts_world.h"

static void offer(Facts *f, VersionIndex v, Known known)
{
    fact_set(&f->version[v].offered, known, known == UNKNOWN ? "alert internal_error" : NULL);
}

static void class(Facts *f, SuiteClass c, Known known)
{
    fact_set(&f->suite_class[c], known, known == UNKNOWN ? "connection reset" : NULL);
}

static void incomplete(Facts *f)
{
    fact_set(&f->version[V_TLS12].suites_complete, UNKNOWN, "out of connections");
}

CHANGE(ssl2, offer(f, V_SSL2, YES))
CHANGE(ssl3, offer(f, V_SSL3, YES))
CHANGE(tls10, offer(f, V_TLS10, YES))
CHANGE(tls10_unknown, offer(f, V_TLS10, UNKNOWN))
CHANGE(tls12_unknown, offer(f, V_TLS12, UNKNOWN))
CHANGE(only_tls13, offer(f, V_TLS12, NO))
CHANGE(only_tls12, offer(f, V_TLS13, NO))
CHANGE(no_tls12, offer(f, V_TLS12, NO); offer(f, V_TLS13, NO))

CHANGE(null_class, class(f, CLASS_NULL, YES))
CHANGE(rc4_listed, class(f, CLASS_RC4, NO); world_suite(&f->version[V_TLS12], 0x0005))
CHANGE(rc4_unknown, class(f, CLASS_RC4, UNKNOWN); incomplete(f))
CHANGE(rc4_complete, class(f, CLASS_RC4, UNKNOWN)) /* the lists are complete and have none */
CHANGE(export, class(f, CLASS_EXPORT, YES))
CHANGE(des, class(f, CLASS_DES, YES))
CHANGE(triple, class(f, CLASS_3DES, YES))
CHANGE(cbc_listed, world_suite(&f->version[V_TLS12], 0xC013);
       world_suite(&f->version[V_TLS12], 0xC014))
CHANGE(static_rsa, world_suite(&f->version[V_TLS12], 0x002F))
CHANGE(no_secrecy, offer(f, V_TLS13, NO); class(f, CLASS_ECDHE, NO); class(f, CLASS_AEAD, NO);
       g_array_set_size(f->version[V_TLS12].suites, 0); world_suite(&f->version[V_TLS12], 0x002F))
CHANGE(secrecy_unknown, no_secrecy(f); class(f, CLASS_ECDHE, UNKNOWN); incomplete(f))
CHANGE(client_order, fact_set(&f->version[V_TLS12].server_order, NO, NULL))
CHANGE(client_order_weak, client_order(f); world_suite(&f->version[V_TLS12], 0x002F))
CHANGE(order_unknown, fact_set(&f->version[V_TLS12].server_order, UNKNOWN, "no answer"))
CHANGE(one_suite, order_unknown(f); g_array_set_size(f->version[V_TLS12].suites, 1))
CHANGE(bad_order, uint16_t first = 0x002F; g_array_prepend_val(f->version[V_TLS12].suites, first))

CHANGE(no_hybrid, g_array_remove_index(f->groups, 0); fact_set(&f->hybrid_groups, NO, NULL))
CHANGE(hybrid_unknown, g_array_remove_index(f->groups, 0);
       fact_set(&f->hybrid_groups, UNKNOWN, "no answer");
       fact_set(&f->groups_complete, UNKNOWN, "no answer"))
CHANGE(weak_group, uint16_t p192 = 19; g_array_append_val(f->groups, p192))
CHANGE(unusual, g_array_set_size(f->groups, 1))
CHANGE(unusual_unknown, unusual(f); fact_set(&f->groups_complete, UNKNOWN, "no answer"))
CHANGE(dhe_unseen, class(f, CLASS_DHE, YES))

static void dh(Facts *f, int bits, const char *hex)
{
    class(f, CLASS_DHE, YES);
    f->dh_bits = bits;
    if (hex) {
        GByteArray *prime = bytes_from_hex(bytes_of(hex));
        f->dh_prime = g_byte_array_free_to_bytes(prime);
    }
}

/* RFC 2409 6.2, the second Oakley group; a leading zero is no matter. */
#define OAKLEY_2                                                                                   \
    "00FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74"                           \
    "020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B302B0A6DF25F1437"                             \
    "4FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"                             \
    "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE65381FFFFFFFFFFFFFFFF"

CHANGE(oakley, dh(f, 1024, OAKLEY_2))
CHANGE(own_1024, dh(f, 1024, "FF00FF01"))
CHANGE(unseen_1024, dh(f, 1024, NULL))
CHANGE(dh_1536, dh(f, 1536, "FF00FF01"))
CHANGE(dh_2048, dh(f, 2048, "FF00FF01"))

static void sha1_signature(Facts *f)
{
    const uint16_t scheme = 0x0201;
    g_array_append_val(f->signatures, scheme);
}

static void unsigned_keys(Facts *f)
{
    g_array_set_size(f->signatures, 0);
}

/* Static RSA alone. */
static void nothing_signed(Facts *f)
{
    unsigned_keys(f);
    g_array_set_size(f->version[V_TLS12].suites, 0);
    fact_set(&f->suite_class[CLASS_ECDHE], NO, NULL);
}

static const WorldCase cases[] = {
    {MX, NULL, "versions.ssl2", "pass"},
    {MX, ssl2, "versions.ssl2", "fail"},
    {MX, ssl3, "versions.ssl3", "fail"},
    {MX, tls10, "versions.tls10", "fail"},
    {MX, tls10_unknown, "versions.tls10", "unknown", "internal_error"},
    {MX, tls12_unknown, "versions.tls12", "unknown", "internal_error"},
    {MX, only_tls13, "versions.tls12", "pass", "TLS 1.3 is"},
    {MX, no_tls12, "versions.tls12", "fail"},
    {MX, only_tls12, "versions.tls13", "fail"},
    {MX, null_class, "ciphers.null", "fail", "NULL"},
    {MX, rc4_listed, "ciphers.rc4", "fail", "TLS_RSA_WITH_RC4_128_SHA"},
    {MX, rc4_unknown, "ciphers.rc4", "unknown", "reset"},
    {MX, rc4_complete, "ciphers.rc4", "pass"},
    {MX, only_tls13, "ciphers.rc4", "pass"},
    {MX, export, "ciphers.export", "fail"},
    {MX, des, "ciphers.des", "fail"},
    {MX, triple, "ciphers.3des", "fail"},
    {MX, cbc_listed, "ciphers.cbc", "fail", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"},
    {MX, static_rsa, "ciphers.static_rsa", "fail", "TLS_RSA_WITH_AES_128_CBC_SHA"},
    {MX, no_secrecy, "ciphers.forward_secrecy", "fail"},
    {MX, no_secrecy, "ciphers.aead", "fail"},
    {MX, secrecy_unknown, "ciphers.forward_secrecy", "unknown", "reset"},
    {MX, only_tls13, "ciphers.forward_secrecy", "pass"},
    {MX, client_order, "ciphers.order", "pass"}, /* all are good */
    {MX, client_order_weak, "ciphers.order", "fail", "TLS 1.2"},
    {MX, order_unknown, "ciphers.order", "unknown", "no answer"},
    {MX, one_suite, "ciphers.order", "pass"},
    {MX, bad_order, "ciphers.order_sense", "fail", "TLS_RSA_WITH_AES_128_CBC_SHA before"},
    {MX, order_unknown, "ciphers.order_sense", "unknown"},
    {MX, client_order, "ciphers.order_sense", "none"},
    {MX, NULL, "groups.post_quantum", "pass", "X25519MLKEM768"},
    {MX, no_hybrid, "groups.post_quantum", "fail"},
    {MX, hybrid_unknown, "groups.post_quantum", "unknown", "no answer"},
    {MX, weak_group, "groups.weak", "fail", "bits of security"},
    {MX, unusual, "groups.usual", "fail"},
    {MX, unusual_unknown, "groups.usual", "unknown"},
    {MX, NULL, "groups.signatures", "pass", "1 seen"},
    {MX, sha1_signature, "groups.signatures", "fail", "rsa_pkcs1_sha1"},
    {MX, unsigned_keys, "groups.signatures", "unknown", "no signature"},
    {MX, nothing_signed, "groups.signatures", "none"},
    {MX, NULL, "groups.dh_size", "none"},
    {MX, dhe_unseen, "groups.dh_size", "unknown"},
    {MX, oakley, "groups.dh_common", "fail", "RFC 2409 group 2"},
    {MX, oakley, "groups.dh_broken", "fail", "1024"},
    {MX, own_1024, "groups.dh_common", "pass"},
    {MX, unseen_1024, "groups.dh_common", "unknown"},
    {MX, dh_1536, "groups.dh_broken", "pass"},
    {MX, dh_1536, "groups.dh_size", "fail", "1536"},
    {MX, dh_2048, "groups.dh_size", "pass", "a prime of its own"},
};

static void test_cases(void)
{
    world_run(cases, G_N_ELEMENTS(cases));
}

/* A class that was asked for and denied, and is in the list all the same, is there. */
static void test_what_was_seen_counts_more_than_a_no(void)
{
    Facts *f = world_good(MX);
    g_autofree char *evidence = NULL;
    cbc_listed(f);
    g_assert_cmpint(f->suite_class[CLASS_CBC].known, ==, NO);
    g_assert_cmpint(class_offered(f, CLASS_CBC, &evidence), ==, YES);
    g_assert_cmpstr(evidence, ==,
                    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA");
    g_assert_cmpint(old_tls_offered(f), ==, YES);
    offer(f, V_TLS12, UNKNOWN);
    g_assert_cmpint(old_tls_offered(f), ==, UNKNOWN);
    offer(f, V_TLS12, NO);
    g_assert_cmpint(old_tls_offered(f), ==, NO);
    world_free(f);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/check_ciphers/cases", test_cases);
    g_test_add_func("/check_ciphers/what_was_seen_counts_more_than_a_no",
                    test_what_was_seen_counts_more_than_a_no);
    return g_test_run();
}
