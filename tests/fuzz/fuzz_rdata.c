/* Records of the DNS in wire form. */
#include "io/rdata.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Bytes input = {(const char *)data, size};
    Bytes rest = input;
    g_autofree char *name = rdata_name(&rest);
    g_assert(rest.len <= size);
    g_assert(name == NULL || rest.len < size);
    RdataMx mx = {0};
    RdataSrv srv = {0};
    if (rdata_mx(input, &mx)) {
        g_free(mx.host);
    }
    if (rdata_srv(input, &srv)) {
        g_free(srv.host);
    }
    GString *text = rdata_txt(input);
    if (text) {
        g_assert(text->len < size || size == 0);
        g_string_free(text, TRUE);
    }
    return 0;
}
