/* What is encrypted in the five messages, read with the private key; and what answers mean. */
#include "tls/robot.h"

#include "certs.h"

static TestCert rsa, ec;

static GBytes *der_of(const TestCert *cert)
{
    unsigned char *der = NULL;
    int len = i2d_X509(cert->x509, &der);
    GBytes *bytes = g_bytes_new(der, (gsize)len);
    OPENSSL_free(der);
    return bytes;
}

/* The padded block of the ClientKeyExchange at `at`, whose premaster has a length of `width`. */
static GByteArray *decrypt(const GByteArray *flight, size_t at, unsigned width)
{
    size_t len = 256;
    g_assert_cmpuint(flight->data[at], ==, 22);
    g_assert_cmpuint(flight->data[at + 5], ==, 16);
    g_assert_cmpuint(flight->data[at + 7] << 8 | flight->data[at + 8], ==, 256 + width);
    GByteArray *block = g_byte_array_new();
    g_byte_array_set_size(block, 256);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(rsa.key, NULL);
    g_assert_cmpint(EVP_PKEY_decrypt_init(context), ==, 1);
    g_assert_cmpint(EVP_PKEY_CTX_set_rsa_padding(context, RSA_NO_PADDING), ==, 1);
    g_assert_cmpint(
        EVP_PKEY_decrypt(context, block->data, &len, flight->data + at + 9 + width, 256), ==, 1);
    EVP_PKEY_CTX_free(context);
    return block;
}

static void test_each_variant_is_wrong_in_its_own_way(void)
{
    g_autoptr(GBytes) der = der_of(&rsa);
    for (uint16_t version = 0x0300; version <= 0x0303; version++) {
        RobotPlan plan = {der, version, 0x0303, false};
        for (int v = 0; v < ROBOT_VARIANTS; v++) {
            GError *error = NULL;
            g_autoptr(GByteArray) flight = robot_flight(&plan, (RobotVariant)v, &error);
            g_assert_no_error(error);
            g_autoptr(GByteArray) block = decrypt(flight, 0, version == 0x0300 ? 0 : 2);
            const uint8_t *end = memchr(block->data + 2, 0, 254);
            size_t zero = end ? (size_t)(end - block->data) : 0;
            g_assert_cmpuint(block->data[0], ==, 0);
            g_assert_cmpuint(block->data[1] == 2, ==, v != ROBOT_BAD_START);
            g_assert_cmpuint(zero, ==, v == ROBOT_NO_ZERO ? 0 : v == ROBOT_BAD_ZERO ? 253 : 207);
            g_assert_cmpuint(block->data[208], ==, v == ROBOT_BAD_VERSION ? 2 : 3);
            g_assert_cmpuint(block->data[209], ==, v == ROBOT_BAD_VERSION ? 2 : 3);
        }
    }
}

static void test_the_flight_is_whole(void)
{
    g_autoptr(GBytes) der = der_of(&rsa);
    RobotPlan plan = {der, 0x0303, 0x0303, true};
    g_autoptr(GByteArray) flight = robot_flight(&plan, ROBOT_GOOD, NULL);
    const uint8_t no_certificate[] = {22, 3, 3, 0, 7, 11, 0, 0, 3, 0, 0, 0},
                  ccs[] = {20, 3, 3, 0, 1, 1};
    size_t exchange = 5 + 4 + 2 + 256;
    g_assert_cmpmem(flight->data, 12, no_certificate, 12);
    g_assert_cmpmem(flight->data + 12 + exchange, 6, ccs, 6);
    g_assert_cmpuint(flight->len, ==, 12 + exchange + 6 + 5 + 64);
    plan.version = 0x0300;
    g_autoptr(GByteArray) old = robot_flight(&plan, ROBOT_GOOD, NULL);
    g_assert_cmpuint(old->data[0], ==, 21); /* a warning takes the empty certificate's place */
}

static void test_without_an_rsa_key_there_is_nothing_to_encrypt_to(void)
{
    GError *error = NULL;
    g_autoptr(GBytes) der = der_of(&ec);
    g_autoptr(GBytes) junk = g_bytes_new_static("\x30\x03junk", 6);
    GBytes *const cases[] = {der, junk};
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        RobotPlan plan = {cases[i], 0x0303, 0x0303, false};
        g_assert_null(robot_flight(&plan, ROBOT_GOOD, &error));
        g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_DATA);
        g_clear_error(&error);
    }
}

static void test_what_answers_mean(void)
{
    static const struct {
        const char *answers[ROBOT_VARIANTS]; /* good, start, zero, no zero, version */
        RobotOracle oracle;
    } cases[] = {
        {{"a", "a", "a", "a", "a"}, ROBOT_NONE},   {{"a", "b", "b", "b", "a"}, ROBOT_WEAK},
        {{"a", "b", "b", "b", "b"}, ROBOT_WEAK},   {{"a", "a", "a", "a", "b"}, ROBOT_WEAK},
        {{"a", "b", "a", "a", "a"}, ROBOT_STRONG}, {{"a", "a", "a", "b", "a"}, ROBOT_STRONG},
        {{"a", "b", "c", "b", "a"}, ROBOT_STRONG},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_assert_cmpint(robot_judge(cases[i].answers), ==, cases[i].oracle);
    }
    for (int v = 0; v < ROBOT_VARIANTS; v++) {
        g_assert_nonnull(robot_variant_words((RobotVariant)v));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    rsa = test_cert((TestCertSpec){.cn = "mail.test", .rsa_bits = 2048});
    ec = test_cert((TestCertSpec){.cn = "mail.test"});
    g_test_add_func("/robot/variants", test_each_variant_is_wrong_in_its_own_way);
    g_test_add_func("/robot/flight", test_the_flight_is_whole);
    g_test_add_func("/robot/no-rsa", test_without_an_rsa_key_there_is_nothing_to_encrypt_to);
    g_test_add_func("/robot/judge", test_what_answers_mean);
    int result = g_test_run();
    test_cert_clear(&rsa);
    test_cert_clear(&ec);
    return result;
}
