/* Decoding is canonical: what is accepted encodes to the very same text, and every run of bytes
 * survives the round trip. */
#include "base/bytes.h"
#include "base/secret.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Bytes b = {(const char *)data, size};
    g_autoptr(GByteArray) decoded = bytes_base64_decode(b);
    if (decoded != NULL) {
        g_autofree char *text = bytes_base64(bytes_of_array(decoded));
        g_assert_true(bytes_equal(bytes_of(text), b));
    }
    g_autofree char *encoded = bytes_base64(b);
    g_autoptr(GByteArray) back = bytes_base64_decode(bytes_of(encoded));
    g_assert_nonnull(back);
    g_assert_true(bytes_equal(bytes_of_array(back), b));
    g_autoptr(Secret) secret = secret_new(data, size);
    g_autoptr(Secret) secret64 = secret_base64(secret);
    g_assert_true(bytes_equal(secret_reveal(secret64), bytes_of(encoded)));
    return 0;
}
