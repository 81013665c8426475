/* talk_edit.c: libedit, when it is needed. */
#include "cmd/talk_edit.h"

#include "base/error.h"

#define LIBRARY "libedit.so.2"

const Libedit *edit(void)
{
    static Libedit libedit;
    library_load_once(&libedit.once, LIBRARY, LIBRARY_NAMES(LIBEDIT_FUNCTIONS), &libedit, NULL);
    return &libedit;
}

bool edit_load(GError **error)
{
    const char *failed = edit()->once.failed;
    return !failed || error_fail(error, POSTERN_ERROR_CONFIG,
                                 "editing lines at a terminal needs " LIBRARY
                                 " (Debian: libedit2), what comes from a pipe does not: %s",
                                 failed);
}
