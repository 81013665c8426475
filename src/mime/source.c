/* source.c: walking over messages. */
#include "mime/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE (256 * 1024)

struct MimeSource {
    GPtrArray *files; /* paths, sorted */
    guint at;         /* the next file */
    const char *format;
    bool is_directory;
    unsigned number;
    /* The file that is being read. */
    int fd;
    const char *name;
    char *words;
    bool is_mbox;
    uint64_t start, end, next, content;
    char *window; /* PIECE octets of it, or NULL */
    uint64_t window_at;
    size_t window_len;
    off_t origin; /* where standard input was */
};

int mime_nameless_file(void)
{
    /* Not where memory is used for files: an input may be larger than that. */
    const char *dir = g_getenv("TMPDIR") ? g_get_tmp_dir() : "/var/tmp";
    int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0) {
        g_autofree char *name = g_build_filename(dir, "postern-XXXXXX", NULL);
        fd = mkostemp(name, O_CLOEXEC);
        if (fd >= 0) {
            unlink(name);
        }
    }
    return fd;
}

static bool write_all(int fd, Bytes data)
{
    while (data.len > 0) {
        ssize_t n = write(fd, data.data, data.len);
        if (n < 0 && errno != EINTR) {
            return false;
        }
        data = bytes_sub(data, n > 0 ? (size_t)n : 0, SIZE_MAX);
    }
    return true;
}

static ssize_t read_some(int fd, char *buffer, size_t len)
{
    ssize_t n;
    do {
        n = read(fd, buffer, len);
    } while (n < 0 && errno == EINTR);
    return n;
}

static int fail_io(int fd, const char *what, GError **error)
{
    error_fail(error, POSTERN_ERROR_IO, "cannot %s: %s", what, g_strerror(errno));
    if (fd >= 0) {
        close(fd);
    }
    return -1;
}

int mime_spool(int fd, GError **error)
{
    int out = mime_nameless_file();
    if (out < 0) {
        return fail_io(-1, "make a temporary file", error);
    }
    g_autofree char *buffer = g_malloc(PIECE);
    ssize_t n;
    while ((n = read_some(fd, buffer, PIECE)) > 0) {
        if (!write_all(out, (Bytes){buffer, (size_t)n})) {
            return fail_io(out, "write a temporary file", error);
        }
    }
    return n < 0 ? fail_io(out, "read standard input", error) : out;
}

/* --- opening --- */

static int by_name(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool list_folder(MimeSource *s, const char *path, const char *sub)
{
    g_autofree char *folder = g_build_filename(path, sub, NULL);
    GDir *dir = g_dir_open(folder, 0, NULL);
    const char *name;
    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        if (*name != '.') {
            g_ptr_array_add(s->files, g_build_filename(folder, name, NULL));
        }
    }
    if (dir != NULL) {
        g_dir_close(dir);
    }
    return dir != NULL;
}

static bool open_directory(MimeSource *s, const char *path, GError **error)
{
    s->is_directory = true;
    bool cur = list_folder(s, path, "cur"), new = list_folder(s, path, "new");
    if (!cur && !new) {
        return error_fail(error, POSTERN_ERROR_DATA,
                          "%s is a directory, but no Maildir: it has no cur and no new in it",
                          path);
    }
    g_ptr_array_sort(s->files, by_name);
    return true;
}

MimeSource *mime_source_open(const char *path, const char *format, GError **error)
{
    g_autoptr(MimeSource) s = g_new0(MimeSource, 1);
    s->files = g_ptr_array_new_with_free_func(g_free);
    s->format = format ? format : "auto";
    s->fd = -1;
    bool good = true;
    if (strcmp(path, "-") != 0 && g_file_test(path, G_FILE_TEST_IS_DIR)) {
        good = open_directory(s, path, error);
    } else {
        g_ptr_array_add(s->files, g_strdup(path));
    }
    return good ? g_steal_pointer(&s) : NULL;
}

static void close_file(MimeSource *s)
{
    if (s->fd >= 0) {
        close(s->fd);
    }
    if (s->name != NULL && strcmp(s->name, "-") == 0) {
        lseek(STDIN_FILENO, s->origin, SEEK_SET); /* for who reads it next: the offset is shared */
    }
    s->name = NULL;
    s->fd = -1;
    s->window_len = 0;
    g_clear_pointer(&s->words, g_free);
}

void mime_source_free(MimeSource *s)
{
    if (s != NULL) {
        close_file(s);
        g_ptr_array_unref(s->files);
        g_free(s->window);
        g_free(s);
    }
}

