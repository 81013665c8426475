/* A pin as a person or a file gives it. */
#include <string.h>

#include "tls/plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup((const char *)data, size);
    g_autoptr(GError) error = NULL;
    uint8_t pin[32];
    bool good = tls_pin_parse(text, pin, &error);
    g_assert_true(good == (error == NULL));
    g_assert_true(!good || g_ascii_strncasecmp(text, "sha256:", 7) == 0);
    return 0;
}
