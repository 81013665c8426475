/* gmime_load.c: GMime, when it is needed. */
#include "mime/gmime_load.h"

#include "base/error.h"

#define LIBRARY "libgmime-3.0.so.0"

static gpointer load(gpointer unused)
{
    (void)unused;
    static Gmime g;
    /* GObject's functions are found through GMime's own dependency. */
    g.failed = library_load(LIBRARY, LIBRARY_NAMES(GMIME_FUNCTIONS), &g);
    if (!g.failed) {
        g.g_mime_init();
    }
    return &g;
}

const Gmime *gmime_load(GError **error)
{
    static GOnce once = G_ONCE_INIT;
    const Gmime *g = g_once(&once, load, NULL);
    if (g->failed) {
        error_fail(error, POSTERN_ERROR_CONFIG,
                   "MIME needs " LIBRARY " (Debian: libgmime-3.0-0): %s", g->failed);
        return NULL;
    }
    return g;
}

bool gmime_is(const Gmime *g, const void *object, GType type)
{
    return object != NULL && g->g_type_check_instance_is_a((GTypeInstance *)object, type);
}
