#include "server/imap_command.h"

#include <string.h>

static void test_a_command_is_tag_verb_and_arguments(void)
{
    ImapCommandLine line;
    g_assert_true(imap_command_line(BYTES_LITERAL("a1 uid Fetch 1:* (UID)"), &line));
    g_assert_true(line.uid && bytes_equal_ci(line.verb, "FETCH"));
    g_assert_true(bytes_equal(line.args, BYTES_LITERAL("1:* (UID)")));
    g_assert_true(imap_command_line(BYTES_LITERAL("a NOOP  "), &line));
    g_assert_cmpuint(line.args.len, ==, 0);
    g_assert_true(imap_command_line(BYTES_LITERAL("a"), &line) && line.verb.len == 0);
    g_assert_false(imap_command_line(BYTES_LITERAL(" NOOP"), &line));
    g_assert_false(imap_command_line(BYTES_LITERAL("+ NOOP"), &line));
    g_assert_false(imap_command_line(BYTES_NONE, &line));
}

static void test_literals_are_announced_at_the_end(void)
{
    uint64_t octets;
    bool at_once;
    g_assert_true(imap_literal_at_end(BYTES_LITERAL("a LOGIN {12}"), &octets, &at_once));
    g_assert_true(octets == 12 && !at_once);
    g_assert_true(imap_literal_at_end(BYTES_LITERAL("{0+}"), &octets, &at_once));
    g_assert_true(octets == 0 && at_once);
    static const char *const none[] = {"",      "{}",   "{+}",   "12}",
                                       "{12} ", "{1a}", "{-12}", "{99999999999999999999}"};
    for (size_t i = 0; i < G_N_ELEMENTS(none); i++) {
        g_assert_false(imap_literal_at_end(bytes_of(none[i]), &octets, &at_once));
    }
}

static void assert_astring(const char *from, const char *expected, const char *rest)
{
    Bytes in = bytes_of(from);
    g_autofree char *text = imap_scan_astring(&in, false);
    g_assert_cmpstr(text, ==, expected);
    g_assert_true(!expected || bytes_equal(in, bytes_of(rest)));
}

static void test_strings_in_all_their_forms(void)
{
    assert_astring("atom] x", "atom]", " x");
    assert_astring("\"a \\\"b\\\\\" x", "a \"b\\", " x");
    assert_astring("\"\"", "", "");
    assert_astring("{3}\r\na\r\n x", "a\r\n", " x");
    assert_astring("{0+}\r\n", "", "");
    assert_astring("{4}\r\nabc", NULL, NULL);
    assert_astring("{3}abc", NULL, NULL);
    assert_astring("\"open", NULL, NULL);
    assert_astring("\"open\\", NULL, NULL);
    assert_astring("", NULL, NULL);
    assert_astring("(", NULL, NULL);
    Bytes nul = {"{2}\r\na\0", 7};
    g_assert_null(imap_scan_string(&nul));
    Bytes star = BYTES_LITERAL("INBOX%*");
    g_autofree char *pattern = imap_scan_astring(&star, true);
    g_assert_cmpstr(pattern, ==, "INBOX%*");
    Bytes box = BYTES_LITERAL("K&AOQ-se"), inbox = BYTES_LITERAL("inBox");
    g_autofree char *decoded = imap_scan_mailbox(&box);
    g_autofree char *upper = imap_scan_mailbox(&inbox);
    g_assert_cmpstr(decoded, ==, "Käse");
    g_assert_cmpstr(upper, ==, "INBOX");
}

static void assert_set(const char *from, const char *expected)
{
    size_t at = 0;
    Bytes in = bytes_of(from);
    g_autoptr(ImapSet) set = imap_set_new();
    bool good = imap_scan_set(&in, 9, set);
    g_autofree char *text = good ? imap_set_text(set, &at, 100) : NULL;
    g_assert_cmpstr(text, ==, expected);
}

