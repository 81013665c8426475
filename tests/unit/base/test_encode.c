#include "base/bytes.h"

#define B BYTES_LITERAL

/* RFC 4648 section 10. */
static const struct {
    Bytes bytes;
    const char *base64;
} vectors[] = {
    {BYTES_LITERAL(""), ""},
    {BYTES_LITERAL("f"), "Zg=="},
    {BYTES_LITERAL("fo"), "Zm8="},
    {BYTES_LITERAL("foo"), "Zm9v"},
    {BYTES_LITERAL("foob"), "Zm9vYg=="},
    {BYTES_LITERAL("fooba"), "Zm9vYmE="},
    {BYTES_LITERAL("foobar"), "Zm9vYmFy"},
    {BYTES_LITERAL("\xff\xfe\xfb\0"), "//77AA=="},
};

static void test_base64_vectors_both_ways(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(vectors); i++) {
        g_autofree char *text = bytes_base64(vectors[i].bytes);
        g_assert_cmpstr(text, ==, vectors[i].base64);
        g_autoptr(GByteArray) back = bytes_base64_decode(bytes_of(text));
        g_assert_nonnull(back);
        g_assert_true(bytes_equal(bytes_of_array(back), vectors[i].bytes));
    }
}

static void test_base64_refuses_all_but_the_one_right_form(void)
{
    static const char *const wrong[] = {
        "Z",        "Zg",       "Zg=",      "Zm9",      "Zm8==", "====", "Z===",
        "Zg==Zg==", "Zm9v\n",   " Zm9v",    "Zm 9",     "Zm9-",  "Zm9_", "Zh==",
        "Zm9=",     "Zg==\r\n", "Zm9v====", "Zm9vYg=a", "=Zm9",  "Z=m9", "Zm\xc3\xa9"};
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autoptr(GByteArray) out = bytes_base64_decode(bytes_of(wrong[i]));
        if (out != NULL) {
            g_test_message("accepted: %s", wrong[i]);
        }
        g_assert_null(out);
    }
    g_assert_null(bytes_base64_decode(B("Zm\0v")));
}

static void test_hex(void)
{
    g_autofree char *plain = bytes_hex(B("\x00\xab\xff"));
    g_assert_cmpstr(plain, ==, "00abff");
    g_autofree char *colons = bytes_hex_colons(B("\x00\xab\xff"));
    g_assert_cmpstr(colons, ==, "00:AB:FF");
    g_autofree char *none = bytes_hex_colons(BYTES_NONE);
    g_assert_cmpstr(none, ==, "");
}

static void test_from_hex_takes_what_people_paste(void)
{
    static const char *const same[] = {"0abcFF", "0A:BC:FF", " 0a bc\tff\n", "0a:bc ff:"};
    for (size_t i = 0; i < G_N_ELEMENTS(same); i++) {
        g_autoptr(GByteArray) out = bytes_from_hex(bytes_of(same[i]));
        g_assert_nonnull(out);
        g_assert_cmpmem(out->data, out->len, "\x0a\xbc\xff", 3);
    }
}

static void test_from_hex_refuses_half_pairs(void)
{
    static const char *const wrong[] = {"0", "0a b", "0:a", "0g", "0x0a", "a b"};
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_assert_null(bytes_from_hex(bytes_of(wrong[i])));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/encode/base64-vectors", test_base64_vectors_both_ways);
    g_test_add_func("/encode/base64-strict", test_base64_refuses_all_but_the_one_right_form);
    g_test_add_func("/encode/hex", test_hex);
    g_test_add_func("/encode/from-hex", test_from_hex_takes_what_people_paste);
    g_test_add_func("/encode/from-hex-half-pairs", test_from_hex_refuses_half_pairs);
    return g_test_run();
}
