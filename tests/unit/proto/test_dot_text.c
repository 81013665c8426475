#include "proto/dot_text.h"

#include <string.h>

#include "proto/pop3_list.h"

/* The same, an octet at a time and as plain as can be. False when the end is not in it. */
static bool slowly(Bytes in, GString *text, size_t *used)
{
    for (size_t i = 0; i < in.len;) {
        bool begins = i == 0 || (i >= 2 && in.data[i - 1] == '\n' && in.data[i - 2] == '\r');
        if (begins && in.data[i] == '.') {
            if (in.len - i >= 3 && in.data[i + 1] == '\r' && in.data[i + 2] == '\n') {
                *used = i + 3;
                return true;
            }
            if (in.len - i < 3 && (in.len - i == 1 || in.data[i + 1] == '\r')) {
                return false;
            }
            i++;
            begins = false;
        }
        if (i < in.len) {
            g_string_append_c(text, in.data[i++]);
        }
    }
    return false;
}

static bool in_pieces(Bytes in, size_t first, size_t step, GString *text, size_t *used)
{
    DotReader reader;
    Bytes part, piece;
    dot_reader_begin(&reader);
    *used = 0;
    for (size_t at = 0, len = first; at < in.len && !dot_reader_ended(&reader);
         at += len, len = step) {
        part = bytes_sub(in, at, len);
        size_t given = part.len;
        while (dot_reader_text(&reader, &part, &piece)) {
            g_assert_cmpuint(piece.len, >, 0);
            g_string_append_len(text, piece.data, (gssize)piece.len);
        }
        *used += given - part.len;
        g_assert_true(dot_reader_ended(&reader) || !part.len);
    }
    return dot_reader_ended(&reader);
}

static void compare(Bytes in)
{
    g_autoptr(GString) expected = g_string_new(NULL);
    size_t used = 0, end = 0;
    bool ends = slowly(in, expected, &end);
    for (size_t first = 1; first <= in.len; first++) {
        for (size_t step = 1; step <= 3; step++) {
            g_autoptr(GString) text = g_string_new(NULL);
            g_assert_true(in_pieces(in, first, step, text, &used) == ends);
            if (ends) {
                g_assert_true(bytes_equal(bytes_of_string(text), bytes_of_string(expected)));
                g_assert_cmpuint(used, ==, end);
            }
        }
    }
}

/* What is written is read back, with the CRLF at its end that it may have lacked. */
static void there_and_back(Bytes text)
{
    g_autoptr(GString) wire = g_string_new(NULL);
    g_autoptr(GString) back = g_string_new(NULL);
    size_t at = 0, used;
    bool dot;
    for (Bytes run; dot_text_next(text, &at, &dot, &run);) {
        g_assert_cmpuint(run.len, >, 0);
        g_string_append(wire, dot ? "." : "");
        g_string_append_len(wire, run.data, (gssize)run.len);
    }
    Bytes end = dot_text_end(text);
    g_string_append_len(wire, end.data, (gssize)end.len);
    g_assert_true(in_pieces(bytes_of_string(wire), wire->len, 1, back, &used));
    g_assert_cmpuint(used, ==, wire->len);
    g_assert_cmpuint(back->len, ==, text.len + end.len - 3);
    g_assert_true(bytes_equal(bytes_sub(bytes_of_string(back), 0, text.len), text));
}

/* All runs of seven octets out of those that count: 4^7. */
static void test_every_cut_of_every_run_gives_the_same(void)
{
    static const char alphabet[] = ".\r\nx";
    char run[7];
    for (unsigned code = 0; code < 1 << 14; code++) {
        for (unsigned i = 0; i < sizeof run; i++) {
            run[i] = alphabet[code >> (2 * i) & 3];
        }
        compare((Bytes){run, sizeof run});
        there_and_back((Bytes){run, sizeof run});
    }
}

static void assert_body(const char *in, const char *expected)
{
    g_autoptr(GString) text = g_string_new(NULL);
    size_t used;
    g_assert_true(in_pieces(bytes_of(in), strlen(in), 1, text, &used));
    g_assert_cmpstr(text->str, ==, expected);
}

static void test_dots_are_undone_and_the_end_is_seen(void)
{
    assert_body(".\r\n", "");
    assert_body("a\r\n.\r\n+OK", "a\r\n");
    assert_body("..\r\n...\r\n.x\r\n.\r\n", ".\r\n..\r\nx\r\n");
    assert_body("a\n.\nb\n.\r\n\r\n.\r\n", "a\n.\nb\n.\r\n\r\n");
}

static void test_lists_as_servers_write_them(void)
{
    uint32_t number;
    Bytes rest, uidl;
    g_assert_true(pop3_list_line(BYTES_LITERAL("12 4711"), &number, &rest));
    g_assert_cmpuint(number, ==, 12);
    g_assert_cmpuint(pop3_list_size(rest), ==, 4711);
    g_assert_cmpuint(pop3_list_size(BYTES_LITERAL("4711 octets")), ==, 4711);
    g_assert_cmpuint(pop3_list_size(BYTES_LITERAL("-1")), ==, 0);
    g_assert_cmpuint(pop3_list_size(BYTES_LITERAL("18446744073709551616")), ==, 0);
    g_assert_false(pop3_list_line(BYTES_LITERAL("0 1"), &number, &rest));
    g_assert_false(pop3_list_line(BYTES_LITERAL("-1 1"), &number, &rest));
    g_assert_false(pop3_list_line(BYTES_LITERAL("4294967296 1"), &number, &rest));
    g_assert_false(pop3_list_line(BYTES_LITERAL(""), &number, &rest));
    g_assert_true(pop3_list_uidl(BYTES_LITERAL(" an id with blanks "), &uidl));
    g_assert_true(bytes_equal(uidl, BYTES_LITERAL("an id with blanks")));
    g_assert_false(pop3_list_uidl(BYTES_LITERAL(" "), &uidl));
    g_assert_false(pop3_list_uidl(BYTES_LITERAL("a\033b"), &uidl));
    g_autofree char *longest = g_strnfill(POP3_UIDL_MAX + 1, 'x');
    g_assert_false(pop3_list_uidl(bytes_of(longest), &uidl));
    g_assert_true(pop3_list_uidl(bytes_of(longest + 1), &uidl));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/dot_text/every_cut", test_every_cut_of_every_run_gives_the_same);
    g_test_add_func("/dot_text/dots", test_dots_are_undone_and_the_end_is_seen);
    g_test_add_func("/pop3_list/lines", test_lists_as_servers_write_them);
    return g_test_run();
}
