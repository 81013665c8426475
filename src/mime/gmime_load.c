/* gmime_load.c: GMime, when it is needed. */
#include "mime/gmime_load.h"

#include "base/error.h"

#define LIBRARY "libgmime-3.0.so.0"

static char *begin(void *members)
{
    ((const Gmime *)members)->g_mime_init();
    return NULL;
}

const Gmime *gmime_load(GError **error)
{
    static Gmime g;
    /* GObject's functions are found through GMime's own dependency. */
    library_load_once(&g.once, LIBRARY, LIBRARY_NAMES(GMIME_FUNCTIONS), &g, begin);
    if (g.once.failed) {
        error_fail(error, POSTERN_ERROR_CONFIG,
                   "MIME needs " LIBRARY " (Debian: libgmime-3.0-0): %s", g.once.failed);
        return NULL;
    }
    return &g;
}

bool gmime_is(const Gmime *g, const void *object, GType type)
{
    return object != NULL && g->g_type_check_instance_is_a((GTypeInstance *)object, type);
}
