/* A header field is decoded to harmless UTF-8 of bounded length, or to nothing. */
#include "report/explain.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = explain_header_field((Bytes){(const char *)data, size});
    if (text == NULL) {
        return 0;
    }
    g_assert_true(g_utf8_validate(text, -1, NULL));
    g_assert_cmpuint(strlen(text), <, 16000);
    for (const char *c = text; *c != '\0'; c = g_utf8_next_char(c)) {
        g_assert_true(*c == '\t' || !g_unichar_iscntrl(g_utf8_get_char(c)));
    }
    return 0;
}
