/* spawn.c: starting and ending children. */
#include "io/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/task.h"

/* From SIGTERM to SIGKILL: ssh restores the terminal in between. */
#define TERM_GRACE 0.45

int spawn_lift_fd(int fd)
{
    if (fd < 0 || fd > STDERR_FILENO) {
        return fd;
    }
    int lifted = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    int number = errno;
    close(fd);
    errno = number;
    return lifted;
}

static void set_files(posix_spawn_file_actions_t *files, const SpawnPlan *plan)
{
    const int wanted[] = {plan->in, plan->out, plan->err};
    for (int i = 0; i < 3; i++) {
        if (wanted[i] >= 0) {
            posix_spawn_file_actions_adddup2(files, wanted[i], i);
        }
    }
}

/* Ignored signals (SIGPIPE) and a mask would be inherited through exec. */
static void set_signals(posix_spawnattr_t *attributes, bool block_interrupt)
{
    sigset_t all;
    sigset_t mask;
    sigfillset(&all);
    sigemptyset(&mask);
    if (block_interrupt) {
        sigaddset(&mask, SIGINT);
    }
    posix_spawnattr_setsigdefault(attributes, &all);
    posix_spawnattr_setsigmask(attributes, &mask);
    posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
}

bool spawn_start(const SpawnPlan *plan, pid_t *ret_pid, int *ret_end_fd, GError **error)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
    set_files(&files, plan);
    set_signals(&attributes, plan->block_interrupt);
    int number = posix_spawnp(ret_pid, plan->argv[0], &files, &attributes,
                              (char *const *)plan->argv, environ);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    if (number != 0) {
        return error_fail(error, POSTERN_ERROR_UNAVAILABLE, "cannot start %s: %s%s", plan->argv[0],
                          g_strerror(number), number == ENOENT ? " (is it installed?)" : "");
    }
    *ret_end_fd = pidfd_open(*ret_pid, 0);
    if (*ret_end_fd < 0) {
        number = errno;
        kill(*ret_pid, SIGKILL);
        waitpid(*ret_pid, NULL, 0);
        return error_fail(error, POSTERN_ERROR_IO, "cannot watch %s: %s", plan->argv[0],
                          g_strerror(number));
    }
    return true;
}

static int exit_status(int wait_status)
{
    return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

bool spawn_reap(pid_t pid, int *ret_status)
{
    int status = 0;
    pid_t got;
    do {
        got = waitpid(pid, &status, WNOHANG);
    } while (got < 0 && errno == EINTR);
    *ret_status = exit_status(status);
    return got !=
           0; /* -1, "no such child": whoever ignores SIGCHLD gets no status, but it has ended */
}

void spawn_end(pid_t pid, int end_fd, double patience)
{
    int status;
    if (!io_wait_shielded(end_fd, deadline_in(patience))) {
        kill(pid, SIGTERM);
        if (!io_wait_shielded(end_fd, deadline_in(TERM_GRACE))) {
            kill(pid, SIGKILL);
            io_wait_shielded(end_fd, DEADLINE_NEVER); /* a killed process ends at once */
        }
    }
    spawn_reap(pid, &status);
}
