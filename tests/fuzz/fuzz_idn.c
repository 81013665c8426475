/* What comes out as a host name is printable ASCII and stays what it is when it goes in again. */
#include "base/bytes.h"
#include "base/error.h"
#include "base/idn.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *host = bytes_dup((Bytes){(const char *)data, size});
    g_autoptr(GError) error = NULL;
    g_autofree char *ascii = idn_to_ascii(host, &error);
    if (ascii == NULL) {
        g_assert_error(error, POSTERN_ERROR, POSTERN_ERROR_USAGE);
        g_assert_true(g_utf8_validate(error->message, -1, NULL));
        return 0;
    }
    g_assert_no_error(error);
    for (const char *c = ascii; *c != '\0'; c++) {
        g_assert_true(g_ascii_isgraph(*c));
    }
    g_autofree char *again = idn_to_ascii(ascii, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(again, ==, ascii);
    return 0;
}