static void test_sets_know_the_star(void)
{
    assert_set("1:3,2,*", "1:3,9");
    assert_set("*:7", "7:9");
    assert_set("12:*", "9:12");
    assert_set("0", NULL);
    assert_set("1:", NULL);
    assert_set("1,", NULL);
    assert_set("4294967296", NULL);
}

static void test_flags_and_keywords(void)
{
    Mail flags = {0};
    Bytes in = BYTES_LITERAL("(\\seen $Mine \\Recent $MINE other) x");
    g_assert_true(imap_scan_flags(&in, &flags));
    g_assert_true(flags.seen && !flags.deleted && flags.keywords->len == 2);
    imap_flags_clear(&flags);
    Bytes bare = BYTES_LITERAL("\\Deleted \\Draft"), none = BYTES_LITERAL("()");
    g_assert_true(imap_scan_flags(&bare, &flags) && flags.deleted && flags.draft);
    g_assert_true(imap_scan_flags(&none, &flags) && !flags.keywords);
    static const char *const bad[] = {"(\\Strange)", "(\\Seen", "(a  b)", "", "(\"q\")"};
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        Bytes b = bytes_of(bad[i]);
        g_assert_false(imap_scan_flags(&b, &flags));
        imap_flags_clear(&flags);
    }
}

static void test_dates(void)
{
    uint32_t day;
    int64_t when;
    Bytes date = BYTES_LITERAL("\"1-Feb-2003\""), long_date = BYTES_LITERAL("31-dec-1999");
    Bytes time = BYTES_LITERAL("\" 1-Jan-1970 01:00:10 +0100\"");
    g_assert_true(imap_scan_date(&date, &day) && day == 20030201);
    g_assert_true(imap_scan_date(&long_date, &day) && day == 19991231);
    g_assert_true(imap_scan_date_time(&time, &when));
    g_assert_cmpint(when, ==, 10);
    static const char *const bad[] = {"0-Feb-2003", "1-Fob-2003", "1-Feb-03", "1/Feb/2003", ""};
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        Bytes b = bytes_of(bad[i]);
        g_assert_false(imap_scan_date(&b, &day));
    }
    Bytes february = BYTES_LITERAL("\"30-Feb-2003 00:00:00 +0000\"");
    g_assert_false(imap_scan_date_time(&february, &when));
}

static void test_append_is_known_by_its_last_literal(void)
{
    ImapAppend a;
    g_assert_true(imap_parse_append(
        BYTES_LITERAL("{5}\r\nIN BO (\\Flagged) \" 1-Jan-1970 00:00:07 +0000\" {310+}"), &a));
    g_assert_cmpstr(a.mailbox, ==, "IN BO");
    g_assert_true(a.flags.flagged && a.flags.received == 7 && a.octets == 310 && a.at_once);
    imap_append_clear(&a);
    g_assert_true(imap_parse_append(BYTES_LITERAL("INBOX {3}"), &a) && !a.at_once);
    imap_append_clear(&a);
    static const char *const not_yet[] = {"{5}", "INBOX", "INBOX (\\Seen) ", "INBOX {3}\r\nabc {4}",
                                          ""};
    for (size_t i = 0; i < G_N_ELEMENTS(not_yet); i++) {
        g_assert_false(imap_parse_append(bytes_of(not_yet[i]), &a));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/a command is tag, verb and arguments",
                    test_a_command_is_tag_verb_and_arguments);
    g_test_add_func("/literals are announced at the end", test_literals_are_announced_at_the_end);
    g_test_add_func("/strings in all their forms", test_strings_in_all_their_forms);
    g_test_add_func("/sets know the star", test_sets_know_the_star);
    g_test_add_func("/flags and keywords", test_flags_and_keywords);
    g_test_add_func("/dates", test_dates);
    g_test_add_func("/append is known by its last literal",
                    test_append_is_known_by_its_last_literal);
    return g_test_run();
}
