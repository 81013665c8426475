/* POP3 lines. */
#include <string.h>

#include "proto/pop3_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Bytes line = {(const char *)data, size};
    Pop3Line parsed;
    pop3_parse_line(line, &parsed);
    g_assert_true(parsed.text.len <= size && strlen(parsed.code) < sizeof parsed.code);
    pop3_code_temporary(parsed.code);
    pop3_body_line(&line);
    return 0;
}
