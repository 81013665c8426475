/* gsasl_load.c: libgsasl, when it is needed. */
#include "sasl/gsasl_load.h"

#define LIBRARY "libgsasl.so.18"

const GsaslLibrary *gsasl_load(const char *what, GError **error)
{
    static GsaslLibrary g;
    library_load_once(&g.once, LIBRARY, LIBRARY_NAMES(GSASL_FUNCTIONS), &g, NULL);
    if (g.once.failed) {
        error_fail(error, POSTERN_ERROR_CONFIG, "%s needs " LIBRARY " (Debian: libgsasl18): %s",
                   what, g.once.failed);
        return NULL;
    }
    return &g;
}
