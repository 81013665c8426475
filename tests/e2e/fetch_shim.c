/* fetch_shim.c: stands between postern and libc in tests of `postern fetch`: fails the N-th call
 * that touches the disk (FETCH_SHIM_FAIL=N, FETCH_SHIM_ERRNO), and writes down what is written,
 * synced, renamed and said to the server, in its order (FETCH_SHIM_LOG). */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#define REAL(name) ((typeof(&name))dlsym(RTLD_NEXT, #name))

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static long calls;
static int log_fd = -2;

static void note(const char *format, ...)
{
    pthread_mutex_lock(&mutex);
    if (log_fd == -2) {
        const char *path = getenv("FETCH_SHIM_LOG");
        log_fd = path ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
    }
    if (log_fd >= 0) {
        char line[32768];
        va_list args;
        va_start(args, format);
        int n = vsnprintf(line, sizeof(line) - 1, format, args);
        va_end(args);
        line[n] = '\n';
        REAL(write)(log_fd, line, (size_t)n + 1);
    }
    pthread_mutex_unlock(&mutex);
}

static int fails(void)
{
    const char *which = getenv("FETCH_SHIM_FAIL");
    const char *number = getenv("FETCH_SHIM_ERRNO");
    if (!which || __atomic_add_fetch(&calls, 1, __ATOMIC_SEQ_CST) < atol(which)) {
        return 0;
    }
    errno = number ? atoi(number) : EIO;
    return 1;
}

static const char *name_of(int fd, char *buffer, size_t size)
{
    char link[64];
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, buffer, size - 1);
    buffer[n > 0 ? n : 0] = '\0';
    return buffer;
}

/* Files of mail, not the terminal, the state or pipes. */
static int is_mail(int fd, char *name, size_t size)
{
    struct stat st;
    return fstat(fd, &st) == 0 && (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)) &&
           strstr(name_of(fd, name, size), "Maildir") != NULL;
}

static int is_state(int fd, char *name, size_t size)
{
    return strstr(name_of(fd, name, size), "fetch.db") != NULL;
}

ssize_t write(int fd, const void *data, size_t len)
{
    char name[1024];
    if (is_mail(fd, name, sizeof(name))) {
        if (fails()) {
            return -1;
        }
        note("write %s", name);
    }
    return REAL(write)(fd, data, len);
}

int fsync(int fd)
{
    char name[1024];
    int mail = is_mail(fd, name, sizeof(name));
    if (mail && fails()) {
        return -1;
    }
    int result = REAL(fsync)(fd);
    if (mail || is_state(fd, name, sizeof(name))) {
        note("fsync %s", name);
    }
    return result;
}

int fdatasync(int fd)
{
    char name[1024];
    int result = REAL(fdatasync)(fd);
    if (is_state(fd, name, sizeof(name))) {
        note("fsync %s", name);
    }
    return result;
}

int syncfs(int fd)
{
    if (fails()) {
        return -1;
    }
    int result = REAL(syncfs)(fd);
    note("syncfs");
    return result;
}

int renameat(int from_fd, const char *from, int to_fd, const char *to)
{
    char name[1024];
    if (is_mail(to_fd, name, sizeof(name))) {
        if (fails()) {
            return -1;
        }
        note("rename %s %s/%s", from, name, to);
    }
    return REAL(renameat)(from_fd, from, to_fd, to);
}

ssize_t send(int fd, const void *data, size_t len, int flags)
{
    note("send %.*s", (int)(len < 30000 ? len : 30000), (const char *)data);
    return REAL(send)(fd, data, len, flags);
}

static void note_syslog(int level, const char *format, va_list args)
{
    char line[4096];
    vsnprintf(line, sizeof(line), format, args);
    note("syslog %d %s", level, line);
}

void syslog(int level, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    note_syslog(level, format, args);
    va_end(args);
}

/* What FORTIFY_SOURCE makes of it. */
void __syslog_chk(int level, int flag, const char *format, ...);
void __syslog_chk(int level, int flag, const char *format, ...)
{
    va_list args;
    (void)flag;
    va_start(args, format);
    note_syslog(level, format, args);
    va_end(args);
}
