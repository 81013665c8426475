/* defects.c: what is broken in a message, and how it was read. */
#include "mime/defects.h"

#include "messages.h"

/* All that is told of a message, a line each. */
static char *defects_of(Bytes text)
{
    g_auto(Read) read = read_message(text, true);
    g_autoptr(GString) all = g_string_new(NULL);
    for (guint i = 0; i < read.tree->defects->len; i++) {
        g_string_append_printf(all, "%s\n", (const char *)read.tree->defects->pdata[i]);
    }
    return g_strdup(all->str);
}

/* Of a part with this header and content, in a message that is right otherwise. */
static char *defects_of_part(const char *header, Bytes content)
{
    g_autoptr(GString) text = g_string_new("From: a@b\nDate: Mon, 1 Jan 2024 10:00:00 +0000\n");
    g_string_append_printf(text, "%s\n", header);
    g_string_append_len(text, content.data, (gssize)content.len);
    return defects_of(bytes_of_string(text));
}

static void test_a_message_that_is_right_has_none(void)
{
    g_autofree char *told = defects_of_part("Subject: x\n", BYTES_LITERAL("hello\n"));
    g_assert_cmpstr(told, ==, "");
}

static void test_contents(void)
{
#define BASE64 "Content-Transfer-Encoding: base64\n"
#define QUOTED "Content-Transfer-Encoding: quoted-printable\n"
    static const struct {
        const char *header, *content, *told;
    } rows[] = {
        {BASE64, "aGVsbG8=\n", ""},
        {BASE64, "aGVs bG8=\r\n", ""},
        {BASE64, "aGVs*b-G8=\n", "part 1: 2 octets in it are not base64: passed over\n"},
        {BASE64, "aGVsbG8\n", "part 1: its base64 ends without padding\n"},
        {BASE64, "aGVsb\n", "part 1: its base64 is cut off: the last digit is lost\n"},
        {BASE64, "aGk=aGk=\n", "part 1: 3 base64 digits stand behind its end: passed over\n"},
        {QUOTED, "=C3=BC=\nx =3D \n", ""},
        {QUOTED, "a = \nb=  \t\nc", ""},
        {QUOTED, "100=% =XY =4\n",
         "part 1: 3 escapes in its quoted-printable are broken: left as they are\n"},
        {QUOTED, "\303\274\n", "part 1: 2 octets are above 127 although it says they are not\n"},
        {"Content-Transfer-Encoding: 8bit\n", "\303\274\n", ""},
        {"", "\303\274\n", "part 1: 2 octets are above 127 although it says they are not\n"},
        {"Content-Transfer-Encoding: x-\033none\n", "x\n",
         "part 1: nobody knows the transfer encoding \"x-\\x1Bnone\": read as it is\n"},
        {"Content-Type: text/plain; charset=klingon\n", "x\n",
         "part 1: nobody knows the character set \"klingon\": read as UTF-8, else windows-1252\n"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *told = defects_of_part(rows[i].header, bytes_of(rows[i].content));
        g_test_message("%s%s", rows[i].header, rows[i].content);
        g_assert_cmpstr(told, ==, rows[i].told);
    }
}

static void test_zeros_and_long_lines(void)
{
    g_autofree char *zeros = defects_of_part("", BYTES_LITERAL("a\0b\0\n"));
    g_assert_cmpstr(zeros, ==, "part 1: 2 octets are zero\n");
    g_autofree char *line = g_strnfill(300000, 'x');
    g_autofree char *longer = g_strdup_printf("%s\n%.998s\n%.1000s\n", line, line, line);
    g_autofree char *told = defects_of_part("", bytes_of(longer));
    g_assert_cmpstr(told, ==, "part 1: 2 lines are longer than 998 octets\n");
    g_autofree char *fits = g_strdup_printf("%.998s\n", line);
    g_autofree char *none = defects_of_part("", bytes_of(fits));
    g_assert_cmpstr(none, ==, "");
    g_autofree char *binary =
        defects_of_part("Content-Transfer-Encoding: binary\n", BYTES_LITERAL("a\0b\n"));
    g_assert_cmpstr(binary, ==, "");
}

static void test_headers_that_are_missing_or_doubled(void)
{
    g_autofree char *bare = defects_of(BYTES_LITERAL("Subject: x\n\nx\n"));
    g_assert_cmpstr(bare, ==, "there is no From\nthere is no Date\n");
    g_autofree char *twice =
        defects_of(BYTES_LITERAL("From: a@b\nDate: x\nMessage-ID: <1@a>\nmessage-id: <2@a>\n"
                                 "Received: 1\nReceived: 2\n\nx\n"));
    g_assert_nonnull(strstr(twice, "there are 2 headers Message-ID: the first counts\n"));
    g_assert_null(strstr(twice, "Received"));
}

static void test_warnings_of_the_parser_say_where_and_what(void)
{
    g_autofree char *told =
        defects_of_warning(GMIME_CRIT_INVALID_HEADER_NAME, 12, " no\033header \n");
    g_assert_cmpstr(told, ==,
                    "at octet 12: a header's name is none: the line is passed over "
                    "(no\\x1Bheader)");
    g_autofree char *bare = defects_of_warning(GMIME_WARN_TRUNCATED_MESSAGE, -1, NULL);
    g_assert_cmpstr(bare, ==, "at octet 0: the end is missing: a multipart was never closed");
    g_autofree char *many = g_strnfill(100000, 'x');
    g_autofree char *cut = defects_of_warning(GMIME_CRIT_INVALID_HEADER_NAME, 0, many);
    g_assert_cmpuint(strlen(cut), <, 200);
    g_assert_null(defects_of_warning((GMimeParserWarning)9999, 0, "x"));
}

static void test_there_is_an_end_to_what_is_told(void)
{
    g_autoptr(GString) text = g_string_new("A: b\n");
    for (int i = 0; i < 3000; i++) {
        g_string_append_printf(text, "no header %d\n", i);
    }
    g_string_append(text, "\nx\n");
    g_auto(Read) read = read_message(bytes_of_string(text), true);
    g_assert_cmpuint(read.tree->defects->len, <, 1000);
    g_assert_cmpuint(read.tree->defects->len + read.tree->defects_untold, >=, 3000);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/defects/none", test_a_message_that_is_right_has_none);
    g_test_add_func("/defects/contents", test_contents);
    g_test_add_func("/defects/zeros", test_zeros_and_long_lines);
    g_test_add_func("/defects/headers", test_headers_that_are_missing_or_doubled);
    g_test_add_func("/defects/warnings", test_warnings_of_the_parser_say_where_and_what);
    g_test_add_func("/defects/capped", test_there_is_an_end_to_what_is_told);
    return g_test_run();
}
