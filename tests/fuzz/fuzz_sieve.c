/* ManageSieve responses. */
#include "proto/sieve_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    SieveResponse response;
    sieve_parse_response((Bytes){(const char *)data, size}, &response);
    g_free(token_text(response.first));
    g_free(token_text(response.second));
    g_assert_true(response.status != SIEVE_DATA || response.first.kind == TOKEN_QUOTED ||
                  response.first.kind == TOKEN_LITERAL);
    return 0;
}
