#include "config/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/escape.h"

#define FIRST_ROOM 4096

static bool fail_errno(const char *path, FileText *ret, GError **error)
{
    ret->failure = errno;
    g_autofree char *shown = escape_line(bytes_of(path));
    return error_fail(error, POSTERN_ERROR_NO_INPUT, "cannot read %s: %s", shown,
                      g_strerror(ret->failure));
}

/* Doubles the room without leaving the old copy behind, as realloc() might. */
static void grow(FileText *text, size_t *room)
{
    char *larger = g_malloc(*room * 2 + 1);
    memcpy(larger, text->data, text->len);
    secret_wipe(text->data, text->len);
    g_free(text->data);
    text->data = larger;
    *room *= 2;
}

static bool read_all(int fd, const char *path, size_t max, FileText *ret, GError **error)
{
    size_t room = FIRST_ROOM;
    ret->data = g_malloc(room + 1);
    for (;;) {
        ssize_t n = read(fd, ret->data + ret->len, room - ret->len);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return fail_errno(path, ret, error);
        }
        if (n == 0) {
            ret->data[ret->len] = '\0';
            return true;
        }
        ret->len += (size_t)n;
        if (ret->len > max) {
            g_autofree char *shown = escape_line(bytes_of(path));
            return error_fail(error, POSTERN_ERROR_LIMIT, "%s is longer than %zu bytes", shown,
                              max);
        }
        if (ret->len == room) {
            grow(ret, &room);
        }
    }
}

bool file_text_read(const char *path, size_t max, FileText *ret, GError **error)
{
    *ret = (FileText){0};
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    struct stat st;
    if (fd < 0) {
        return fail_errno(path, ret, error);
    }
    bool good = fstat(fd, &st) == 0 || fail_errno(path, ret, error);
    if (good) {
        ret->mode = st.st_mode;
        ret->owner = st.st_uid;
        good = read_all(fd, path, max, ret, error);
    }
    close(fd);
    if (!good) {
        file_text_clear(ret);
    }
    return good;
}

void file_text_clear(FileText *text)
{
    if (text->data) {
        secret_wipe(text->data, text->len);
        g_clear_pointer(&text->data, g_free);
    }
    text->len = 0;
}

bool file_text_is_private(const FileText *text)
{
    return (text->mode & 077) == 0;
}
