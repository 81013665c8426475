/* gsasl_load.c: libgsasl, when it is needed. */
#include "sasl/gsasl_load.h"

#define LIBRARY "libgsasl.so.18"

static gpointer load(gpointer unused)
{
    (void)unused;
    static GsaslLibrary g;
    g.failed = library_load(LIBRARY, LIBRARY_NAMES(GSASL_FUNCTIONS), &g);
    return &g;
}

const GsaslLibrary *gsasl_load(const char *what, GError **error)
{
    static GOnce once = G_ONCE_INIT;
    const GsaslLibrary *g = g_once(&once, load, NULL);
    if (g->failed) {
        error_fail(error, POSTERN_ERROR_CONFIG, "%s needs " LIBRARY " (Debian: libgsasl18): %s",
                   what, g->failed);
        return NULL;
    }
    return g;
}
