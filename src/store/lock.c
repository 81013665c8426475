/* lock.c: flock, tried until it is had. */
#include "store/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define TRY_AGAIN 0.25 /* seconds */

struct Lock {
    int fd;
};

static bool fail(const char *path, GError **error)
{
    return error_fail(error, POSTERN_ERROR_CANT_CREATE, "cannot lock %s: %s", path,
                      g_strerror(errno));
}

/* Who has it, as the file tells; 0 when it does not. */
static long holder(int fd)
{
    char text[32] = "";
    ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
    return n > 0 ? (long)g_ascii_strtoll(text, NULL, 10) : 0;
}

static bool fail_held(int fd, GError **error)
{
    long pid = holder(fd);
    g_autofree char *who = pid > 0 ? g_strdup_printf(" (process %ld)", pid) : g_strdup("");
    return error_fail(error, POSTERN_ERROR_TEMPFAIL, "another run is at it%s", who);
}

static bool take(int fd, const char *path, Deadline until, GError **error)
{
    while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno == EINTR) {
            continue;
        }
        if (errno != EWOULDBLOCK) {
            return fail(path, error);
        }
        if (deadline_passed(until)) {
            return fail_held(fd, error);
        }
        if (!io_sleep(deadline_sooner(until, deadline_in(TRY_AGAIN)), error)) {
            return false;
        }
    }
    return true;
}

Lock *lock_take(const char *directory, const char *name, Deadline until, GError **error)
{
    g_autofree char *path = g_strdup_printf("%s/%s.lock", directory, name);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        fail(path, error);
        return NULL;
    }
    if (!take(fd, path, until, error)) {
        close(fd);
        return NULL;
    }
    char text[32];
    int len = g_snprintf(text, sizeof(text), "%ld\n", (long)getpid());
    if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)len, 0) != len) {
        /* it is for people only: the lock is ours all the same */
    }
    Lock *lock = g_new0(Lock, 1);
    lock->fd = fd;
    return lock;
}

void lock_free(Lock *lock)
{
    if (lock != NULL) {
        close(lock->fd);
        g_free(lock);
    }
}
