/* HTTP framing, fed in pieces whose size the input decides. */
#include "proto/http_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1) {
        return 0;
    }
    g_autoptr(HttpMessage) m = http_message_new();
    http_message_request_line(m, BYTES_LITERAL("GET / HTTP/1.1"));
    http_message_request_line(m, BYTES_NONE);
    Bytes rest = {(const char *)data + 1, size - 1};
    size_t step = data[0] + 1u;
    for (size_t at = 0; at < rest.len; at += step) {
        http_message_receive(m, bytes_sub(rest, at, step));
        (void)http_message_complete(m);
    }
    return 0;
}
