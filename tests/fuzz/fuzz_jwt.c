/* Access tokens that are signed claims, as clients of the sandbox send them. */
#include <string.h>

#include "config/jwt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_auto(Jwt) jwt = {0};
    g_autoptr(GError) error = NULL;
    g_autoptr(Secret) token = secret_new(data, size);
    bool good = jwt_parse(token, &jwt, &error);
    g_assert_true(good == (error == NULL));
    g_assert_true(!good || (jwt.algorithm && jwt.names && jwt.audience && jwt.signature));
    g_assert_true(!good || jwt.signed_part.len < size);
    return 0;
}
