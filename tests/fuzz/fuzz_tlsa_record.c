/* The rdata of a TLSA record. */
#include "tls/plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    TlsaRecord *record = tlsa_record_parse((Bytes){(const char *)data, size});
    if (record) {
        g_assert_cmpuint(g_bytes_get_size(record->data), ==, size - 3);
        g_assert_cmpint(record->usage, ==, data[0]);
    }
    tlsa_record_free(record);
    return 0;
}
