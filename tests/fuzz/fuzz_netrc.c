/* ~/.netrc: any bytes, asked for a host with and without a login. */
#include "config/netrc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *const users[] = {NULL, "joe"};
    for (size_t i = 0; i < G_N_ELEMENTS(users); i++) {
        g_autofree char *login = NULL;
        g_autoptr(Secret) found =
            netrc_parse((Bytes){(const char *)data, size}, "mail.example.org", users[i], &login);
        g_assert_true(found || !login);
    }
    return 0;
}
