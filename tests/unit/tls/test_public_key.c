#include "tls/public_key.h"

#include <string.h>

#include "base/bytes.h"
#include "tls/mint.h"

/* RFC 7515 appendix A.3: an ES256 signature, and its key. */
#define ES256_KEY                                                                                  \
    "-----BEGIN PUBLIC KEY-----\n"                                                                 \
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEf83OJ3D2xF1Bg8vub9tLe1gHMzV7\n"                           \
    "6e8Tus9uPHvRVEXH8UTNG72bfocs3+257rn0s2ldbqkLJK2KRiMohYjlrQ==\n"                               \
    "-----END PUBLIC KEY-----\n"
#define ES256_SIGNED                                                                               \
    "eyJhbGciOiJFUzI1NiJ9."                                                                        \
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVl" \
    "fQ"
#define ES256_SIGNATURE                                                                            \
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6+Xx+F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3+Kg6NU1Q=="

static Bytes es256_signature(GByteArray **ret)
{
    *ret = bytes_base64_decode(bytes_of(ES256_SIGNATURE));
    return bytes_of_array(*ret);
}

static void test_the_published_signature_is_good(void)
{
    g_autoptr(TlsPublicKey) key = tls_public_key_read(BYTES_LITERAL(ES256_KEY), NULL);
    g_assert_nonnull(key);
    g_assert_cmpint(tls_public_key_kind(key), ==, TLS_KEY_ECDSA);
    g_autoptr(GByteArray) raw = NULL;
    Bytes signature = es256_signature(&raw);
    Bytes data = BYTES_LITERAL(ES256_SIGNED);
    g_assert_true(tls_public_key_verifies(key, DIGEST_SHA256, data, signature));
    g_assert_false(tls_public_key_verifies(key, DIGEST_SHA512, data, signature));
    g_assert_false(tls_public_key_verifies(key, DIGEST_MD5, data, signature));
    g_assert_false(
        tls_public_key_verifies(key, DIGEST_SHA256, bytes_sub(data, 1, SIZE_MAX), signature));
    raw->data[5] ^= 1;
    g_assert_false(tls_public_key_verifies(key, DIGEST_SHA256, data, signature));
    g_assert_false(tls_public_key_verifies(key, DIGEST_SHA256, data, bytes_sub(signature, 0, 63)));
    g_assert_false(tls_public_key_verifies(key, DIGEST_SHA256, data, BYTES_NONE));
}

static void test_a_certificate_has_a_key(void)
{
    static const char *const names[] = {"localhost", NULL};
    g_autoptr(TlsMint) mint = tls_mint_new(NULL);
    const TlsMintPlan plan = {.names = names, .rsa_bits = 2048};
    g_autoptr(TlsMinted) minted = tls_mint_issue(mint, &plan, NULL);
    g_autoptr(TlsPublicKey) key = tls_public_key_read(bytes_of(minted->chain), NULL);
    g_assert_nonnull(key);
    g_assert_cmpint(tls_public_key_kind(key), ==, TLS_KEY_RSA);
    g_assert_false(
        tls_public_key_verifies(key, DIGEST_SHA256, BYTES_LITERAL("x"), BYTES_LITERAL("y")));
}

static void test_what_is_no_key_is_refused(void)
{
    static const char *const texts[] = {
        "", "secret\n", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
        /* Ed25519 */
        ("-----BEGIN PUBLIC "
         "KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n"
         "-----END PUBLIC KEY-----\n")};
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(tls_public_key_read(bytes_of(texts[i]), &error));
        g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_DATA);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/public-key/the-published-signature-is-good",
                    test_the_published_signature_is_good);
    g_test_add_func("/public-key/a-certificate-has-a-key", test_a_certificate_has_a_key);
    g_test_add_func("/public-key/what-is-no-key-is-refused", test_what_is_no_key_is_refused);
    return g_test_run();
}
