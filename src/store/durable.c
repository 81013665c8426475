/* durable.c: fsync, syncfs, and which of them. */
#include "store/durable.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#define THREADS_MAX 8
#define FILES_FOR_SYNCFS 8
/* How much of other programs' data may wait to be written. */
#define OTHERS_MAX (64u * 1024 * 1024)

#ifndef XFS_SUPER_MAGIC
#define XFS_SUPER_MAGIC 0x58465342
#endif
#ifndef TMPFS_MAGIC
#define TMPFS_MAGIC 0x01021994
#endif

static bool is_local(int fd)
{
    static const unsigned long local[] = {EXT4_SUPER_MAGIC,  XFS_SUPER_MAGIC,       TMPFS_MAGIC,
                                          BTRFS_SUPER_MAGIC, F2FS_SUPER_MAGIC,      0xca451a4e,
                                          RAMFS_MAGIC,       OVERLAYFS_SUPER_MAGIC, 0x2fc12fc1};
    struct statfs fs;
    if (fstatfs(fd, &fs) != 0) {
        return false;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(local); i++) {
        if ((unsigned long)fs.f_type == local[i]) {
            return true;
        }
    }
    return false;
}

static bool kernel_reports_errors(void)
{
    struct utsname name;
    if (uname(&name) != 0) {
        return false;
    }
    char *end = NULL;
    unsigned long major = strtoul(name.release, &end, 10);
    unsigned long minor = *end == '.' ? strtoul(end + 1, NULL, 10) : 0;
    return major > 5 || (major == 5 && minor >= 8);
}

/* "Dirty" and "Writeback" of /proc/meminfo, in bytes; UINT64_MAX when nobody knows. */
static uint64_t waiting_to_be_written(void)
{
    char text[2048];
    int fd = open("/proc/meminfo", O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return UINT64_MAX;
    }
    ssize_t got = read(fd, text, sizeof(text) - 1);
    close(fd);
    if (got <= 0) {
        return UINT64_MAX;
    }
    text[got] = '\0';
    uint64_t sum = 0;
    static const char *const words[] = {"\nDirty:", "\nWriteback:"};
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        const char *at = strstr(text, words[i]);
        if (at == NULL) {
            return UINT64_MAX;
        }
        sum += strtoull(at + strlen(words[i]), NULL, 10) * 1024;
    }
    return sum;
}

bool durable_prefers_syncfs(int dir_fd, uint64_t bytes)
{
    return kernel_reports_errors() && is_local(dir_fd) &&
           waiting_to_be_written() <= bytes + OTHERS_MAX;
}

bool durable_write_all(int fd, const void *data, size_t len)
{
    const char *at = data;
    while (len > 0) {
        ssize_t n = write(fd, at, len);
        if (n < 0 && errno != EINTR) {
            return false;
        }
        if (n == 0) {
            errno = ENOSPC;
            return false;
        }
        at += MAX(n, 0);
        len -= (size_t)MAX(n, 0);
    }
    return true;
}

/* --- an fsync a file, from several threads: the filesystem joins them into few transactions --- */

typedef struct {
    int dir_fd;
    char *const *names;
    size_t n;
    gint next;   /* atomic: whose turn it is */
    gint failed; /* atomic: errno of one that failed, or 0 */
} Work;

static gpointer sync_some(gpointer user)
{
    Work *work = user;
    while (g_atomic_int_get(&work->failed) == 0) {
        size_t i = (size_t)g_atomic_int_add(&work->next, 1);
        if (i >= work->n) {
            break;
        }
        int fd = openat(work->dir_fd, work->names[i], O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0 || fsync(fd) != 0) {
            g_atomic_int_set(&work->failed, errno);
        }
        if (fd >= 0) {
            close(fd);
        }
    }
    return NULL;
}

/* Writing begins for all of them before the first is waited for. */
static void begin_writing(const Work *work)
{
    for (size_t i = 0; i < work->n; i++) {
        int fd = openat(work->dir_fd, work->names[i], O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        if (fd >= 0) {
            sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
            close(fd);
        }
    }
}

static int sync_each(Work *work)
{
    GThread *threads[THREADS_MAX - 1];
    size_t n = 0;
    size_t wanted = MIN(work->n, THREADS_MAX);
    if (wanted > 1) {
        begin_writing(work);
    }
    while (n + 1 < wanted) {
        GThread *thread = g_thread_try_new("fsync", sync_some, work, NULL);
        if (thread == NULL) {
            break; /* with fewer it takes longer, no more */
        }
        threads[n++] = thread;
    }
    sync_some(work);
    for (size_t i = 0; i < n; i++) {
        g_thread_join(threads[i]);
    }
    return work->failed;
}

bool durable_files(int dir_fd, char *const *names, size_t n, uint64_t bytes, GError **error)
{
    int failure = 0;
    if (n >= FILES_FOR_SYNCFS && durable_prefers_syncfs(dir_fd, bytes)) {
        failure = syncfs(dir_fd) == 0 ? 0 : errno;
    } else {
        Work work = {.dir_fd = dir_fd, .names = names, .n = n};
        failure = sync_each(&work);
    }
    return failure == 0 ||
           error_fail(error, POSTERN_ERROR_IO, "what was written could not be made durable: %s",
                      g_strerror(failure));
}

bool durable_directory(int dir_fd, const char *path, GError **error)
{
    /* EINVAL: a filesystem that knows no such thing. */
    return fsync(dir_fd) == 0 || errno == EINVAL ||
           error_fail(error, POSTERN_ERROR_IO, "the directory %s could not be made durable: %s",
                      path, g_strerror(errno));
}

static bool write_new(const char *path, const void *data, size_t len, GError **error)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return error_fail(error, POSTERN_ERROR_CANT_CREATE, "cannot make %s: %s", path,
                          g_strerror(errno));
    }
    bool good = durable_write_all(fd, data, len) && fsync(fd) == 0;
    int failure = errno;
    close(fd);
    return good ||
           error_fail(error, POSTERN_ERROR_IO, "cannot write %s: %s", path, g_strerror(failure));
}

bool durable_replace(const char *path, const void *data, size_t len, GError **error)
{
    g_autofree char *tmp = g_strdup_printf("%s.%d.tmp", path, (int)getpid());
    g_autofree char *directory = g_path_get_dirname(path);
    if (!write_new(tmp, data, len, error)) {
        unlink(tmp);
        return false;
    }
    if (rename(tmp, path) != 0) {
        int failure = errno;
        unlink(tmp);
        return error_fail(error, POSTERN_ERROR_CANT_CREATE, "cannot make %s: %s", path,
                          g_strerror(failure));
    }
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool good = fd >= 0 && durable_directory(fd, directory, error);
    if (fd >= 0) {
        close(fd);
        return good;
    }
    return error_fail(error, POSTERN_ERROR_IO, "cannot open %s: %s", directory, g_strerror(errno));
}
