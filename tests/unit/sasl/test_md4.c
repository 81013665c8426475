#include "sasl/md4.h"

/* RFC 1320 appendix A.5: every length class of the padding is among them. */
static void test_suite_of_rfc_1320(void)
{
    static const char *const cases[][2] = {
        {"", "31d6cfe0d16ae931b73c59d7e0c089c0"},
        {"a", "bde52cb31de33e46245e05fbdbd6fb24"},
        {"abc", "a448017aaf21d8525fc10ae87aa6729d"},
        {"message digest", "d9130a8164549fe818874806e1c7014b"},
        {"abcdefghijklmnopqrstuvwxyz", "d79e1c308aa5bbcdeea8ed63df412da9"},
        {"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
         "043f8582f241db351ce627e153e7f0e4"},
        {"12345678901234567890123456789012345678901234567890123456789012345678901234567890",
         "e33b4ddc9c38f2199c3e7b164fcc0536"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        uint8_t out[MD4_SIZE];
        md4_compute(bytes_of(cases[i][0]), out);
        g_autofree char *hex = bytes_hex((Bytes){(const char *)out, sizeof(out)});
        g_assert_cmpstr(hex, ==, cases[i][1]);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sasl/md4/suite_of_rfc_1320", test_suite_of_rfc_1320);
    return g_test_run();
}
