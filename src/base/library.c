/* library.c: dlopen(). */
#include "base/library.h"

#include <dlfcn.h>

char *library_load(const char *file, const char *const *names, void *members)
{
    /* NODELETE: GObject's types, for one, cannot be taken away again. */
    void *handle = dlopen(file, RTLD_LAZY | RTLD_LOCAL | RTLD_NODELETE);
    void **member = members;
    for (size_t i = 0; handle != NULL && names[i] != NULL; i++) {
        member[i] = dlsym(handle, names[i]);
        if (member[i] == NULL) {
            handle = NULL;
        }
    }
    return handle ? NULL : g_strdup(dlerror());
}

void library_load_once(LibraryOnce *once, const char *file, const char *const *names, void *members,
                       char *(*begin)(void *members))
{
    if (g_once_init_enter(&once->done)) {
        once->failed = library_load(file, names, members);
        if (!once->failed && begin) {
            once->failed = begin(members);
        }
        g_once_init_leave(&once->done, 1);
    }
}
