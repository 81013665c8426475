/* Fields as they stand in a header: folded, encoded where that must be and nowhere else. */
#include "mime/compose_header.h"

#include <string.h>

#include "base/error.h"

static char *field(const char *name, const char *value)
{
    GString *out = g_string_new(NULL);
    compose_field(out, name, value);
    return g_string_free(out, FALSE);
}

static char *addresses(const char *list)
{
    const char *const lists[] = {list, NULL};
    g_autoptr(GError) error = NULL;
    GString *out = g_string_new(NULL);
    if (!compose_address_field(out, "To", lists, &error)) {
        g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_DATA);
        g_string_assign(out, "no");
    }
    return g_string_free(out, FALSE);
}

static void test_what_is_ascii_stays(void)
{
    g_autofree char *url = g_strnfill(150, 'u');
    g_autofree char *value = g_strdup_printf("<https://a/%s>, <mailto:x@y>", url);
    g_autofree char *got = field("List-Unsubscribe", value);
    g_autofree char *expected =
        g_strdup_printf("List-Unsubscribe:\n <https://a/%s>,\n <mailto:x@y>\n", url);
    g_assert_cmpstr(got, ==, expected);
    g_autofree char *empty = field("X", "");
    g_assert_cmpstr(empty, ==, "X:\n");
    g_autofree char *blanks = field("X", "a  b\tc");
    g_assert_cmpstr(blanks, ==, "X: a  b\tc\n");
}

static void test_words_that_are_not_are_encoded(void)
{
    g_autofree char *got = field("Subject", "Gr\xc3\xbc\xc3\x9f\x65 aus K\xc3\xb6ln");
    g_assert_cmpstr(got, ==, "Subject: =?UTF-8?B?R3LDvMOfZQ==?= aus =?UTF-8?B?S8O2bG4=?=\n");
    g_autofree char *two = field("Subject", "\xc3\xb6 \xc3\xb6");
    g_assert_cmpstr(two, ==, "Subject: =?UTF-8?B?w7Ygw7Y=?=\n");
    g_autofree char *looks = field("Subject", "=?x?q?y?=");
    g_assert_cmpstr(looks, ==, "Subject: =?UTF-8?B?PT94P3E/eT89?=\n");
}

/* 998 octets a line is the most (RFC 5322 2.1.1), 78 is what we keep to. */
static void test_long_ones_are_folded(void)
{
    g_autofree char *word = g_strnfill(5000, 'x');
    g_autofree char *many = g_strdup_printf("%s \xc3\xb6%s", word, word);
    g_autofree char *got = field("Subject", many);
    g_auto(GStrv) lines = g_strsplit(got, "\n", -1);
    for (char **line = lines; *line; line++) {
        g_assert_cmpuint(strlen(*line), <=, 78);
        g_assert_true(line == lines || !**line || **line == ' ');
    }
}

static void test_addresses(void)
{
    static const struct {
        const char *list, *expected;
    } rows[] = {
        {"a@b", "To: a@b\n"},
        {"Joe <a@b>,c@d;e@f", "To: Joe <a@b>, c@d, e@f\n"},
        {"\"Doe, J.\" <a@b>", "To: \"Doe, J.\" <a@b>\n"},
        {"\"a \\\"b\\\"\" <a@b>", "To: \"a \\\"b\\\"\" <a@b>\n"},
        {"a@b (Joe)", "To: Joe <a@b>\n"},
        {"J\xc3\xb6 <j@b\xc3\xbc.example>", "To: =?UTF-8?B?SsO2?= <j@xn--b-eha.example>\n"},
        {"x@xn--i-7iq.ws", "To: x@xn--i-7iq.ws\n"},
        {"us: a@b, c@d;, e@f", "To: us: a@b, c@d;, e@f\n"},
        {"undisclosed-recipients:;", "To: undisclosed-recipients:;\n"},
        {"joe", "To: joe\n"},
        {"Doe, Joe <a@b>", "no"}, /* "Doe" would be somebody else */
        {"M\xc3\xbcller, J <a@b>", "no"},
        {"", "no"},
        {"a b", "no"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *got = addresses(rows[i].list);
        g_assert_cmpstr(got, ==, rows[i].expected);
    }
}

static void test_many_addresses_are_folded_between_them(void)
{
    g_autofree char *name = g_strnfill(30, 'n');
    g_autofree char *list = g_strdup_printf("%s@b, %s@c, %s@d", name, name, name);
    g_autofree char *got = addresses(list);
    g_autofree char *expected = g_strdup_printf("To: %s@b, %s@c,\n %s@d\n", name, name, name);
    g_assert_cmpstr(got, ==, expected);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/compose-header/ascii", test_what_is_ascii_stays);
    g_test_add_func("/compose-header/encoded", test_words_that_are_not_are_encoded);
    g_test_add_func("/compose-header/folded", test_long_ones_are_folded);
    g_test_add_func("/compose-header/addresses", test_addresses);
    g_test_add_func("/compose-header/many-addresses", test_many_addresses_are_folded_between_them);
    return g_test_run();
}
