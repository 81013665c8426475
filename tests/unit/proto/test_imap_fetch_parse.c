#include "proto/imap_fetch_parse.h"

#include <string.h>

static void assert_date(const char *text, int64_t expected)
{
    int64_t when = -1;
    g_assert_true(imap_parse_date(bytes_of(text), &when));
    g_assert_cmpint(when, ==, expected);
}

static void test_dates(void)
{
    assert_date("01-Jan-1970 00:00:00 +0000", 0);
    assert_date("17-Jul-1996 02:44:25 -0700", 837596665);
    assert_date(" 7-Aug-1996 02:44:24 +0000", 839385864);
    assert_date("7-Aug-1996 02:44:24 +0000", 839385864);
    assert_date("29-feb-2024 23:59:59 +0530", 1709231399);
    assert_date("31-Dec-2106 00:00:00 +0000", 4323196800);
    static const char *const bad[] = {
        "",
        "17-Jul-1996",
        "17-Xyz-1996 02:44:25 -0700",
        "32-Jul-1996 02:44:25 -0700",
        "17-Jul-1996 24:44:25 -0700",
        "17-Jul-1996 02:44:25  0700",
        "17-Jul-1996 02:44:25 -07x0",
        "0x-Jul-1996 02:44:25 -0700",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        int64_t when;
        g_assert_false(imap_parse_date(bytes_of(bad[i]), &when));
    }
}

static void test_items(void)
{
    ImapFetch f;
    g_assert_true(imap_parse_fetch(
        BYTES_LITERAL(
            "(UID 5 FLAGS (\\Seen \\DELETED $x) RFC822.SIZE 44 MODSEQ (7) ENVELOPE (\"a)\" "
            "((NIL)) {2}\r\n))) INTERNALDATE \"17-Jul-1996 02:44:25 -0700\")"),
        &f));
    g_assert_true(f.has_uid && f.has_size && f.has_flags && f.seen && f.deleted && !f.flagged);
    g_assert_cmpuint(f.uid, ==, 5);
    g_assert_cmpuint(f.size, ==, 44);
    g_assert_cmpuint(f.modseq, ==, 7);
    g_assert_cmpint(f.received, ==, 837596665);
    g_assert_cmpint(f.body_kind, ==, IMAP_BODY_NONE);
}

static ImapBodyKind body_of(const char *text, ImapFetch *f)
{
    return imap_parse_fetch(bytes_of(text), f) ? f->body_kind : (ImapBodyKind)-1;
}

static void test_bodies(void)
{
    ImapFetch f;
    g_assert_cmpint(body_of("(UID 5 BODY[] {4711}", &f), ==, IMAP_BODY_BEHIND);
    g_assert_cmpuint(f.uid, ==, 5);
    g_assert_cmpint(body_of("(BODY[HEADER] ~{4711}", &f), ==, IMAP_BODY_BEHIND);
    g_assert_cmpint(body_of("(BODY[] {2}\r\nab UID 6)", &f), ==, IMAP_BODY_TEXT);
    g_assert_true(bytes_equal(f.body.text, BYTES_LITERAL("ab")));
    g_assert_cmpint(body_of("(BODY[] \"\\\"\" UID 6)", &f), ==, IMAP_BODY_TEXT);
    g_assert_cmpint(body_of("(BODY[] nil)", &f), ==, IMAP_BODY_NIL);
    g_assert_cmpint(body_of("(UID 6)", &f), ==, IMAP_BODY_NONE);
    static const char *const bad[] = {"",
                                      "UID 5",
                                      "(UID)",
                                      "(UID 0)",
                                      "(UID 4294967296)",
                                      "(FLAGS Seen)",
                                      "(BODY[] )",
                                      "(BODY[] {99999999999}",
                                      "(UID 5",
                                      "(X (a)",
                                      "(X \"a)",
                                      "(BODY[] {9}\r\nshort)"};
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_test_message("%s", bad[i]);
        g_assert_false(imap_parse_fetch(bytes_of(bad[i]), &f));
    }
}

static void test_line_ends(void)
{
    uint64_t octets = 0;
    g_assert_cmpint(imap_line_end(BYTES_LITERAL("x {12}"), &octets), ==, IMAP_LINE_LITERAL);
    g_assert_cmpuint(octets, ==, 12);
    g_assert_cmpint(imap_line_end(BYTES_LITERAL("{4294967295}"), &octets), ==, IMAP_LINE_LITERAL);
    g_assert_cmpint(imap_line_end(BYTES_LITERAL("{4294967296}"), &octets), ==, IMAP_LINE_NONSENSE);
    g_assert_cmpint(imap_line_end(BYTES_LITERAL("{-1}"), &octets), ==, IMAP_LINE_NONSENSE);
    g_assert_cmpint(imap_line_end(BYTES_LITERAL("{99999999999999999999999}"), &octets), ==,
                    IMAP_LINE_NONSENSE);
    g_assert_cmpint(imap_line_end(BYTES_LITERAL("a{b}"), &octets), ==, IMAP_LINE_ENDS);
    g_assert_cmpint(imap_line_end(BYTES_LITERAL("}"), &octets), ==, IMAP_LINE_ENDS);
    g_assert_cmpint(imap_line_end(BYTES_LITERAL("{5"), &octets), ==, IMAP_LINE_ENDS);
    g_assert_cmpint(imap_line_end(BYTES_NONE, &octets), ==, IMAP_LINE_ENDS);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/imap_fetch/dates", test_dates);
    g_test_add_func("/imap_fetch/items", test_items);
    g_test_add_func("/imap_fetch/bodies", test_bodies);
    g_test_add_func("/imap_fetch/line_ends", test_line_ends);
    return g_test_run();
}
