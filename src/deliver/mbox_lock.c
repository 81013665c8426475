/* mbox_lock.c: the two locks everybody agrees on. */
#include "deliver/mbox_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/io.h"

#define WAIT_SECONDS 10
#define AGAIN_SECONDS 0.1
#define STALE_SECONDS 600

static bool is_stale(const char *path)
{
    char text[32] = "";
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        return false;
    }
    ssize_t n = read(fd, text, sizeof(text) - 1);
    bool old =
        fstat(fd, &st) == 0 && st.st_mtime < g_get_real_time() / G_USEC_PER_SEC - STALE_SECONDS;
    close(fd);
    long pid = n > 0 ? strtol(text, NULL, 10) : 0;
    return old || (pid > 1 && kill((pid_t)pid, 0) != 0 && errno == ESRCH);
}

static bool make_dotlock(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);
    if (fd < 0) {
        return false;
    }
    char text[32];
    int len = g_snprintf(text, sizeof(text), "%ld\n", (long)getpid());
    if (write(fd, text, (size_t)len) != len) {
        /* It is a lock all the same. */
    }
    close(fd);
    return true;
}

static bool fail(const char *path, PosternErrorCode code, GError **error)
{
    return error_fail(error, code, "cannot lock %s: %s", path, g_strerror(errno));
}

static bool take_dotlock(const char *path, MboxLock *lock, Deadline until, GError **error)
{
    g_autofree char *name = g_strdup_printf("%s.lock", path);
    while (!make_dotlock(name)) {
        if (errno == EACCES || errno == EPERM || errno == EROFS) {
            return true; /* fcntl() alone then */
        }
        if (errno != EEXIST) {
            return fail(path, POSTERN_ERROR_CANT_CREATE, error);
        }
        if (is_stale(name)) {
            unlink(name);
        } else if (deadline_passed(until)) {
            return error_fail(error, POSTERN_ERROR_TEMPFAIL, "%s is locked: %s is there", path,
                              name);
        } else if (!io_sleep(deadline_in(AGAIN_SECONDS), error)) {
            return false;
        }
    }
    lock->dotlock = g_steal_pointer(&name);
    return true;
}

static bool take_fcntl(const char *path, int fd, Deadline until, GError **error)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    while (fcntl(fd, F_SETLK, &whole) != 0) {
        if (errno != EACCES && errno != EAGAIN && errno != EINTR) {
            return fail(path, POSTERN_ERROR_CANT_CREATE, error);
        }
        if (deadline_passed(until)) {
            return fail(path, POSTERN_ERROR_TEMPFAIL, error);
        }
        if (!io_sleep(deadline_in(AGAIN_SECONDS), error)) {
            return false;
        }
    }
    return true;
}

bool mbox_lock(const char *path, MboxLock *ret, GError **error)
{
    Deadline until = deadline_in(WAIT_SECONDS);
    *ret = (MboxLock){.fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
    if (ret->fd < 0) {
        return fail(path, POSTERN_ERROR_CANT_CREATE, error);
    }
    if (take_dotlock(path, ret, until, error) && take_fcntl(path, ret->fd, until, error)) {
        return true;
    }
    mbox_unlock(ret);
    return false;
}

void mbox_unlock(MboxLock *lock)
{
    if (lock->fd >= 0) {
        close(lock->fd);
        lock->fd = -1;
    }
    if (lock->dotlock != NULL) {
        unlink(lock->dotlock);
        g_clear_pointer(&lock->dotlock, g_free);
    }
}
