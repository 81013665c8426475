#include "server/imap_fetch_args.h"

#include <string.h>

static void assert_label(const char *asked, const char *expected)
{
    g_autoptr(GArray) items = imap_parse_fetch_items(bytes_of(asked));
    g_assert_nonnull(items);
    g_autofree char *label = imap_fetch_label(&g_array_index(items, ImapFetchItem, 0));
    g_assert_cmpstr(label, ==, expected);
}

static void test_sections_are_named_as_they_were_asked(void)
{
    assert_label("BODY[]", "BODY[]");
    assert_label("body.peek[1.2.text]<5.10>", "BODY[1.2.TEXT]<5>");
    assert_label("(BODY[HEADER.FIELDS (from \"X y\")])", "BODY[HEADER.FIELDS (FROM \"X Y\")]");
    assert_label("BODY[3.HEADER.FIELDS.NOT (TO)]", "BODY[3.HEADER.FIELDS.NOT (TO)]");
    assert_label("BODY[1.MIME]", "BODY[1.MIME]");
    assert_label("RFC822.TEXT", "RFC822.TEXT");
}

static void test_macros_and_lists(void)
{
    const struct {
        const char *text;
        guint n;
    } rows[] = {{"FAST", 3}, {"all", 4}, {"FULL", 5}, {"(UID FLAGS BODY BODY[])", 4}, {"UID", 1}};
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GArray) items = imap_parse_fetch_items(bytes_of(rows[i].text));
        g_assert_nonnull(items);
        g_assert_cmpuint(items->len, ==, rows[i].n);
    }
}

static void test_peek_is_what_sets_no_flag(void)
{
    g_autoptr(GArray) items =
        imap_parse_fetch_items(BYTES_LITERAL("(BODY.PEEK[] BODY[] RFC822 RFC822.HEADER)"));
    const bool peeks[] = {true, false, false, true};
    for (guint i = 0; i < 4; i++) {
        g_assert_true(g_array_index(items, ImapFetchItem, i).peek == peeks[i]);
    }
}

static void test_nonsense_is_refused(void)
{
    static const char *const bad[] = {
        "",
        "()",
        "(UID",
        "UID FLAGS",
        "(UID  FLAGS)",
        "BODY[",
        "BODY[1",
        "BODY[1.]",
        "BODY[0]",
        "BODY[MIME]",
        "BODY[1TEXT]",
        "BODY[]<1>",
        "BODY[]<1.0>",
        "BODY[HEADER.FIELDS]",
        "BODY[HEADER.FIELDS ()]",
        "BODY[X]",
        "FLAGS[]",
        "(FAST)",
        "BODY[1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1]"};
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_test_message("%s", bad[i]);
        g_assert_null(imap_parse_fetch_items(bytes_of(bad[i])));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sections are named as they were asked",
                    test_sections_are_named_as_they_were_asked);
    g_test_add_func("/macros and lists", test_macros_and_lists);
    g_test_add_func("/peek is what sets no flag", test_peek_is_what_sets_no_flag);
    g_test_add_func("/nonsense is refused", test_nonsense_is_refused);
    return g_test_run();
}
