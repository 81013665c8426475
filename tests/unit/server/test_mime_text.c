#include "server/mime_text.h"

#include <string.h>

static void assert_header(const char *raw, const char *expected)
{
    g_autofree char *text = mime_header_text(bytes_of(raw));
    g_assert_cmpstr(text, ==, expected);
}

static void test_encoded_words_are_decoded(void)
{
    assert_header("=?utf-8?B?R3LDvMOfZSBhdXMgS8O2bG4=?= =?iso-8859-1?Q?_und_M=FCnchen?=",
                  "Grüße aus Köln und München");
    assert_header(" a =?utf-8*de?q?=C3=BC?= b\r\n c ", "a ü b c");
    assert_header("=?utf-8?x?abc?=", "=?utf-8?x?abc?=");
    assert_header("=?utf-8?q?abc", "=?utf-8?q?abc");
    assert_header("=?", "=?");
    assert_header("", "");
}

static bool part_has(const char *message, const char *folded)
{
    g_autoptr(MimeParts) tree = mime_walk(bytes_of(message));
    return mime_part_has(tree, mime_part(tree, 0), folded);
}

static void test_bodies_are_decoded(void)
{
    static const char quoted[] = "Content-Type: text/html; charset=iso-8859-1\n"
                                 "Content-Transfer-Encoding: Quoted-Printable\n\n"
                                 "stra=DFe gr=FC=  \r\nn 100=\n";
    g_assert_true(part_has(quoted, "strasse grün"));
    g_assert_false(part_has(quoted, "fc"));
    g_assert_true(part_has("Content-Transfer-Encoding: base64\n\nw4Rw\nZmVs", "äpfel"));
    g_assert_false(part_has("Content-Type: image/png\n\nneedle", "needle"));
    g_assert_true(part_has("Content-Type: text/plain; charset=no-such\n\nNeedle", "needle"));
}

static void test_dates_leave_the_zone_aside(void)
{
    const struct {
        const char *text;
        uint32_t date;
    } rows[] = {{" Fri, 13 Nov 2026 23:59:59 -0800", 20261113},
                {"1 Jan 05 00:00 GMT", 20050101},
                {"(c) Mon , 2 Feb 99 10:00", 19990202},
                {"1 Jan 105 00:00", 20050101},
                {"32 Jan 2005", 0},
                {"1 Foo 2005", 0},
                {"", 0},
                {"yesterday", 0}};
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_assert_cmpuint(mime_date(bytes_of(rows[i].text)), ==, rows[i].date);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/encoded words are decoded", test_encoded_words_are_decoded);
    g_test_add_func("/bodies are decoded", test_bodies_are_decoded);
    g_test_add_func("/dates leave the zone aside", test_dates_leave_the_zone_aside);
    return g_test_run();
}
