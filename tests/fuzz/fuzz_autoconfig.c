/* The file by which mail programs set themselves up. */
#include <string.h>

#include "audit/autoconfig_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GPtrArray) servers =
        autoconfig_parse((Bytes){(const char *)data, size}, "example.org", NULL);
    for (guint i = 0; servers != NULL && i < servers->len; i++) {
        const AutoconfigServer *server = g_ptr_array_index(servers, i);
        g_assert_true(server->scheme != NULL && server->port > 0 && server->host[0] != '\0');
        g_assert_true(autoconfig_security_name(server->security)[0] != '\0');
    }
    g_assert_true(servers == NULL || servers->len <= 16);
    return 0;
}
