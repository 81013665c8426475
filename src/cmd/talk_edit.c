/* talk_edit.c: libedit, when it is needed. */
#include "cmd/talk_edit.h"

#include "base/error.h"

#define LIBRARY "libedit.so.2"

static gpointer load(gpointer unused)
{
    (void)unused;
    static Libedit libedit;
    libedit.failed = library_load(LIBRARY, LIBRARY_NAMES(LIBEDIT_FUNCTIONS), &libedit);
    return &libedit;
}

const Libedit *edit(void)
{
    static GOnce once = G_ONCE_INIT;
    return g_once(&once, load, NULL);
}

bool edit_load(GError **error)
{
    const char *failed = edit()->failed;
    return !failed || error_fail(error, POSTERN_ERROR_CONFIG,
                                 "editing lines at a terminal needs " LIBRARY
                                 " (Debian: libedit2), what comes from a pipe does not: %s",
                                 failed);
}
