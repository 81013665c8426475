#include "server/imap_search_args.h"

#include <string.h>

static const ImapSearchKey *child(const ImapSearchKey *key, guint n)
{
    return key->children->pdata[n];
}

static void test_keys_are_a_tree(void)
{
    ImapSearch s;
    g_assert_true(imap_parse_search(
        BYTES_LITERAL("OR (SEEN 2:*) NOT FROM {3}\r\nJ\303\234 UNKEYWORD $x SMALLER 10"), 7, 70,
        &s));
    g_assert_cmpuint(s.key->children->len, ==, 3);
    const ImapSearchKey * or = child(s.key, 0);
    g_assert_cmpint(or->kind, ==, IMAP_SEARCH_OR);
    g_assert_true(imap_set_has(child(child(or, 0), 1)->set, 7));
    g_assert_false(imap_set_has(child(child(or, 0), 1)->set, 8));
    const ImapSearchKey *from = child(child(or, 1), 0);
    g_assert_cmpstr(from->field, ==, "From");
    g_assert_cmpstr(from->text, ==, "jü");
    g_assert_cmpint(child(s.key, 1)->kind, ==, IMAP_SEARCH_NOT);
    g_assert_cmpstr(child(child(s.key, 1), 0)->text, ==, "$x");
    g_assert_cmpuint(child(s.key, 2)->octets, ==, 10);
    imap_search_clear(&s);
}

static void test_stars_of_uids_and_of_numbers_differ(void)
{
    ImapSearch s;
    g_assert_true(imap_parse_search(BYTES_LITERAL("* UID *"), 7, 70, &s));
    g_assert_true(imap_set_has(child(s.key, 0)->set, 7));
    g_assert_true(imap_set_has(child(s.key, 1)->set, 70));
    imap_search_clear(&s);
}

static void test_return_and_charset(void)
{
    ImapSearch s;
    g_assert_true(imap_parse_search(BYTES_LITERAL("RETURN () CHARSET \"utf-8\" ALL"), 1, 1, &s));
    g_assert_true(s.extended && s.all && !s.min && !s.count);
    imap_search_clear(&s);
    g_assert_true(imap_parse_search(BYTES_LITERAL("RETURN (MIN COUNT) SEEN"), 1, 1, &s));
    g_assert_true(s.min && s.count && !s.all);
    imap_search_clear(&s);
    g_assert_true(imap_parse_search(BYTES_LITERAL("CHARSET KOI8-R TEXT x"), 1, 1, &s));
    g_assert_true(s.bad_charset && !s.key);
}

static void assert_refused(const char *text)
{
    ImapSearch s;
    g_test_message("%s", text);
    g_assert_false(imap_parse_search(bytes_of(text), 7, 70, &s));
    g_assert_null(s.key);
}

static void test_nonsense_is_refused(void)
{
    static const char *const bad[] = {
        "",          "NOT",        "OR SEEN",        "(SEEN",         "()",        "SEEN)",
        "SEEN  ALL", "FROM",       "HEADER x",       "ON 1-1-1",      "LARGER x",  "STRANGE",
        "1:",        "RETURN ALL", "RETURN (X) ALL", "CHARSET UTF-8", "FROM \377", "KEYWORD (x)"};
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        assert_refused(bad[i]);
    }
}

static void test_depth_and_number_are_capped(void)
{
    GString *deep = g_string_new(NULL), *many = g_string_new("ALL");
    for (int i = 0; i < 5000; i++) {
        g_string_append(deep, "NOT ");
        g_string_append(many, " ALL");
    }
    g_string_append(deep, "ALL");
    assert_refused(deep->str);
    assert_refused(many->str);
    g_string_free(deep, TRUE);
    g_string_free(many, TRUE);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/keys are a tree", test_keys_are_a_tree);
    g_test_add_func("/stars of UIDs and of numbers differ",
                    test_stars_of_uids_and_of_numbers_differ);
    g_test_add_func("/RETURN and CHARSET", test_return_and_charset);
    g_test_add_func("/nonsense is refused", test_nonsense_is_refused);
    g_test_add_func("/depth and number are capped", test_depth_and_number_are_capped);
    return g_test_run();
}
