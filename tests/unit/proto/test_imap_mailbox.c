#include "proto/imap_mailbox.h"

#include <string.h>

#include "proto/imap_list_parse.h"

static void assert_both_ways(const char *name, const char *raw)
{
    g_autofree char *encoded = imap_mailbox_encode(name);
    g_autofree char *decoded = imap_mailbox_decode(bytes_of(raw));
    g_assert_cmpstr(encoded, ==, raw);
    g_assert_cmpstr(decoded, ==, name);
}

static void test_names_travel_in_modified_utf7(void)
{
    assert_both_ways("INBOX", "INBOX");
    assert_both_ways("", "");
    assert_both_ways("A & B", "A &- B");
    assert_both_ways("Entw\xc3\xbcrfe", "Entw&APw-rfe");
    /* RFC 3501 5.1.3's own example */
    assert_both_ways("~peter/mail/\xe5\x8f\xb0\xe5\x8c\x97/\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e",
                     "~peter/mail/&U,BTFw-/&ZeVnLIqe-");
    assert_both_ways("\xf0\x9f\x98\x80", "&2D3eAA-");
    assert_both_ways("\xc3\xa4&\xc3\xb6", "&AOQ-&-&APY-");
    g_assert_null(imap_mailbox_encode("\xff"));
}

static void test_what_is_no_utf7_is_taken_as_it_is(void)
{
    static const char *const odd[][2] = {
        {"a&b", "a&b"},
        {"&AOQ", "&AOQ"},
        {"&A-", "&A-"},
        {"&2D0-", "&2D0-"},
        {"&!-", "&!-"},
        {"\xc3\xa4", "\xc3\xa4"},
        {"x\xff", "x\xef\xbf\xbd"},
        {"&AAA-", "&AAA-"},
        {"&AOR-", "&AOR-"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(odd); i++) {
        g_autofree char *decoded = imap_mailbox_decode(bytes_of(odd[i][0]));
        g_assert_cmpstr(decoded, ==, odd[i][1]);
    }
}

static void test_patterns(void)
{
    static const struct {
        const char *pattern, *name;
        char delimiter;
        bool fits;
    } rows[] = {
        {"*", "a.b.c", '.', true},
        {"%", "a.b", '.', false},
        {"%", "ab", '.', true},
        {"Lists/*", "Lists.C.x", '.', true},
        {"Lists/%", "Lists.C.x", '.', false},
        {"Lists/%", "Lists.C", '.', true},
        {"Lists/*", "Lists", '.', false},
        {"inbox", "INBOX", '/', true},
        {"INBOX/x", "Inbox.x", '.', true},
        {"Inboxes", "INBOXES", '/', false},
        {"sent", "Sent", '/', false},
        {"*b*d", "abcbd", '/', true},
        {"*b*d", "abcbde", '/', false},
        {"%/b", "a/b", '/', true},
        {"%/b", "a/a/b", '/', false},
        {"*/b", "a/a/b", '/', true},
        {"a/b", "a/b", 0, true},
        {"%c%", "abcde", '/', true},
        {"*%x", "a/b/x", '/', true},
        {"", "", '/', true},
        {"", "a", '/', false},
        {"*x/%y", "ax/bx/cy", '/', true},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_test_message("%s %s", rows[i].pattern, rows[i].name);
        g_assert_true(imap_mailbox_matches(rows[i].pattern, rows[i].name, rows[i].delimiter) ==
                      rows[i].fits);
    }
}

static void test_a_pattern_of_stars_takes_no_longer(void)
{
    g_autofree char *name = g_strnfill(2000, 'a');
    g_autoptr(GString) pattern = g_string_new(NULL);
    for (int i = 0; i < 500; i++) {
        g_string_append(pattern, "*a");
    }
    g_string_append(pattern, "*b");
    g_assert_false(imap_mailbox_matches(pattern->str, name, '/'));
}

static void test_list_responses(void)
{
    ImapFolder f;
    g_assert_true(imap_parse_list(
        BYTES_LITERAL("(\\HasNoChildren \\trash) \"/\" \"[Gmail]/Bin \\\"1\\\"\""), &f));
    g_assert_cmpstr(f.name, ==, "[Gmail]/Bin \"1\"");
    g_assert_cmpint(f.delimiter, ==, '/');
    g_assert_true(f.trash && !f.no_select && !f.all);
    imap_folder_clear(&f);
    g_assert_true(imap_parse_list(BYTES_LITERAL("(\\NonExistent) NIL {3}\r\na b"), &f));
    g_assert_cmpstr(f.name, ==, "a b");
    g_assert_true(f.no_select && !f.delimiter);
    imap_folder_clear(&f);
    g_assert_true(imap_parse_list(BYTES_LITERAL("() \"\\\\\" a&-b"), &f));
    g_assert_cmpstr(f.name, ==, "a&-b");
    g_assert_cmpint(f.delimiter, ==, '\\');
    imap_folder_clear(&f);
    static const char *const bad[] = {"",     "() \"/\"",    "() \"ab\" x", "(",
                                      "() x", "() NIL \"\"", "\\x \"/\" a", "() NIL ("};
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_assert_false(imap_parse_list(bytes_of(bad[i]), &f));
    }
}

static void test_status_responses(void)
{
    ImapStatusLine line;
    g_assert_true(imap_parse_status(
        BYTES_LITERAL("\"a b\" (MESSAGES 3 uidnext 7 X 99999999999 UIDVALIDITY 4294967295)"),
        &line));
    g_assert_cmpstr(line.name, ==, "a b");
    g_assert_cmpuint(line.uid_next, ==, 7);
    g_assert_cmpuint(line.validity, ==, UINT32_MAX);
    g_free(line.name);
    g_assert_true(imap_parse_status(BYTES_LITERAL("x (UIDNEXT 4294967296)"), &line));
    g_assert_cmpuint(line.uid_next, ==, 0); /* no UID: as if it were not told */
    g_free(line.name);
    static const char *const bad[] = {"",
                                      "x",
                                      "x UIDNEXT 7",
                                      "x (",
                                      "x (UIDNEXT",
                                      "x (UIDNEXT -1)",
                                      "x (UIDNEXT 7",
                                      "(UIDNEXT 7)",
                                      "x (UIDNEXT (7))",
                                      "\"\" (UIDNEXT 7)"};
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_assert_false(imap_parse_status(bytes_of(bad[i]), &line));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/imap_mailbox/utf7", test_names_travel_in_modified_utf7);
    g_test_add_func("/imap_mailbox/odd", test_what_is_no_utf7_is_taken_as_it_is);
    g_test_add_func("/imap_mailbox/patterns", test_patterns);
    g_test_add_func("/imap_mailbox/stars", test_a_pattern_of_stars_takes_no_longer);
    g_test_add_func("/imap_mailbox/list", test_list_responses);
    g_test_add_func("/imap_mailbox/status", test_status_responses);
    return g_test_run();
}
