#include "proto/imap_set.h"

#include <string.h>

static ImapSet *parsed(const char *text)
{
    ImapSet *set = imap_set_new();
    g_assert_true(imap_set_parse(set, bytes_of(text), 100));
    imap_set_tidy(set);
    return set;
}

static void assert_text(const char *from, const char *expected)
{
    size_t at = 0;
    g_autoptr(ImapSet) set = parsed(from);
    g_autofree char *text = imap_set_text(set, &at, 1000);
    g_assert_cmpstr(text, ==, expected);
    g_assert_null(imap_set_text(set, &at, 1000));
}

static void test_sets_are_tidied(void)
{
    assert_text("5", "5");
    assert_text("7,1:3,4,12:10,11", "1:4,7,10:12");
    assert_text("4294967295,1:4294967294", "1:4294967295");
    assert_text("3:5,4,1:9", "1:9");
}

static void test_what_is_no_set_is_refused(void)
{
    static const char *const bad[] = {"",   "0",     "*",          "1:*", "1,,2",
                                      ",1", "1:2:3", "4294967296", "-1",  "a"};
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(ImapSet) set = imap_set_new();
        g_assert_false(imap_set_parse(set, bytes_of(bad[i]), 100));
    }
    g_autoptr(ImapSet) set = imap_set_new();
    g_assert_false(imap_set_parse(set, BYTES_LITERAL("1,3,5"), 2));
}

static void test_members_are_found(void)
{
    g_autoptr(ImapSet) set = parsed("2:4,9,4294967295");
    for (uint32_t uid = 0; uid < 12; uid++) {
        g_assert_true(imap_set_has(set, uid) == ((uid >= 2 && uid <= 4) || uid == 9));
    }
    g_assert_true(imap_set_has(set, UINT32_MAX));
    g_assert_cmpuint(imap_set_count(set), ==, 5);
}

static void test_following_numbers_become_ranges(void)
{
    g_autoptr(ImapSet) set = imap_set_new();
    static const uint32_t uids[] = {1, 2, 2, 3, 7, 8, UINT32_MAX, UINT32_MAX};
    for (size_t i = 0; i < G_N_ELEMENTS(uids); i++) {
        imap_set_add(set, uids[i]);
    }
    g_assert_cmpuint(set->ranges->len, ==, 3);
}

static void test_commands_stay_short(void)
{
    g_autoptr(ImapSet) set = imap_set_new();
    g_autoptr(GString) all = g_string_new(NULL);
    for (uint32_t uid = 1; uid < 2000; uid += 2) {
        imap_set_add(set, uid);
    }
    size_t at = 0;
    char *text;
    while ((text = imap_set_text(set, &at, 50))) {
        g_assert_cmpuint(strlen(text), <=, 50);
        g_string_append_printf(all, "%s%s", all->len ? "," : "", text);
        g_free(text);
    }
    g_autoptr(ImapSet) again = imap_set_new();
    g_assert_true(imap_set_parse(again, bytes_of_string(all), 5000));
    g_assert_cmpuint(imap_set_count(again), ==, 1000);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/imap_set/tidied", test_sets_are_tidied);
    g_test_add_func("/imap_set/refused", test_what_is_no_set_is_refused);
    g_test_add_func("/imap_set/members", test_members_are_found);
    g_test_add_func("/imap_set/ranges", test_following_numbers_become_ranges);
    g_test_add_func("/imap_set/short", test_commands_stay_short);
    return g_test_run();
}
