#include "base/bytes.h"

#define B BYTES_LITERAL

static void test_none_is_safe_everywhere(void)
{
    Bytes rest = BYTES_NONE;
    g_assert_cmpuint(bytes_of(NULL).len, ==, 0);
    g_assert_cmpuint(bytes_of_array(NULL).len, ==, 0);
    g_assert_cmpuint(bytes_of_string(NULL).len, ==, 0);
    g_assert_cmpuint(bytes_sub(BYTES_NONE, 3, 4).len, ==, 0);
    g_assert_cmpuint(bytes_trim(BYTES_NONE).len, ==, 0);
    g_assert_cmpuint(bytes_word(&rest).len, ==, 0);
    g_assert_true(bytes_equal(BYTES_NONE, B("")));
    g_assert_true(bytes_equal_ci(BYTES_NONE, ""));
    g_assert_true(bytes_starts(BYTES_NONE, ""));
    g_assert_false(bytes_starts(BYTES_NONE, "x"));
    g_assert_cmpint(bytes_index(BYTES_NONE, 'x'), ==, -1);
    g_autofree char *copy = bytes_dup(BYTES_NONE);
    g_assert_cmpstr(copy, ==, "");
}

static void test_sub_is_clamped(void)
{
    g_assert_true(bytes_equal(bytes_sub(B("hello"), 1, 3), B("ell")));
    g_assert_true(bytes_equal(bytes_sub(B("hello"), 3, 99), B("lo")));
    g_assert_true(bytes_equal(bytes_sub(B("hello"), 99, 99), B("")));
    g_assert_true(bytes_equal(bytes_sub(B("hello"), 2, SIZE_MAX), B("llo")));
}

static void test_trim_takes_blanks_from_both_ends_only(void)
{
    g_assert_true(bytes_equal(bytes_trim(B(" \t\r\na b\r\n ")), B("a b")));
    g_assert_true(bytes_equal(bytes_trim(B("\r\n \t")), B("")));
}

static void test_words(void)
{
    Bytes rest = B("AUTH  PLAIN\tLOGIN ");
    g_assert_true(bytes_equal(bytes_word(&rest), B("AUTH")));
    g_assert_true(bytes_equal(bytes_word(&rest), B("PLAIN")));
    g_assert_true(bytes_equal(bytes_word(&rest), B("LOGIN")));
    g_assert_cmpuint(rest.len, ==, 0);
    g_assert_cmpuint(bytes_word(&rest).len, ==, 0);
}

static void test_comparisons_see_beyond_nul(void)
{
    g_assert_true(bytes_equal_ci(B("StartTLS"), "STARTTLS"));
    g_assert_false(bytes_equal_ci(B("STARTTL"), "STARTTLS"));
    g_assert_false(bytes_equal_ci(B("STARTTLS "), "STARTTLS"));
    g_assert_false(bytes_equal(B("a\0b"), B("a\0c")));
    g_assert_false(bytes_equal_ci(B("\0STARTTLS"), "STARTTLS"));
    g_assert_true(bytes_starts(B("+OK\0 ready"), "+OK"));
    g_assert_false(bytes_starts(B("+ok"), "+OK"));
    g_assert_true(bytes_starts_ci(B("+ok ready"), "+OK"));
    g_assert_false(bytes_starts_ci(B("+"), "+OK"));
    g_assert_cmpint(bytes_index(B("a\0b"), 'b'), ==, 2);
}

static void test_dup_keeps_nul_and_ends_in_one(void)
{
    g_autofree char *copy = bytes_dup(B("a\0b"));
    g_assert_cmpmem(copy, 4, "a\0b\0", 4);
}

static void test_number(void)
{
    uint64_t n = 7;
    g_assert_true(bytes_number(B("0"), 10, &n) && n == 0);
    g_assert_true(bytes_number(B("0042"), 42, &n) && n == 42);
    g_assert_true(bytes_number(B("18446744073709551615"), UINT64_MAX, &n) && n == UINT64_MAX);
    n = 7;
    g_assert_false(bytes_number(B("18446744073709551616"), UINT64_MAX, &n));
    g_assert_false(bytes_number(B("43"), 42, &n));
    g_assert_false(bytes_number(B("5"), 3, &n));
    g_assert_false(bytes_number(B(""), 10, &n));
    g_assert_false(bytes_number(B("+1"), 10, &n));
    g_assert_false(bytes_number(B("-1"), 10, &n));
    g_assert_false(bytes_number(B("1 "), 10, &n));
    g_assert_false(bytes_number(B("0x1"), 10, &n));
    g_assert_cmpuint(n, ==, 7);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/bytes/none-is-safe", test_none_is_safe_everywhere);
    g_test_add_func("/bytes/sub-is-clamped", test_sub_is_clamped);
    g_test_add_func("/bytes/trim", test_trim_takes_blanks_from_both_ends_only);
    g_test_add_func("/bytes/words", test_words);
    g_test_add_func("/bytes/comparisons-see-beyond-nul", test_comparisons_see_beyond_nul);
    g_test_add_func("/bytes/dup", test_dup_keeps_nul_and_ends_in_one);
    g_test_add_func("/bytes/number", test_number);
    return g_test_run();
}
