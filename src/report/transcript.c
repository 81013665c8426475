/* transcript.c: the file a transcript goes to. */
#include "report/transcript.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

struct Transcript {
    int fd;
    bool json, owns_fd;
    char *path;
    int failed; /* errno of the first write that failed, or 0 */
};

static int refuse(const char *path, const char *why, GError **error)
{
    error_fail(error, POSTERN_ERROR_CANT_CREATE, "cannot write the transcript to %s: %s", path,
               why);
    return -1;
}

/* A pipe or device reached through a link (/dev/fd/63, /dev/stdout) is no file that a link could
 * trick us into overwriting. */
static int open_through_link(const char *path, GError **error)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    struct stat st;
    if (fd < 0) {
        return refuse(path, g_strerror(errno), error);
    }
    if (fstat(fd, &st) != 0 || S_ISREG(st.st_mode)) {
        close(fd);
        return refuse(path, "it is a symbolic link to a file (name the file itself)", error);
    }
    return fd;
}

/* The descriptor has been opened without O_TRUNC: nothing is lost before we know whose it is. */
static bool claim(int fd, const char *path, GError **error)
{
    struct stat st;
    if (fstat(fd, &st) != 0) {
        refuse(path, g_strerror(errno), error);
        return false;
    }
    /* Opened so as not to hang on a pipe nobody reads; written in the ordinary way. */
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
    if (!S_ISREG(st.st_mode)) {
        return true;
    }
    if (st.st_uid != geteuid()) {
        refuse(path, "the file belongs to somebody else, who could read it", error);
        return false;
    }
    if (fchmod(fd, 0600) != 0 || ftruncate(fd, 0) != 0) {
        refuse(path, g_strerror(errno), error);
        return false;
    }
    return true;
}

static int open_path(const char *path, GError **error)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600);
    if (fd < 0 && errno == ELOOP) {
        fd = open_through_link(path, error);
    } else if (fd < 0) {
        refuse(path, errno == ENXIO ? "nobody reads that pipe" : g_strerror(errno), error);
    }
    if (fd >= 0 && !claim(fd, path, error)) {
        close(fd);
        return -1;
    }
    return fd;
}

Transcript *transcript_open(const char *path, GError **error)
{
    bool to_stderr = strcmp(path, "-") == 0;
    int fd = to_stderr ? STDERR_FILENO : open_path(path, error);
    if (fd < 0) {
        return NULL;
    }
    Transcript *t = g_new0(Transcript, 1);
    t->fd = fd;
    t->owns_fd = !to_stderr;
    t->json = g_str_has_suffix(path, ".jsonl");
    t->path = g_strdup(to_stderr ? "standard error" : path);
    return t;
}

/* Each event is one write: a reader of the file, or a crash, finds whole lines. */
static void write_out(Transcript *t, const char *text, size_t len)
{
    while (len > 0 && t->failed == 0) {
        ssize_t n = write(t->fd, text, len);
        if (n >= 0) {
            text += n;
            len -= (size_t)n;
        } else if (errno != EINTR) {
            t->failed = errno;
        }
    }
}

void transcript_observe(void *transcript, const WireEvent *event)
{
    Transcript *t = transcript;
    if (t->json) {
        g_autofree char *line = transcript_json_line(event);
        g_autofree char *ended = g_strconcat(line, "\n", NULL);
        write_out(t, ended, strlen(ended));
    } else {
        g_autofree char *text = transcript_file_text(event);
        write_out(t, text, strlen(text));
    }
}

bool transcript_close(Transcript *t, GError **error)
{
    if (t == NULL) {
        return true;
    }
    if (t->owns_fd && close(t->fd) != 0 && t->failed == 0) {
        t->failed = errno;
    }
    bool good = t->failed == 0;
    if (!good) {
        error_fail(error, POSTERN_ERROR_IO, "the transcript in %s is not whole: %s", t->path,
                   g_strerror(t->failed));
    }
    g_free(t->path);
    g_free(t);
    return good;
}
