#include "exchange.h"

static void assert_prepared(const char *text, const char *expected, bool expected_8bit)
{
    bool was_8bit = !expected_8bit;
    g_autoptr(GError) error = NULL;
    g_autoptr(Secret) raw = secret_of(text), result = sasl_prepare(raw, &was_8bit, &error);
    g_assert_no_error(error);
    assert_bytes(secret_reveal(result), bytes_of(expected));
    g_assert_cmpint(was_8bit, ==, expected_8bit);
}

/* RFC 4013 section 3. */
static void test_examples_of_rfc_4013(void)
{
    assert_prepared("I\xc2\xadX", "IX", false);
    assert_prepared("user", "user", false);
    assert_prepared("USER", "USER", false);
    assert_prepared("\xc2\xaa", "a", false);
    assert_prepared("\xe2\x85\xa8", "IX", false);
}

static void test_blanks_and_compositions(void)
{
    assert_prepared("a\xc2\xa0"
                    "b",
                    "a b", false);
    assert_prepared("a\xcc\x88", "\xc3\xa4", false);
    assert_prepared("", "", false);
    assert_prepared("\xf0\x9f\x90\x99", "\xf0\x9f\x90\x99", false); /* unassigned in Unicode 3.2 */
}

static void test_what_is_not_utf8_stays(void)
{
    assert_prepared("p\xe4ss", "p\xe4ss", true);
}

static void test_forbidden_characters(void)
{
    static const char *const forbidden[] = {"\x07", "a\tb", "\x7f",
                                            "\xd8\xa7"
                                            "1",
                                            "\xe2\x80\xae"
                                            "x"};
    for (size_t i = 0; i < G_N_ELEMENTS(forbidden); i++) {
        bool was_8bit;
        g_autoptr(GError) error = NULL;
        g_autoptr(Secret) raw = secret_of(forbidden[i]);
        g_assert_null(sasl_prepare(raw, &was_8bit, &error));
        g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_AUTH);
    }
    bool was_8bit;
    g_autoptr(GError) error = NULL;
    g_autoptr(Secret) raw = secret_new("a\0b", 3);
    g_assert_null(sasl_prepare(raw, &was_8bit, &error));
    g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_AUTH);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sasl/prep/examples_of_rfc_4013", test_examples_of_rfc_4013);
    g_test_add_func("/sasl/prep/blanks_and_compositions", test_blanks_and_compositions);
    g_test_add_func("/sasl/prep/what_is_not_utf8_stays", test_what_is_not_utf8_stays);
    g_test_add_func("/sasl/prep/forbidden_characters", test_forbidden_characters);
    return g_test_run();
}
