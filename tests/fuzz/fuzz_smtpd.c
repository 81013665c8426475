/* Any client of the SMTP server. */
#include "../unit/server/sandboxed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size >= 4096) {
        return 0;
    }
    Sandboxed s;
    sandboxed_begin(&s);
    sandboxed_hear(&s, data[0] & 1 ? "lmtp" : "submission",
                   (Bytes){(const char *)data + 1, size - 1});
    sandboxed_end(&s);
    return 0;
}
