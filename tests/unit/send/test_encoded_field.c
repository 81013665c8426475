/* Raw UTF-8 in a header, as PHP and shell scripts leave it. */
#include "send/encoded_field.h"

#include <string.h>

/* What comes of the field: NULL when it stays. The caller frees it. */
static char *encoded(const char *line)
{
    Bytes rest = bytes_of(line);
    HeaderField field;
    g_assert_true(header_next(&rest, &field));
    g_autoptr(GByteArray) to = g_byte_array_new();
    return encoded_field(to, &field) ? bytes_dup(bytes_of_array(to)) : NULL;
}

static void test_what_is_utf8_is_encoded(void)
{
    g_autofree char *text = encoded("Subject: Gr\xc3\xbc\xc3\x9f\x65 an\r\n\talle\r\n");
    g_assert_cmpstr(text, ==, "Subject: =?UTF-8?B?R3LDvMOfZQ==?= an\talle\r\n");
    g_autofree char *list = encoded("To: J\xc3\xb6 <a@b>, \"x, y\" <c@d>\r\n");
    g_assert_cmpstr(list, ==, "To: =?UTF-8?B?SsO2?= <a@b>, \"x, y\" <c@d>\r\n");
}

static void test_the_rest_stays(void)
{
    static const char *const lines[] = {
        "Subject: plain\r\n",
        "Subject: Latin \xe4\r\n",
        "Content-Disposition: attachment; filename=\"\xc3\xb6.txt\"\r\n",
        "To: \xc3\xb6 <nothing\r\n",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
        g_autofree char *text = encoded(lines[i]);
        g_assert_null(text);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/encoded-field/utf8", test_what_is_utf8_is_encoded);
    g_test_add_func("/encoded-field/the-rest", test_the_rest_stays);
    return g_test_run();
}
