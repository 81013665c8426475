#include "base/secret.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void assert_reveals(const Secret *secret, Bytes expected)
{
    Bytes b = secret_reveal(secret);
    g_assert_cmpmem(b.data, b.len, expected.data, expected.len);
    g_assert_cmpint(b.data[b.len], ==, '\0');
    g_assert_cmpuint(secret_length(secret), ==, expected.len);
}

static void test_keeps_a_copy_with_nul_behind(void)
{
    char original[] = "hunter2";
    g_autoptr(Secret) s = secret_new(original, 7);
    original[0] = 'X';
    assert_reveals(s, BYTES_LITERAL("hunter2"));
    g_autoptr(Secret) empty = secret_new(NULL, 0);
    assert_reveals(empty, BYTES_LITERAL(""));
    g_autoptr(Secret) binary = secret_new("a\0b", 3);
    assert_reveals(binary, BYTES_LITERAL("a\0b"));
}

/* Pages are used again. */
static void test_a_new_one_shows_nothing_of_those_before(void)
{
    enum { MANY = 20 };
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    g_autofree char *full = g_strnfill(page - 1, 'x');
    Secret *many[MANY];
    for (size_t i = 0; i < MANY; i++) {
        many[i] = secret_new(full, page - 1);
    }
    for (size_t i = 0; i < MANY; i++) {
        secret_free(many[i]);
    }
    for (size_t i = 0; i < MANY; i++) {
        many[i] = secret_new("y", 1);
        const char *data = secret_reveal(many[i]).data;
        for (size_t at = 1; at < page; at++) {
            g_assert_cmpint(data[at], ==, 0);
        }
        for (size_t other = 0; other < i; other++) {
            g_assert_true(secret_reveal(many[other]).data != data);
        }
    }
    for (size_t i = 0; i < MANY; i++) {
        secret_free(many[i]);
    }
}

static void test_take_string_wipes_the_original(void)
{
    char typed[] = "hunter2";
    g_autoptr(Secret) s = secret_take_string(typed);
    assert_reveals(s, BYTES_LITERAL("hunter2"));
    for (size_t i = 0; i < sizeof(typed); i++) {
        g_assert_cmpint(typed[i], ==, 0);
    }
}

static void test_copy_is_independent(void)
{
    Secret *s = secret_new("one", 3);
    g_autoptr(Secret) copy = secret_copy(s);
    secret_free(s);
    assert_reveals(copy, BYTES_LITERAL("one"));
    secret_free(NULL);
}

static void test_equal(void)
{
    g_autoptr(Secret) a = secret_new("abc", 3);
    g_autoptr(Secret) same = secret_new("abc", 3);
    g_autoptr(Secret) other = secret_new("abd", 3);
    g_autoptr(Secret) longer = secret_new("abcd", 4);
    g_assert_true(secret_equal(a, same));
    g_assert_false(secret_equal(a, other));
    g_assert_false(secret_equal(a, longer));
}

static void test_line_breaks_are_found(void)
{
    static const Bytes bad[] = {BYTES_LITERAL("a\rb"), BYTES_LITERAL("a\n"), BYTES_LITERAL("\0b")};
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(Secret) s = secret_new(bad[i].data, bad[i].len);
        g_assert_true(secret_has_line_break(s));
    }
    g_autoptr(Secret) good = secret_new("a b\t\xff", 5);
    g_assert_false(secret_has_line_break(good));
}

static void test_base64_of_every_length(void)
{
    char text[300];
    for (size_t len = 0; len < sizeof(text); len++) {
        memset(text, 'x', sizeof(text));
        g_autoptr(Secret) s = secret_new(text, len);
        g_autoptr(Secret) encoded = secret_base64(s);
        g_autofree char *expected = bytes_base64((Bytes){text, len});
        assert_reveals(encoded, bytes_of(expected));
    }
}

static void test_base64_may_fill_its_pages(void)
{
    /* 3071 bytes become 4096 characters and a NUL: one more page than the characters alone. */
    g_autofree char *text = g_strnfill(3071, 'p');
    g_autoptr(Secret) s = secret_new(text, 3071);
    g_autoptr(Secret) encoded = secret_base64(s);
    g_assert_cmpuint(secret_length(encoded), ==, 4096);
    g_assert_cmpint(secret_reveal(encoded).data[4096], ==, '\0');
}

