/* Kerberos credentials caches. */
#include "sasl/ccache.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    (void)ccache_has_ticket((Bytes){(const char *)data, size}, 1000000);
    return 0;
}