/* --- one file --- */

/* A pipe is copied first: the parser goes back and forth. */
static int seekable(int fd, GError **error)
{
    struct stat about;
    if (fstat(fd, &about) == 0 && S_ISREG(about.st_mode)) {
        return fd;
    }
    int copy = mime_spool(fd, error);
    close(fd);
    return copy;
}

static int open_input(const char *path, GError **error)
{
    bool is_stdin = strcmp(path, "-") == 0;
    int fd = is_stdin ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
                      : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        error_fail(error, POSTERN_ERROR_NO_INPUT, "cannot read %s: %s", path, g_strerror(errno));
        return -1;
    }
    return seekable(fd, error);
}

/* Writes the message that a conversation holds into a file of its own. */
static bool copy_transcript(const Pasted *pasted, FILE *in, int out, GError **error)
{
    char *line = NULL;
    size_t size = 0, number = 0;
    ssize_t len;
    g_autoptr(GString) pending = g_string_sized_new(PIECE);
    bool good = true;
    while (good && (len = getline(&line, &size, in)) >= 0) {
        Bytes piece = {line, (size_t)len};
        if (!pasted_line(pasted, number++, &piece)) {
            break;
        }
        g_string_append_len(pending, piece.data, (gssize)piece.len);
        if (pending->len > PIECE / 2) {
            good = write_all(out, bytes_of_string(pending));
            g_string_truncate(pending, 0);
        }
    }
    good = good && write_all(out, bytes_of_string(pending)) && !ferror(in);
    free(line);
    return good || (fail_io(-1, "write a temporary file", error), false);
}

static bool copy_behind_header(const char *header, int in, int out, GError **error)
{
    g_autofree char *buffer = g_malloc(PIECE);
    ssize_t n;
    bool good = write_all(out, bytes_of(header));
    while (good && (n = read_some(in, buffer, PIECE)) > 0) {
        good = write_all(out, (Bytes){buffer, (size_t)n});
    }
    return good || (fail_io(-1, "write a temporary file", error), false);
}

/* Replaces the file by the message that it stands for. */
static bool rewrite(MimeSource *s, const Pasted *pasted, GError **error)
{
    int out = mime_nameless_file();
    if (out < 0) {
        return fail_io(-1, "make a temporary file", error), false;
    }
    lseek(s->fd, (off_t)s->start, SEEK_SET);
    bool good;
    if (pasted->kind == PASTED_TRANSCRIPT) {
        FILE *in = fdopen(dup(s->fd), "r");
        good = in != NULL && copy_transcript(pasted, in, out, error);
        g_clear_pointer(&in, fclose);
    } else {
        g_autofree char *header = pasted_header(pasted);
        s->content = strlen(header);
        good = copy_behind_header(header, s->fd, out, error);
    }
    close(s->fd);
    s->fd = out;
    s->start = 0;
    s->end = (uint64_t)lseek(out, 0, SEEK_END);
    return good;
}

static Pasted forced(const char *format, const Pasted *judged)
{
    Pasted pasted = *judged;
    if (strcmp(format, "message") == 0) {
        pasted.kind = pasted.kind == PASTED_TEXT ? PASTED_TEXT : PASTED_MESSAGE;
    } else if (strcmp(format, "mbox") == 0) {
        pasted.kind = PASTED_MBOX;
    }
    return pasted;
}

static bool open_next(MimeSource *s, GError **error)
{
    close_file(s);
    s->name = s->files->pdata[s->at++];
    s->fd = open_input(s->name, error);
    if (s->fd < 0) {
        return false;
    }
    s->origin = strcmp(s->name, "-") == 0 ? MAX(lseek(s->fd, 0, SEEK_CUR), 0) : 0;
    s->start = s->content = (uint64_t)s->origin;
    s->end = (uint64_t)lseek(s->fd, 0, SEEK_END);
    g_autofree char *buffer = g_malloc(PASTED_LOOK);
    ssize_t n = pread(s->fd, buffer, PASTED_LOOK, (off_t)s->start);
    if (n < 0) {
        error_fail(error, POSTERN_ERROR_IO, "cannot read %s: %s", s->name, g_strerror(errno));
        return false;
    }
    Pasted judged;
    pasted_judge((Bytes){buffer, (size_t)n}, &judged);
    Pasted pasted = forced(s->format, &judged);
    s->is_mbox = pasted.kind == PASTED_MBOX;
    s->words = pasted_words(&pasted);
    bool good = true;
    if (pasted.kind == PASTED_MESSAGE || pasted.kind == PASTED_MBOX) {
        s->start += pasted.lead;
    } else {
        s->content = 0;
        good = rewrite(s, &pasted, error);
    }
    pasted_clear(&judged);
    s->next = s->start;
    return good;
}

