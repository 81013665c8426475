#include "server/mime_header.h"

#include <string.h>

static void test_fields_are_found_as_they_are_folded(void)
{
    Bytes header = BYTES_LITERAL("A: 1\r\n 2\r\nno field\r\nb : x\r\nA: 3\r\n\r\n"), value;
    g_assert_true(mime_field(header, "a", &value));
    g_autofree char *text = mime_unfold(value);
    g_assert_cmpstr(text, ==, "1 2");
    g_assert_true(mime_field(header, "B", &value));
    g_assert_false(mime_field(header, "no field", &value));
    g_assert_false(mime_field(BYTES_NONE, "A", &value));
}

static void assert_param(const char *value, const char *name, const char *expected)
{
    MimeContent content;
    g_assert_true(mime_content_parse(bytes_of(value), true, &content));
    g_assert_cmpstr(mime_content_param(&content, name), ==, expected);
    mime_content_clear(&content);
}

static void test_types_and_parameters(void)
{
    assert_param("text/plain; charset=utf-8", "CHARSET", "utf-8");
    assert_param(" text / html (c;x=1) ; (d) a = \"q \\\"x\\\" ;\" ; b=2", "a", "q \"x\" ;");
    assert_param("text/html; junk; b=2", "b", "2");
    assert_param("text/html; a=1=2;b", "a", "1=2");
    assert_param("multipart/mixed; boundary=\"open", "boundary", "open");
    MimeContent none;
    g_assert_false(mime_content_parse(BYTES_LITERAL("text"), true, &none));
    g_assert_false(mime_content_parse(BYTES_LITERAL("/x"), true, &none));
    g_assert_false(mime_content_parse(BYTES_NONE, false, &none));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fields are found as they are folded",
                    test_fields_are_found_as_they_are_folded);
    g_test_add_func("/types and parameters", test_types_and_parameters);
    return g_test_run();
}
