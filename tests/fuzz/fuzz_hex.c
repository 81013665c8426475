/* Any text either is refused or gives bytes that come back from both written forms; numbers never
 * exceed their bound. */
#include "base/bytes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void assert_round_trip(char *text, Bytes expected)
{
    g_autofree char *owned = text;
    g_autoptr(GByteArray) back = bytes_from_hex(bytes_of(owned));
    g_assert_nonnull(back);
    g_assert_true(bytes_equal(bytes_of_array(back), expected));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Bytes b = {(const char *)data, size};
    g_autoptr(GByteArray) parsed = bytes_from_hex(b);
    if (parsed != NULL) {
        g_assert_cmpuint(parsed->len, <=, size / 2);
        assert_round_trip(bytes_hex(bytes_of_array(parsed)), bytes_of_array(parsed));
    }
    assert_round_trip(bytes_hex(b), b);
    assert_round_trip(bytes_hex_colons(b), b);

    uint64_t max = size == 0 ? 0 : (uint64_t)data[0] * data[size - 1];
    uint64_t value = 0;
    if (bytes_number(b, max, &value)) {
        g_assert_cmpuint(value, <=, max);
    }
    for (Bytes rest = b; rest.len > 0;) {
        size_t before = rest.len;
        bytes_word(&rest);
        g_assert_cmpuint(rest.len, <, before);
    }
    return 0;
}
