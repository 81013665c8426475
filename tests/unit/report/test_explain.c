#include "base/escape.h"
#include "explain_test.h"

static void test_sizes_are_told_in_units_and_exactly(void)
{
    static const struct {
        uint64_t octets;
        const char *text;
    } cases[] = {
        {0, "0 octets"},
        {1, "1 octet"},
        {999, "999 octets"},
        {1000, "1.0 kB (1,000 octets)"},
        {8388608, "8.4 MB (8,388,608 octets)"},
        {999949, "999.9 kB (999,949 octets)"},
        {999950, "1.0 MB (999,950 octets)"},
        {UINT64_C(2500000000), "2.5 GB (2,500,000,000 octets)"},
        {UINT64_MAX, "18446744.1 TB (18,446,744,073,709,551,615 octets)"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = explain_size(cases[i].octets);
        g_assert_cmpstr(text, ==, cases[i].text);
    }
}

static void test_levels_have_names(void)
{
    ExplainLevel level;
    g_assert_true(explain_level_parse("full", &level, NULL));
    g_assert_cmpint(level, ==, EXPLAIN_FULL);
    g_assert_true(explain_level_parse("off", &level, NULL));
    g_assert_cmpint(level, ==, EXPLAIN_OFF);
    g_autoptr(GError) error = NULL;
    g_assert_false(explain_level_parse("loud", &level, &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_USAGE);
}

static void test_a_challenge_is_decoded(void)
{
    g_autofree char *text = explain_sasl(
        "CRAM-MD5", BYTES_LITERAL("PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+"),
        true);
    assert_has(text, "<1896.697170952@postoffice.reston.mci.net>");
}

static void test_a_password_in_a_response_is_not_shown(void)
{
    g_autofree char *plain =
        explain_sasl("PLAIN", BYTES_LITERAL("AGpvZQBodW50ZXIy"), false); /* joe, hunter2 */
    assert_has(plain, "joe");
    assert_lacks(plain, "hunter2");
    g_autofree char *login = explain_sasl("LOGIN", BYTES_LITERAL("VXNlcm5hbWU6"), true);
    assert_has(login, "Username:");
}

static void test_special_responses(void)
{
    g_autofree char *cancel = explain_sasl("PLAIN", BYTES_LITERAL("*"), false);
    g_autofree char *empty = explain_sasl("EXTERNAL", BYTES_LITERAL("="), false);
    assert_has(cancel, "cancels");
    assert_has(empty, "empty");
    g_autofree char *challenge = explain_sasl("PLAIN", BYTES_NONE, true);
    assert_has(challenge, "your response is next");
}

static void test_what_is_no_base64_says_nothing(void)
{
    static const Bytes cases[] = {BYTES_LITERAL(""), BYTES_LITERAL("*****"),
                                  BYTES_LITERAL("not base64!"), BYTES_LITERAL("abc")};
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_assert_null(explain_sasl("PLAIN", cases[i], false));
    }
}

static void test_a_hostile_challenge_stays_harmless_and_short(void)
{
    g_autoptr(GByteArray) raw = g_byte_array_new();
    for (int i = 0; i < 20000; i++) {
        g_byte_array_append(raw, (const guint8 *)"\x1b\x9b\n\0", 4);
    }
    g_autofree char *small = bytes_base64(bytes_sub(bytes_of_array(raw), 0, 40000));
    g_autofree char *text = explain_sasl(NULL, bytes_of(small), true);
    assert_harmless(text);
    g_assert_true(text == NULL || strlen(text) < 10000);
    g_autofree char *huge = bytes_base64(bytes_of_array(raw));
    g_assert_null(explain_sasl(NULL, bytes_of(huge), true));
}

static void test_mechanisms_are_judged(void)
{
    const char *const names[] = {"PLAIN", "scram-sha-256", "NO-SUCH\x1b", "LOGIN", NULL};
    g_autofree char *text = explain_mechanisms(names);
    g_assert_true(g_str_has_prefix(text, "PLAIN, LOGIN (the password itself); scram-sha-256 ("));
    g_assert_true(g_str_has_suffix(text, "; NO-SUCH\\x1B (unknown here)"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/explain/sizes", test_sizes_are_told_in_units_and_exactly);
    g_test_add_func("/explain/levels", test_levels_have_names);
    g_test_add_func("/explain/challenge", test_a_challenge_is_decoded);
    g_test_add_func("/explain/masked", test_a_password_in_a_response_is_not_shown);
    g_test_add_func("/explain/special", test_special_responses);
    g_test_add_func("/explain/no-base64", test_what_is_no_base64_says_nothing);
    g_test_add_func("/explain/hostile", test_a_hostile_challenge_stays_harmless_and_short);
    g_test_add_func("/explain/mechanisms", test_mechanisms_are_judged);
    return g_test_run();
}
