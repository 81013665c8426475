/* Pins: what is one, and what it matches. */
#include "certs.h"
#include "tls/pins.h"

#define HEX64 "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF"

static void test_a_pin_is_sha256_and_64_hex_digits(void)
{
    uint8_t pin[32];
    g_assert_true(tls_pin_parse("sha256:" HEX64, pin, NULL));
    g_assert_cmpint(pin[1], ==, 0x11);
    g_assert_cmpint(pin[31], ==, 0xff);
    g_assert_true(tls_pin_parse("SHA256:" HEX64, pin, NULL));
    g_assert_true(tls_pin_parse("sha256:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:"
                                "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF",
                                pin, NULL));
}

static void test_anything_else_is_refused_and_weak_ones_by_name(void)
{
    static const struct {
        const char *text, *words;
    } wrong[] = {
        {"", "64 hex digits"},
        {HEX64, "64 hex digits"},
        {"sha256:", "64 hex digits"},
        {"sha256:" HEX64 "00", "64 hex digits"},
        {"sha256:zz", "64 hex digits"},
        {"md5:00112233445566778899aabbccddeeff", "MD5"},
        {"sha1:0011223344556677", "SHA-1"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        uint8_t pin[32];
        g_autoptr(GError) error = NULL;
        g_assert_false(tls_pin_parse(wrong[i].text, pin, &error));
        g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_USAGE);
        g_assert_nonnull(strstr(error->message, wrong[i].words));
    }
}

static void test_key_and_certificate_match_and_another_key_does_not(void)
{
    TestCert one = test_cert((TestCertSpec){.cn = "one"});
    TestCert two = test_cert((TestCertSpec){.cn = "two"});
    uint8_t pin[32];
    tls_pin_of_key(one.x509, pin);
    g_autofree char *key = tls_pin_text(pin);
    tls_pin_of_certificate(one.x509, pin);
    g_autofree char *certificate = tls_pin_text(pin);
    const char *const key_pins[] = {key, NULL};
    const char *const certificate_pins[] = {certificate, NULL};
    g_autofree char *by_key = tls_pins_match(key_pins, one.x509);
    g_autofree char *by_certificate = tls_pins_match(certificate_pins, one.x509);
    g_assert_nonnull(by_key);
    g_assert_nonnull(by_certificate);
    g_assert_nonnull(strstr(by_key, key));
    g_assert_nonnull(strstr(by_certificate, certificate));
    g_assert_null(tls_pins_match(key_pins, two.x509));
    g_assert_null(tls_pins_match((const char *const[]){NULL}, one.x509));
    test_cert_clear(&one);
    test_cert_clear(&two);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pins/parse", test_a_pin_is_sha256_and_64_hex_digits);
    g_test_add_func("/pins/refuse", test_anything_else_is_refused_and_weak_ones_by_name);
    g_test_add_func("/pins/match", test_key_and_certificate_match_and_another_key_does_not);
    return g_test_run();
}
