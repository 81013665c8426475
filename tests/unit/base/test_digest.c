#include "base/digest.h"

#include <string.h>

#define B BYTES_LITERAL

static void assert_hex(const uint8_t *data, size_t len, const char *expected)
{
    g_autofree char *hex = bytes_hex((Bytes){(const char *)data, len});
    g_assert_cmpstr(hex, ==, expected);
}

/* RFC 1321 appendix A.5; FIPS 180 examples for "abc". */
static void test_digests_of_abc(void)
{
    static const struct {
        DigestKind kind;
        size_t size;
        const char *hex;
    } cases[] = {
        {DIGEST_MD5, 16, "900150983cd24fb0d6963f7d28e17f72"},
        {DIGEST_SHA1, 20, "a9993e364706816aba3e25717850c26c9cd0d89d"},
        {DIGEST_SHA256, 32, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {DIGEST_SHA384, 48,
         "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca13"
         "4c825a7"},
        {DIGEST_SHA512, 64,
         "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a"
         "3feebbd"
         "454d4423643ce80e2a9ac94fa54ca49f"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        uint8_t out[DIGEST_MAX];
        g_assert_cmpuint(digest_size(cases[i].kind), ==, cases[i].size);
        digest_compute(cases[i].kind, B("abc"), out);
        assert_hex(out, cases[i].size, cases[i].hex);
    }
    uint8_t empty[DIGEST_MAX];
    digest_compute(DIGEST_MD5, BYTES_NONE, empty);
    assert_hex(empty, 16, "d41d8cd98f00b204e9800998ecf8427e");
}

/* RFC 2202 and RFC 4231, test case 2. */
static void test_hmac(void)
{
    uint8_t out[DIGEST_MAX];
    digest_hmac(DIGEST_MD5, B("Jefe"), B("what do ya want for nothing?"), out);
    assert_hex(out, 16, "750c783e6ab0b503eaa86e310a5db738");
    digest_hmac(DIGEST_SHA1, B("Jefe"), B("what do ya want for nothing?"), out);
    assert_hex(out, 20, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
    digest_hmac(DIGEST_SHA256, B("Jefe"), B("what do ya want for nothing?"), out);
    assert_hex(out, 32, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

static void test_hmac_with_an_empty_key_is_not_the_last_key(void)
{
    uint8_t out[DIGEST_MAX];
    digest_hmac(DIGEST_SHA256, B("another key"), B("x"), out);
    digest_hmac(DIGEST_SHA256, BYTES_NONE, BYTES_NONE, out);
    assert_hex(out, 32, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

/* RFC 6070; RFC 7914 section 11 for SHA-256. */
static void test_pbkdf2(void)
{
    uint8_t out[64];
    digest_pbkdf2(DIGEST_SHA1, B("password"), B("salt"), 1, out, 20);
    assert_hex(out, 20, "0c60c80f961f0e71f3a9b524af6012062fe037a6");
    digest_pbkdf2(DIGEST_SHA1, B("password"), B("salt"), 4096, out, 20);
    assert_hex(out, 20, "4b007901b765489abead49d926f721d065a429c1");
    digest_pbkdf2(DIGEST_SHA1, B("pass\0word"), B("sa\0lt"), 4096, out, 16);
    assert_hex(out, 16, "56fa6aa75548099dcc37d7f03425e0c3");
    digest_pbkdf2(DIGEST_SHA256, B("passwd"), B("salt"), 1, out, 64);
    assert_hex(out, 64,
               "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"
               "49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783");
}

static void test_random_differs(void)
{
    uint8_t a[32] = {0}, b[32] = {0};
    digest_random(a, sizeof(a));
    digest_random(b, sizeof(b));
    g_assert_false(digest_same(a, b, sizeof(a)));
    digest_random(a, 0);
}

static void test_same(void)
{
    g_assert_true(digest_same("abc", "abc", 3));
    g_assert_false(digest_same("abc", "abd", 3));
    g_assert_true(digest_same("abc", "abd", 2));
    g_assert_true(digest_same(NULL, NULL, 0));
}

static void test_pieces(void)
{
    uint8_t whole[DIGEST_MAX];
    uint8_t pieces[DIGEST_MAX];
    digest_compute(DIGEST_SHA256, BYTES_LITERAL("in pieces"), whole);
    Digest *digest = digest_new(DIGEST_SHA256);
    digest_update(digest, BYTES_LITERAL("in "));
    digest_update(digest, BYTES_NONE);
    digest_update(digest, BYTES_LITERAL("pieces"));
    digest_finish(digest, pieces);
    g_assert_cmpmem(whole, digest_size(DIGEST_SHA256), pieces, digest_size(DIGEST_SHA256));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/digest/abc", test_digests_of_abc);
    g_test_add_func("/digest/hmac", test_hmac);
    g_test_add_func("/digest/hmac-empty-key", test_hmac_with_an_empty_key_is_not_the_last_key);
    g_test_add_func("/digest/pbkdf2", test_pbkdf2);
    g_test_add_func("/digest/random", test_random_differs);
    g_test_add_func("/digest/same", test_same);
    g_test_add_func("/digest/pieces", test_pieces);
    return g_test_run();
}
