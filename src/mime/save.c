/* save.c: writing parts to files. */
#include "mime/save.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/escape.h"
#include "mime/embedded.h"
#include "mime/names.h"

enum { TRIES_MAX = 10000 };

struct SaveDir {
    int fd;
    char *path;
    bool overwrite;
    GHashTable *next; /* name -> the number to try next, so that 10,000 of one name are not 10,000
                         tries each */
};

SaveDir *save_dir_open(const char *path, bool overwrite, GError **error)
{
    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        error_fail(error, POSTERN_ERROR_CANT_CREATE, "cannot make the directory %s: %s", path,
                   g_strerror(errno));
        return NULL;
    }
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        error_fail(error, POSTERN_ERROR_CANT_CREATE, "cannot save into %s: %s", path,
                   g_strerror(errno));
        return NULL;
    }
    SaveDir *dir = g_new0(SaveDir, 1);
    *dir = (SaveDir){fd, g_strdup(path), overwrite,
                     g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL)};
    return dir;
}

void save_dir_free(SaveDir *dir)
{
    if (dir != NULL) {
        close(dir->fd);
        g_free(dir->path);
        g_hash_table_unref(dir->next);
        g_free(dir);
    }
}

/* --- writing --- */

typedef struct {
    int fd;
    uint64_t bytes;
    unsigned file; /* the one that is wanted of a text, or 0 */
    GError **error;
    bool good;
} Out;

static bool put(void *user, Bytes piece, GError **error)
{
    Out *out = user;
    while (piece.len > 0) {
        ssize_t n = write(out->fd, piece.data, piece.len);
        if (n < 0 && errno != EINTR) {
            return error_fail(error, POSTERN_ERROR_IO, "cannot write: %s", g_strerror(errno));
        }
        out->bytes += n > 0 ? (uint64_t)n : 0;
        piece = bytes_sub(piece, n > 0 ? (size_t)n : 0, SIZE_MAX);
    }
    return true;
}

static void put_file(void *user, const EmbeddedFile *file, Bytes piece)
{
    Out *out = user;
    if (file->number == out->file) {
        out->good = out->good && put(out, piece, out->error);
    }
}

static bool feed(void *scan, Bytes piece, GError **error)
{
    (void)error;
    embedded_feed(scan, piece);
    return true;
}

static bool write_file(const MimeTree *tree, const MimeNode *node, Out *out, GError **error)
{
    EmbeddedScan *scan = embedded_new(put_file, out);
    bool good = content_read(tree->g, node->object, true, feed, scan, error);
    embedded_end(scan);
    embedded_free(scan);
    return good && out->good;
}

/* What GMime writes itself: a message or multipart, with its structure. */
static bool write_object(const MimeTree *tree, const MimeNode *node, int fd, GError **error)
{
    const Gmime *g = tree->g;
    GMimeStream *stream = g->g_mime_stream_pipe_new(fd); /* serves files too, and never seeks */
    g->g_mime_stream_pipe_set_owner((GMimeStreamPipe *)stream, FALSE);
    ssize_t n;
    if (node->kind == MIME_MESSAGE) {
        GMimeMessage *inner = g->g_mime_message_part_get_message((GMimeMessagePart *)node->object);
        n = g->g_mime_object_write_to_stream((GMimeObject *)inner, NULL, stream);
    } else {
        n = g->g_mime_object_write_content_to_stream(node->object, NULL, stream);
    }
    bool good = n >= 0 && g->g_mime_stream_flush(stream) == 0;
    int number = errno;
    g->g_object_unref(stream);
    return good || error_fail(error, POSTERN_ERROR_IO, "cannot write: %s", g_strerror(number));
}

static bool write_node(const MimeTree *tree, const MimeNode *node, bool raw, Out *out,
                       GError **error)
{
    out->good = true;
    out->error = error;
    if (out->file != 0) {
        return write_file(tree, node, out, error);
    }
    if (node->kind == MIME_LEAF) {
        return content_read(tree->g, node->object, !raw, put, out, error);
    }
    return write_object(tree, node, out->fd, error);
}

bool save_to_fd(const MimeTree *tree, const MimeNode *node, unsigned file, bool raw, int fd,
                GError **error)
{
    Out out = {.fd = fd, .file = file};
    return write_node(tree, node, raw, &out, error);
}

/* --- files --- */

static const char *name_within(const MimeNode *node, unsigned file)
{
    for (guint i = 0; file != 0 && i < node->files->len; i++) {
        const MimeFile *found = node->files->pdata[i];
        if (found->number == file) {
            return *found->name ? found->name : NULL;
        }
    }
    return file == 0 ? node->filename : NULL;
}

/* A new file that nobody had before; names that are taken get a number. */
static int create(SaveDir *dir, const char *wanted, char **ret_name)
{
    const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    *ret_name = g_strdup(wanted);
    int fd = openat(dir->fd, wanted, flags, 0600);
    unsigned n = MAX(2, GPOINTER_TO_UINT(g_hash_table_lookup(dir->next, wanted)));
    for (; fd < 0 && errno == EEXIST && n < TRIES_MAX; n++) {
        g_free(*ret_name);
        *ret_name = names_numbered(wanted, n);
        fd = openat(dir->fd, *ret_name, flags, 0600);
    }
    g_hash_table_insert(dir->next, g_strdup(wanted), GUINT_TO_POINTER(n));
    return fd;
}

/* Beside the old one, which is replaced when the new one is complete; a link there is replaced, not
 * followed. */
static int create_beside(SaveDir *dir, char **ret_name)
{
    *ret_name = g_strdup_printf(".postern-%d", (int)getpid());
    unlinkat(dir->fd, *ret_name, 0);
    return openat(dir->fd, *ret_name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
}

static bool fail_create(const SaveDir *dir, const char *name, GError **error)
{
    int number = errno;
    g_autofree char *shown = escape_line(bytes_of(name));
    return error_fail(error, POSTERN_ERROR_CANT_CREATE, "cannot create %s/%s: %s", dir->path, shown,
                      g_strerror(number));
}

static bool is_new(SaveDir *dir, const char *name)
{
    return g_hash_table_insert(dir->next, g_strdup(name), GUINT_TO_POINTER(2));
}

bool save_node(SaveDir *dir, const MimeTree *tree, const MimeNode *node, unsigned file,
               char **ret_name, uint64_t *ret_bytes, GError **error)
{
    g_autofree char *section =
        file ? g_strdup_printf("%s-%u", node->path, file) : g_strdup(node->path);
    g_autofree char *wanted = names_safe(name_within(node, file), section,
                                         file ? "application/octet-stream" : node->type);
    /* What this run has written is not overwritten by it: two parts may have one name. */
    bool replace = dir->overwrite && is_new(dir, wanted);
    g_autofree char *name = NULL;
    int fd = replace ? create_beside(dir, &name) : create(dir, wanted, &name);
    if (fd < 0) {
        return fail_create(dir, name, error);
    }
    Out out = {.fd = fd, .file = file};
    bool good = write_node(tree, node, false, &out, error);
    *ret_bytes = (uint64_t)MAX(lseek(fd, 0, SEEK_END), 0);
    if (close(fd) != 0 && good) {
        good = error_fail(error, POSTERN_ERROR_IO, "cannot write %s: %s", name, g_strerror(errno));
    }
    if (good && replace && renameat(dir->fd, name, dir->fd, wanted) != 0) {
        good = fail_create(dir, wanted, error);
    }
    if (!good) {
        unlinkat(dir->fd, name, 0);
        return false;
    }
    *ret_name = g_strdup(replace ? wanted : name);
    return true;
}
