/* Where configuration and state live (XDG Base Directory Specification); both 0700. */
#include <errno.h>
#include <sys/stat.h>

#include "base/escape.h"
#include "config/accounts.h"

char *config_directory(void)
{
    return g_build_filename(g_get_user_config_dir(), "postern", NULL);
}

char *config_state_directory(bool make, GError **error)
{
    g_autofree char *path = g_build_filename(g_get_user_state_dir(), "postern", NULL);
    if (make && g_mkdir_with_parents(path, 0700) != 0) {
        int failure = errno;
        g_autofree char *shown = escape_line(bytes_of(path));
        error_fail(error, POSTERN_ERROR_CANT_CREATE, "cannot make the directory %s: %s", shown,
                   g_strerror(failure));
        return NULL;
    }
    return g_steal_pointer(&path);
}
