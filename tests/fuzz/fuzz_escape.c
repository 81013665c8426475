/* Whatever goes in, nothing that could move a cursor or hide text may come out, and what comes out
 * is UTF-8. */
#include "base/escape.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void assert_harmless(const char *text, bool lines)
{
    g_assert_true(g_utf8_validate(text, -1, NULL));
    for (const char *c = text; *c != '\0'; c = g_utf8_next_char(c)) {
        gunichar code = g_utf8_get_char(c);
        bool allowed = code == '\t' || (lines && code == '\n');
        g_assert_true(allowed || !g_unichar_iscntrl(code));
        g_assert_false(code >= 0x200b && code <= 0x200f);
        g_assert_false(code >= 0x2028 && code <= 0x202e);
        g_assert_false(code >= 0x2066 && code <= 0x2069);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Bytes b = {(const char *)data, size};
    g_autofree char *line = escape_line(b);
    assert_harmless(line, false);
    g_autofree char *again = escape_line(bytes_of(line));
    g_assert_cmpstr(again, ==, line);
    g_autofree char *text = escape_text(b);
    assert_harmless(text, true);

    size_t max = size == 0 ? 0 : data[0];
    g_autofree char *cut = escape_line_max(b, max);
    assert_harmless(cut, false);
    g_assert_cmpint(g_utf8_strlen(cut, -1), <=, max + strlen("... (+18446744073709551615 bytes)"));

    g_autofree char *word = bytes_dup(b);
    g_autofree char *quoted = escape_shell(word);
    assert_harmless(quoted, false);
    g_assert_cmpuint(strlen(quoted), >=, strlen(word));
    return 0;
}
