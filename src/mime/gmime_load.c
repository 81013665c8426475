/* gmime_load.c: GMime by dlopen(). */
#include "mime/gmime_load.h"

#include <dlfcn.h>

#include "base/error.h"

#define LIBRARY "libgmime-3.0.so.0"

static gpointer load(gpointer unused)
{
    (void)unused;
    static Gmime g;
    /* GObject's types cannot be taken away again: NODELETE. Its functions are found through GMime's
     * own dependency. */
    void *handle = dlopen(LIBRARY, RTLD_LAZY | RTLD_LOCAL | RTLD_NODELETE);
    bool ok = handle != NULL;
#define LOOK_UP(name) ok = ok && (*(void **)&g.name = dlsym(handle, #name)) != NULL;
    GMIME_FUNCTIONS(LOOK_UP)
#undef LOOK_UP
    if (ok) {
        g.g_mime_init();
    } else {
        g.failed = g_strdup(dlerror());
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
