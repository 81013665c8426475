#include "send/header.h"

static void test_fields(void)
{
    Bytes message = BYTES_LITERAL("To: a@b,\r\n c@d\r\nSubject : x\r\nX:\r\n\r\nTo: body\r\n");
    Bytes body, header = header_split(message, &body);
    HeaderField field;
    g_assert_true(bytes_equal(body, BYTES_LITERAL("To: body\r\n")));
    g_assert_true(header_find(header, "to", &field));
    g_assert_true(bytes_equal(field.value, BYTES_LITERAL(" a@b,\r\n c@d")));
    g_assert_true(bytes_equal(field.whole, BYTES_LITERAL("To: a@b,\r\n c@d\r\n")));
    g_assert_true(header_find(header, "Subject", &field));
    g_assert_true(bytes_equal(field.value, BYTES_LITERAL(" x")));
    g_assert_true(header_has(header, "x"));
    g_assert_false(header_has(header, "body"));
}

static void test_without_header(void)
{
    static const char *const texts[] = {"hello world\r\n", "\r\nTo: x\r\n", "", ": x\r\n",
                                        " To: x\r\n"};
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_assert_cmpuint(header_split(bytes_of(texts[i]), NULL).len, ==, 0);
    }
}

static void test_without_body(void)
{
    Bytes body, header = header_split(BYTES_LITERAL("A: b\r\nC: d"), &body);
    HeaderField field;
    g_assert_cmpuint(body.len, ==, 0);
    g_assert_true(header_find(header, "C", &field));
    g_assert_true(bytes_equal(field.value, BYTES_LITERAL(" d")));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/send-header/fields", test_fields);
    g_test_add_func("/send-header/a-text-without-one", test_without_header);
    g_test_add_func("/send-header/one-without-a-body", test_without_body);
    return g_test_run();
}