/* --- mbox --- */

/* A window of the file with `want` octets from `at` on, or what there is up to the end; it stays
 * for the next call: messages are mostly smaller than it. */
static bool look_at(MimeSource *s, uint64_t at, size_t want, Bytes *ret, GError **error)
{
    bool here = at >= s->window_at && at + want <= s->window_at + s->window_len;
    if (!here) {
        s->window = s->window ? s->window : g_malloc(PIECE);
        size_t len = (size_t)MIN((uint64_t)PIECE, s->end - MIN(at, s->end));
        ssize_t n = pread(s->fd, s->window, len, (off_t)at);
        if (n < 0) {
            error_fail(error, POSTERN_ERROR_IO, "cannot read %s: %s", s->name, g_strerror(errno));
            return false;
        }
        s->window_at = at;
        s->window_len = (size_t)n;
    }
    size_t skip = (size_t)(at - s->window_at);
    *ret = bytes_sub((Bytes){s->window, s->window_len}, skip, SIZE_MAX);
    return true;
}

/* A line end at a time: faster than looking for "\nFrom ", which is much rarer. */
static const char *find_from(Bytes text)
{
    const char *end = text.data + text.len, *at = text.data;
    while (at < end && (at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        at++;
        if (at < end && *at == 'F') {
            const char *line_end = memchr(at, '\n', (size_t)(end - at));
            if (pasted_is_from_line((Bytes){at, (size_t)((line_end ? line_end : end) - at)})) {
                return at;
            }
        }
    }
    return NULL;
}

/* Where the next From_ line begins, from the line break at `at` on; the end when there is none. */
static bool next_from(MimeSource *s, uint64_t at, uint64_t *ret, GError **error)
{
    enum { OVERLAP = 512 }; /* a From_ line that crosses the window's border is looked at whole */
    Bytes text;
    bool last = false;
    while (!last) {
        if (!look_at(s, at, OVERLAP + 1, &text, error)) {
            return false;
        }
        const char *found = find_from(text);
        if (found != NULL) {
            *ret = at + (uint64_t)(found - text.data);
            return true;
        }
        last = text.len <= OVERLAP || at + text.len >= s->end; /* there is no more */
        at += text.len - MIN(text.len, OVERLAP);
    }
    *ret = s->end;
    return true;
}

/* Behind the From_ line at s->next. */
static bool skip_from_line(MimeSource *s, uint64_t *ret, GError **error)
{
    Bytes text;
    *ret = s->next;
    if (!look_at(s, s->next, 1024, &text, error)) {
        return false;
    }
    gssize end = bytes_index(bytes_sub(text, 0, 1024), '\n');
    if (bytes_starts(text, "From ") && end >= 0) {
        *ret = s->next + (uint64_t)end + 1;
    }
    return true;
}

static bool next_in_mbox(MimeSource *s, MimeItem *item, GError **error)
{
    uint64_t begin, end;
    if (!skip_from_line(s, &begin, error)) {
        return false;
    }
    if (!next_from(s, begin > s->next ? begin - 1 : begin, &end, error)) {
        return false;
    }
    *item = (MimeItem){.start = begin, .end = MAX(end, begin), .content = begin};
    s->next = end;
    /* The empty line before the next From_ line is the mbox's, not the message's. */
    Bytes tail;
    if (end < s->end && end >= begin + 2 && look_at(s, end - 2, 2, &tail, error)) {
        item->end -= tail.data[0] == '\n' ? 1 : tail.data[0] == '\r' ? 2 : 0;
    }
    return true;
}

bool mime_source_next(MimeSource *s, MimeItem *item, GError **error)
{
    if (s->fd < 0 || s->next >= s->end) {
        if (s->at >= s->files->len) {
            return false;
        }
        if (!open_next(s, error)) {
            return false;
        }
    }
    if (s->is_mbox && s->next < s->end) {
        if (!next_in_mbox(s, item, error)) {
            return false;
        }
    } else {
        *item = (MimeItem){.start = s->start, .end = s->end, .content = s->content};
        s->next = s->end;
    }
    item->name = s->name;
    item->fd = s->fd;
    item->words = s->words;
    item->number = ++s->number;
    return true;
}

bool mime_source_is_single(const MimeSource *s)
{
    return !s->is_directory && !s->is_mbox;
}
