/* Reply lines of three digits: SMTP, LMTP, FTP, NNTP. */
#include "proto/code_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Bytes line = {(const char *)data, size};
    CodeLine parsed;
    if (code_parse_line(line, &parsed)) {
        g_assert_true(parsed.code >= 100 && parsed.code <= 999 && parsed.text.len <= size);
    }
    return 0;
}
