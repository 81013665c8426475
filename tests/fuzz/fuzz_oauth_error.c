/* The JSON by which a token is refused. */
#include "sasl/oauth_error.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Bytes json = {(const char *)data, size};
    g_autofree char *words = oauth_error_words(json);
    g_assert_true(g_utf8_validate(words, -1, NULL));
    g_autofree char *member = oauth_error_member(json, "status");
    g_assert_true(!oauth_error_is(json) || member);
    return 0;
}
