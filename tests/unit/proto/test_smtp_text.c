/* What may go out, and what of it is changed on the way: by hand, and against a slow model on
 * random texts. */
#include "proto/smtp_text.h"

#include <string.h>

#include "io/script.h"

static void test_check(void)
{
    static const struct {
        Bytes text;
        bool fine;
    } rows[] = {
        {BYTES_NONE, true},
        {BYTES_LITERAL("a\r\nb\r\n"), true},
        {BYTES_LITERAL("no end"), true},
        {BYTES_LITERAL("\r\n"), true},
        {BYTES_LITERAL("a\nb\r\n"), false},
        {BYTES_LITERAL("\n"), false},
        {BYTES_LITERAL("a\r\n.\nMAIL FROM:<x>\r\n"), false},
        {BYTES_LITERAL("a\r\n.\rMAIL FROM:<x>\r\n"), false},
        {BYTES_LITERAL("a\r\r\n"), false},
        {BYTES_LITERAL("a\r"), false},
        {BYTES_LITERAL("a\r\nb\r"), false},
        {BYTES_LITERAL("a\0b\r\n"), false},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_true(smtp_text_check(rows[i].text, &error) == rows[i].fine);
        SmtpTextFacts facts = smtp_text_facts(rows[i].text);
        g_assert_true((facts.bare_cr + facts.bare_lf + facts.nul == 0) == rows[i].fine);
    }
}

static void test_facts(void)
{
    SmtpTextFacts facts = smtp_text_facts(BYTES_LITERAL("ab\r\nabcd\r\n\xc3\xa4"));
    g_assert_cmpuint(facts.longest_line, ==, 4);
    g_assert_true(facts.eight_bit);
    g_assert_false(facts.ends_in_line);
    facts = smtp_text_facts(BYTES_LITERAL("a\nb\rc\r\n\0\r\n"));
    g_assert_cmpuint(facts.bare_lf, ==, 1);
    g_assert_cmpuint(facts.bare_cr, ==, 1);
    g_assert_cmpuint(facts.nul, ==, 1);
    g_assert_true(facts.ends_in_line);
    g_assert_false(facts.eight_bit);
}

static void test_normalise(void)
{
    static const struct {
        const char *in, *out;
    } rows[] = {
        {"", ""},
        {"a", "a\r\n"},
        {"a\n", "a\r\n"},
        {"a\r\n", "a\r\n"},
        {"a\rb", "a\r\nb\r\n"},
        {"a\r\r\nb", "a\r\n\r\nb\r\n"},
        {"\n\n", "\r\n\r\n"},
        {"a\r\n.\n", "a\r\n.\r\n"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GByteArray) out = smtp_text_normalise(bytes_of(rows[i].in));
        g_autofree char *text = bytes_dup(bytes_of_array(out));
        g_assert_cmpstr(text, ==, rows[i].out);
        g_assert_true(smtp_text_check(bytes_of_array(out), NULL));
    }
}

/* The slow model: line by line. */
static GString *dotted(Bytes text)
{
    GString *out = g_string_new(NULL);
    bool start = true;
    for (size_t i = 0; i < text.len; i++) {
        if (start && text.data[i] == '.') {
            g_string_append_c(out, '.');
        }
        g_string_append_c(out, text.data[i]);
        start = text.data[i] == '\n';
    }
    g_string_append(out, start ? ".\r\n" : "\r\n.\r\n");
    return out;
}

static void check_sent(Bytes text)
{
    GError *error = NULL;
    g_autoptr(GString) expected = dotted(text);
    g_autofree char *hex = bytes_hex(bytes_of_string(expected));
    g_autofree char *script = g_strconcat("=> ", hex, "\n", NULL);
    Stream *stream = script_stream(bytes_of(script), (ScriptOptions){0}, &error);
    g_assert_no_error(error);
    g_autoptr(Wire) w = wire_new(stream, 1);
    g_assert_true(smtp_text_send(w, text, &error));
    g_assert_no_error(error);
    g_assert_true(script_finished(stream, &error));
}

static void test_send(void)
{
    static const char *const texts[] = {
        "",          "a",      ".",          "..",        "\r\n",
        ".\r\n",     "a\r\n.", "a\r\n.\r\n", "\r\n.\r\n", ".\r\n.\r\n.\r\n",
        "a.b\r\n..c"};
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        check_sent(bytes_of(texts[i]));
    }
    for (int round = 0; round < 2000; round++) {
        g_autoptr(GString) text = g_string_new(NULL);
        for (int n = g_test_rand_int_range(0, 30); n > 0; n--) {
            static const char *const pieces[] = {"\r\n", ".", "a", "\r\n.", "bcd"};
            g_string_append(text, pieces[g_test_rand_int_range(0, G_N_ELEMENTS(pieces))]);
        }
        check_sent(bytes_of_string(text));
    }
}

static void test_send_large(void)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (int i = 0; text->len < 1000 * 1000; i++) {
        g_string_append_printf(text, "%s%0*d\r\n", i % 7 ? "" : ".", i % 900 + 1, i);
    }
    g_autofree char *block = g_strnfill(400 * 1000, 'x'); /* a piece larger than what is gathered */
    g_string_append(text, block);
    g_string_append(text, "\r\n.end");
    check_sent(bytes_of_string(text));
}

static void test_lines_too_long(void)
{
    for (size_t n = 996; n <= 1001; n++) {
        g_autofree char *line = g_strnfill(n, 'x');
        g_autofree char *text = g_strdup_printf("short\r\n%s\r\nshort\r\n%s\r\n", line, line);
        g_assert_cmpint(smtp_text_has_long_line(bytes_of(text)), ==, n > 998);
    }
    g_assert_false(smtp_text_has_long_line(BYTES_NONE));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/smtp-text/what-may-go-out", test_check);
    g_test_add_func("/smtp-text/facts", test_facts);
    g_test_add_func("/smtp-text/normalised-it-may-go-out", test_normalise);
    g_test_add_func("/smtp-text/dots-are-doubled", test_send);
    g_test_add_func("/smtp-text/large-texts", test_send_large);
    g_test_add_func("/smtp-text/lines-too-long", test_lines_too_long);
    return g_test_run();
}
