#include "base/escape.h"

#define B BYTES_LITERAL

typedef struct {
    Bytes in;
    const char *out;
} Case;

static void check(char *(*escape)(Bytes), const Case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        g_autofree char *out = escape(cases[i].in);
        g_assert_cmpstr(out, ==, cases[i].out);
    }
}

static void test_harmless_text_stays(void)
{
    static const Case cases[] = {
        {BYTES_NONE, ""},
        {BYTES_LITERAL("+OK ready <1.2@pop> \\ ~"), "+OK ready <1.2@pop> \\ ~"},
        {BYTES_LITERAL("tab\tstays"), "tab\tstays"},
        {BYTES_LITERAL("Grüße, 日本語 🎉"), "Grüße, 日本語 🎉"},
    };
    check(escape_line, cases, G_N_ELEMENTS(cases));
}

static void test_controls_are_escaped(void)
{
    static const Case cases[] = {
        {BYTES_LITERAL("\x1b[31m\x07"), "\\x1B[31m\\x07"},
        {BYTES_LITERAL("a\0b\x7f"), "a\\x00b\\x7F"},
        {BYTES_LITERAL("\xc2\x9b"
                       "2J"),
         "\\u{009B}2J"},
        {BYTES_LITERAL("one\r\ntwo\n"), "one\\r\\ntwo\\n"},
        {BYTES_LITERAL("\b\v\f"), "\\x08\\x0B\\x0C"},
    };
    check(escape_line, cases, G_N_ELEMENTS(cases));
}

static void test_what_is_not_utf8_is_escaped_bytewise(void)
{
    static const Case cases[] = {
        {BYTES_LITERAL("\xff\xfe"), "\\xFF\\xFE"},
        {BYTES_LITERAL("caf\xe9!"), "caf\\xE9!"},
        {BYTES_LITERAL("\xc0\xaf"), "\\xC0\\xAF"},                   /* overlong '/' */
        {BYTES_LITERAL("\xed\xa0\x80"), "\\xED\\xA0\\x80"},          /* a surrogate */
        {BYTES_LITERAL("\xf4\x90\x80\x80"), "\\xF4\\x90\\x80\\x80"}, /* above U+10FFFF */
        {BYTES_LITERAL("cut \xe6\x97"), "cut \\xE6\\x97"},
        {BYTES_LITERAL("\x9b\x32J"), "\\x9B"
                                     "2J"}, /* a raw C1 CSI */
        {BYTES_LITERAL("\xe6\x1b\x97"), "\\xE6\\x1B\\x97"},
        {BYTES_LITERAL("\xe6\0\x97"), "\\xE6\\x00\\x97"},
    };
    check(escape_line, cases, G_N_ELEMENTS(cases));
}

static void test_reordering_and_hiding_characters_are_escaped(void)
{
    static const gunichar codes[] = {0xad,   0x61c,  0x200b, 0x200d, 0x200e, 0x200f,
                                     0x2028, 0x2029, 0x202a, 0x202e, 0x2060, 0x2066,
                                     0x2069, 0x206f, 0xfeff, 0xfff9, 0x3164, 0xe0041};
    for (size_t i = 0; i < G_N_ELEMENTS(codes); i++) {
        char utf8[6];
        size_t len = (size_t)g_unichar_to_utf8(codes[i], utf8);
        g_autofree char *out = escape_line((Bytes){utf8, len});
        g_autofree char *expected = g_strdup_printf("\\u{%04X}", codes[i]);
        g_assert_cmpstr(out, ==, expected);
    }
}

static void test_text_keeps_lines(void)
{
    static const Case cases[] = {
        {BYTES_LITERAL("one\r\ntwo\nthree"), "one\ntwo\nthree"},
        {BYTES_LITERAL("over\rwrite"), "over\\rwrite"},
        {BYTES_LITERAL("end\r"), "end\\r"},
        {BYTES_LITERAL("a\r\r\n"), "a\\r\n"},
        {BYTES_LITERAL("\x1b]0;title\x07\n"), "\\x1B]0;title\\x07\n"},
    };
    check(escape_text, cases, G_N_ELEMENTS(cases));
}

static void test_max_tells_the_rest(void)
{
    static const struct {
        Bytes in;
        size_t max;
        const char *out;
    } cases[] = {
        {BYTES_LITERAL("short"), 5, "short"},
        {BYTES_LITERAL("longer"), 5, "longe... (+1 bytes)"},
        {BYTES_LITERAL("größer"), 5, "größe... (+1 bytes)"},
        {BYTES_LITERAL("日本語"), 1, "日... (+6 bytes)"},
        {BYTES_LITERAL("a\x1b[0m"), 3, "a... (+4 bytes)"}, /* an escape is never cut in two */
        {BYTES_LITERAL("abc"), 0, "... (+3 bytes)"},
        {BYTES_LITERAL(""), 0, ""},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *out = escape_line_max(cases[i].in, cases[i].max);
        g_assert_cmpstr(out, ==, cases[i].out);
    }
}

static void test_shell_words(void)
{
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"--ca-file=/etc/ssl/x.pem", "--ca-file=/etc/ssl/x.pem"},
        {"", "''"},
        {"two words", "'two words'"},
        {"it's", "'it'\\''s'"},
        {"$(rm -rf /)", "'$(rm -rf /)'"},
        {"a\x1b[2J\n", "$'a\\033[2J\\012'"},
        {"'\\\x01"
         "7",
         "$'\\'\\\\\\0017'"},
        {"\xe2\x80\xae", "$'\\342\\200\\256'"},
        {"-q*?", "'-q*?'"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *out = escape_shell(cases[i].in);
        g_assert_cmpstr(out, ==, cases[i].out);
    }
}

/* What is shown must come back through a real shell as it was. */
static void test_shell_words_survive_bash(void)
{
    static const char *const words[] = {"plain", "", "it's $HOME `x` \"y\" \\", "a\x1b[2J\n'\\7",
                                        "\xff\xe2\x80\xae\x37"};
    g_autofree char *bash = g_find_program_in_path("bash");
    g_assert_nonnull(bash);
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        g_autofree char *quoted = escape_shell(words[i]);
        g_autofree char *script = g_strdup_printf("printf '%%s.' %s", quoted);
        const char *argv[] = {bash, "-c", script, NULL};
        g_autofree char *out = NULL;
        g_assert_true(g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &out,
                                   NULL, NULL, NULL));
        g_autofree char *expected = g_strconcat(words[i], ".", NULL);
        g_assert_cmpstr(out, ==, expected);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/escape/harmless-stays", test_harmless_text_stays);
    g_test_add_func("/escape/controls", test_controls_are_escaped);
    g_test_add_func("/escape/not-utf8", test_what_is_not_utf8_is_escaped_bytewise);
    g_test_add_func("/escape/reordering-and-hiding",
                    test_reordering_and_hiding_characters_are_escaped);
    g_test_add_func("/escape/text-keeps-lines", test_text_keeps_lines);
    g_test_add_func("/escape/max-tells-the-rest", test_max_tells_the_rest);
    g_test_add_func("/escape/shell-words", test_shell_words);
    g_test_add_func("/escape/shell-words-survive-bash", test_shell_words_survive_bash);
    return g_test_run();
}