static void test_wrap(void)
{
    g_autoptr(Secret) s = secret_new("pw", 2);
    g_autoptr(Secret) wrapped = secret_wrap(BYTES_LITERAL("PASS "), s, BYTES_LITERAL("\r\n"));
    assert_reveals(wrapped, BYTES_LITERAL("PASS pw\r\n"));
    g_autoptr(Secret) bare = secret_wrap(BYTES_NONE, s, BYTES_NONE);
    assert_reveals(bare, BYTES_LITERAL("pw"));
}

/* The flags the kernel keeps for the mapping that holds an address: "dd" is not dumped, "lo" is
 * locked. */
static char *flags_of_mapping(const void *address)
{
    g_autofree char *maps = NULL;
    if (!g_file_get_contents("/proc/self/smaps", &maps, NULL, NULL) ||
        strstr(maps, "VmFlags") == NULL) {
        return NULL;
    }
    g_auto(GStrv) lines = g_strsplit(maps, "\n", -1);
    bool inside = false;
    for (char **line = lines; *line != NULL; line++) {
        unsigned long first, last;
        if (sscanf(*line, "%lx-%lx ", &first, &last) == 2) {
            inside = first <= (unsigned long)address && (unsigned long)address < last;
        } else if (inside && g_str_has_prefix(*line, "VmFlags:")) {
            return g_strconcat(*line, " ", NULL);
        }
    }
    return NULL;
}

static void test_pages_are_not_dumped(void)
{
    g_autoptr(Secret) s = secret_new("pw", 2);
    g_autofree char *flags = flags_of_mapping(secret_reveal(s).data);
    if (flags == NULL) {
        g_test_skip("this kernel does not tell the flags of a mapping");
        return;
    }
    g_assert_nonnull(strstr(flags, " dd "));
}

static void test_reading_behind_the_pages_faults(void)
{
    if (g_test_subprocess()) {
        g_autoptr(Secret) s = secret_new("pw", 2);
        volatile const char *data = secret_reveal(s).data;
        char c = data[sysconf(_SC_PAGESIZE)];
        (void)c;
        return;
    }
    g_test_trap_subprocess(NULL, 0, 0);
    g_test_trap_assert_failed();
}

static void test_wipe(void)
{
    char text[] = "secret";
    secret_wipe(text, sizeof(text));
    g_assert_cmpmem(text, sizeof(text), "\0\0\0\0\0\0\0", 7);
    secret_wipe(NULL, 0);
}

static void check_first_line(const char *text, const char *expected)
{
    g_autoptr(Secret) whole = secret_new(text, strlen(text));
    g_autoptr(Secret) line = secret_first_line(whole);
    g_assert_cmpstr(secret_reveal(line).data, ==, expected);
}

static void test_first_line(void)
{
    check_first_line("pass\r\nurl: x\n", "pass");
    check_first_line("pass\n", "pass");
    check_first_line("pass", "pass");
    check_first_line("\nsecond", "");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/secret/keeps-a-copy", test_keeps_a_copy_with_nul_behind);
    g_test_add_func("/secret/nothing-of-before", test_a_new_one_shows_nothing_of_those_before);
    g_test_add_func("/secret/take-wipes", test_take_string_wipes_the_original);
    g_test_add_func("/secret/copy", test_copy_is_independent);
    g_test_add_func("/secret/equal", test_equal);
    g_test_add_func("/secret/line-breaks", test_line_breaks_are_found);
    g_test_add_func("/secret/base64", test_base64_of_every_length);
    g_test_add_func("/secret/base64-fills-pages", test_base64_may_fill_its_pages);
    g_test_add_func("/secret/wrap", test_wrap);
    g_test_add_func("/secret/not-dumped", test_pages_are_not_dumped);
    g_test_add_func("/secret/guard-page", test_reading_behind_the_pages_faults);
    g_test_add_func("/secret/wipe", test_wipe);
    g_test_add_func("/secret/first_line", test_first_line);
    return g_test_run();
}
