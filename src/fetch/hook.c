/* hook.c: the commands before and after a run. */
#include <unistd.h>

#include "fetch/run_inside.h"
#include "io/spawn.h"

bool run_hook(const char *command, const char *what, int *ret_status, GError **error)
{
    const char *const argv[] = {"/bin/sh", "-c", command, NULL};
    const SpawnPlan plan = {.argv = argv, .in = -1, .out = -1, .err = -1};
    pid_t pid = 0;
    int end_fd = -1;
    if (!spawn_start(&plan, &pid, &end_fd, error)) {
        return error_prefix(error, "the command %s the run", what);
    }
    bool ended = io_wait_read(end_fd, DEADLINE_NEVER, error);
    if (!ended || !spawn_reap(pid, ret_status)) {
        spawn_end(pid, end_fd, 0);
        close(end_fd);
        return ended ? error_fail(error, POSTERN_ERROR_IO, "the command %s the run was lost", what)
                     : false;
    }
    close(end_fd);
    return *ret_status == 0 ||
           error_fail(error, POSTERN_ERROR_UNAVAILABLE,
                      "the command %s the run failed with status %d", what, *ret_status);
}
