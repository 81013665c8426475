#include "exchange.h"

#include "sasl/ntlm_parse.h"

static GByteArray *hex(const char *text)
{
    GByteArray *raw = bytes_from_hex(bytes_of(text));
    g_assert_nonnull(raw);
    return raw;
}

/* MS-NLMP section 4.2.4.3: the server's type 2 message of the NTLM version 2 example (its version
 * fields left as they are). */
#define CHALLENGE                                                                                  \
    "4e544c4d53535000 02000000 0c000c00 38000000 33828ae2 0123456789abcdef 0000000000000000 "      \
    "24002400 44000000 06007017 "                                                                  \
    "0000000f 530065007200760065007200 02000c0044006f006d00610069006e00 "                          \
    "01000c00530065007200760065007200 00000000"
#define TIMED_CHALLENGE                                                                            \
    "4e544c4d53535000 02000000 0c000c00 30000000 01828200 0123456789abcdef 0000000000000000 "      \
    "10001000 3c000000 "                                                                           \
    "530065007200760065007200 0700080000112233445566ff 00000000"

static SaslClient *user_of_the_example(const Secret *password, const char *nonce)
{
    SaslParams params = {.user = "Domain\\User", .password = password, .fixed_nonce = nonce};
    SaslClient *client = client_for("NTLM", &params);
    g_autoptr(GByteArray) type_1 =
        hex("4e544c4d53535000 01000000 07820800 0000000020000000 0000000020000000");
    assert_begins(client, bytes_of_array(type_1));
    return client;
}

static void assert_field(Bytes message, size_t offset, const char *expected)
{
    g_autofree char *found = bytes_hex(ntlm_field(message, offset));
    g_assert_cmpstr(found, ==, expected);
}

/* The same section: LMv2 and NTLMv2 responses for the client challenge aa..aa and the time 0. */
static void test_version_2_example_of_ms_nlmp(void)
{
    g_autoptr(Secret) password = secret_of("Password");
    g_autoptr(SaslClient) client =
        user_of_the_example(password, "\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa");
    g_autoptr(GByteArray) challenge = hex(CHALLENGE);
    g_autoptr(GString) answered = answer(client, true, bytes_of_array(challenge));
    Bytes type_3 = bytes_of_string(answered);
    g_assert_cmpuint(ntlm_type(type_3), ==, 3);
    assert_field(type_3, 12, "86c35097ac9cec102554764a57cccc19aaaaaaaaaaaaaaaa");
    assert_field(type_3, 20,
                 "68cd0ab851e51c96aabc927bebef6a1c"
                 "01010000000000000000000000000000aaaaaaaaaaaaaaaa00000000"
                 "02000c0044006f006d00610069006e0001000c0053006500720076006500720000000000"
                 "00000000");
    assert_field(type_3, 28, "44006f006d00610069006e00");
    assert_field(type_3, 36, "5500730065007200");
    assert_step_fails(client, true, BYTES_NONE, POSTERN_ERROR_PROTOCOL, "nothing more");
}

/* A server that tells its time gets it back, and no LMv2 response (section 3.1.5.1.2). */
static void test_the_servers_time_is_used(void)
{
    g_autoptr(Secret) password = secret_of("Password");
    g_autoptr(SaslClient) client = user_of_the_example(password, NULL);
    g_autoptr(GByteArray) challenge = hex(TIMED_CHALLENGE);
    g_autoptr(GString) answered = answer(client, true, bytes_of_array(challenge));
    Bytes type_3 = bytes_of_string(answered), nt = ntlm_field(type_3, 20);
    assert_field(type_3, 12, "000000000000000000000000000000000000000000000000");
    g_autofree char *time = bytes_hex(bytes_sub(nt, 16 + 8, 8));
    g_assert_cmpstr(time, ==, "00112233445566ff");
}

static void assert_domain(const char *user, const char *realm, const char *expected_domain,
                          const char *expected_user)
{
    g_autoptr(Secret) password = secret_of("p");
    SaslParams params = {.user = user, .realm = realm, .password = password};
    g_autoptr(SaslClient) client = client_for("NTLM", &params);
    g_autoptr(GString) ignored G_GNUC_UNUSED = answer(client, true, B("ntlm supported"));
    g_autoptr(GByteArray) challenge = hex(CHALLENGE);
    g_autoptr(GString) answered = answer(client, true, bytes_of_array(challenge));
    g_autofree char *domain = ntlm_text(ntlm_field(bytes_of_string(answered), 28), true);
    g_autofree char *name = ntlm_text(ntlm_field(bytes_of_string(answered), 36), true);
    g_assert_cmpstr(domain, ==, expected_domain);
    g_assert_cmpstr(name, ==, expected_user);
}

static void test_where_the_domain_comes_from(void)
{
    assert_domain("joe", NULL, "Server", "joe");
    assert_domain("CORP\\joe", NULL, "CORP", "joe");
    assert_domain("joe", "REALM", "REALM", "joe");
    assert_domain("joe@corp.example", NULL, "", "joe@corp.example");
    assert_domain("\xf0\x9f\x90\x99", NULL, "Server",
                  "\xf0\x9f\x90\x99"); /* a surrogate pair there and back */
}

static void test_broken_challenges(void)
{
    static const char *const broken[] = {
        "",
        "4e544c4d53535000 02000000",
        "4e544c4d53535000 03000000 0c000c00 38000000 33828ae2 0123456789abcdef",
        "4e544c4d53535001 02000000 0c000c00 38000000 33828ae2 0123456789abcdef",
    };
    g_autoptr(Secret) password = secret_of("p");
    for (size_t i = 0; i < G_N_ELEMENTS(broken); i++) {
        g_autoptr(SaslClient) client = user_of_the_example(password, NULL);
        g_autoptr(GByteArray) challenge = hex(broken[i]);
        assert_step_fails(client, true, bytes_of_array(challenge), POSTERN_ERROR_PROTOCOL,
                          "type 2");
    }
    /* fields that point outside are empty */
    g_autoptr(SaslClient) client = user_of_the_example(password, NULL);
    g_autoptr(GByteArray) outside = hex("4e544c4d53535000 02000000 ffffffff ffffffff 33828ae2 "
                                        "0123456789abcdef 0000000000000000 2400 2400 ffffffff");
    g_autoptr(GString) answered = answer(client, true, bytes_of_array(outside));
    g_assert_cmpuint(ntlm_type(bytes_of_string(answered)), ==, 3);
}

static void test_reading_numbers_stays_inside(void)
{
    g_assert_cmpuint(ntlm_u16(B("\x01\x02"), 0), ==, 0x0201);
    g_assert_cmpuint(ntlm_u16(B("\x01\x02"), 1), ==, 0);
    g_assert_cmpuint(ntlm_u32(B("\x01\x02\x03\x04"), 0), ==, 0x04030201);
    g_assert_cmpuint(ntlm_u32(B("\x01\x02\x03\x04"), SIZE_MAX), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sasl/ntlm/version_2_example_of_ms_nlmp", test_version_2_example_of_ms_nlmp);
    g_test_add_func("/sasl/ntlm/the_servers_time_is_used", test_the_servers_time_is_used);
    g_test_add_func("/sasl/ntlm/where_the_domain_comes_from", test_where_the_domain_comes_from);
    g_test_add_func("/sasl/ntlm/broken_challenges", test_broken_challenges);
    g_test_add_func("/sasl/ntlm/reading_numbers_stays_inside", test_reading_numbers_stays_inside);
    return g_test_run();
}
