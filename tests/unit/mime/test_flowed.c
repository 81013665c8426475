/* flowed.c: lines that were broken only for the way are one again. */
#include "mime/flowed.h"

static char *read_in_pieces(const char *text, size_t size, bool delsp)
{
    g_autoptr(GString) out = g_string_new(NULL);
    Flowed *f = flowed_new(delsp);
    Bytes all = bytes_of(text);
    for (size_t at = 0; at < all.len; at += size) {
        flowed_feed(f, bytes_sub(all, at, size), out);
    }
    flowed_end(f, out);
    flowed_free(f);
    return g_strdup(out->str);
}

static void assert_reads(const char *text, bool delsp, const char *wanted)
{
    for (size_t size = 1; size <= 8; size++) {
        g_autofree char *got = read_in_pieces(text, size, delsp);
        g_assert_cmpstr(got, ==, wanted);
    }
}

static void test_broken_lines_are_joined(void)
{
    assert_reads("one \ntwo \nthree\nfour\n", false, "one two three\nfour\n");
    assert_reads("no end ", false, "no end \n");
    assert_reads("", false, "");
    assert_reads("\n\nx\n", false, "\n\nx\n");
    assert_reads("a  b \n\nc\n", false, "a  b \nc\n");
}

static void test_delsp_takes_the_blank_away(void)
{
    assert_reads("\346\227\245 \n\346\234\254\n", true, "\346\227\245\346\234\254\n");
    assert_reads("a  \nb\n", true, "a b\n");
    assert_reads("-- \nx\n", true, "-- \nx\n");
}

static void test_stuffed_blanks_are_taken_away(void)
{
    assert_reads(" From me\n > no quote\n  two\n", false, "From me\n> no quote\n two\n");
}

static void test_quotes_keep_their_depth(void)
{
    assert_reads(">> a \n>> b\n> c \nd\n", false, ">> a b\n> c \nd\n");
    assert_reads(">a\n> b\n", false, "> a\n> b\n");
    assert_reads(">\nx\n", false, "> \nx\n");
}

static void test_a_signature_is_no_part_of_a_paragraph(void)
{
    assert_reads("bye \n-- \nJo\n", false, "bye \n-- \nJo\n");
    assert_reads("> -- \n> Jo\n", false, "> -- \n> Jo\n");
    assert_reads("--  \nx\n-- y\n--", false, "--  x\n-- y\n--\n");
}

static void test_endless_lines_and_quotes_take_no_memory(void)
{
    g_autoptr(GString) out = g_string_new(NULL);
    g_autofree char *quotes = g_strnfill(100000, '>');
    Flowed *f = flowed_new(false);
    flowed_feed(f, bytes_of(quotes), out);
    flowed_feed(f, bytes_of("x\n"), out);
    flowed_end(f, out);
    flowed_free(f);
    g_assert_cmpuint(out->len, <, 200);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/flowed/joined", test_broken_lines_are_joined);
    g_test_add_func("/flowed/delsp", test_delsp_takes_the_blank_away);
    g_test_add_func("/flowed/stuffed", test_stuffed_blanks_are_taken_away);
    g_test_add_func("/flowed/quotes", test_quotes_keep_their_depth);
    g_test_add_func("/flowed/signature", test_a_signature_is_no_part_of_a_paragraph);
    g_test_add_func("/flowed/endless", test_endless_lines_and_quotes_take_no_memory);
    return g_test_run();
}
