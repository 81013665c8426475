/* mbox_append.c: from the spool into the mbox, so that whatever is killed between can be told apart
 * and completed. */
#include "deliver/mbox_append.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "deliver/mbox_lock.h"
#include "store/durable.h"
#include "store/maildir.h"

#define PIECE 65536

/* --- names --- */

MboxPlace *mbox_place_new(const char *path, const char *account)
{
    MboxPlace *place = g_new0(MboxPlace, 1);
    uint8_t digest[DIGEST_MAX];
    digest_compute(DIGEST_SHA256, bytes_of(account), digest);
    g_autofree char *id = bytes_hex((Bytes){(const char *)digest, 4});
    g_autofree char *base = g_path_get_basename(path);
    g_atomic_ref_count_init(&place->refs);
    place->path = g_strdup(path);
    place->directory = g_path_get_dirname(path);
    place->prefix = g_strdup_printf(".%s.postern-%s.", base, id);
    return place;
}

void mbox_place_unref(MboxPlace *place)
{
    if (place != NULL && g_atomic_ref_count_dec(&place->refs)) {
        g_free(place->path);
        g_free(place->directory);
        g_free(place->prefix);
        g_free(place);
    }
}

static char *name_of(const MboxPlace *place, const char *what)
{
    return g_strdup_printf("%s/%s%s", place->directory, place->prefix, what);
}

/* --- the spool --- */

MboxSpool *mbox_spool_new(MboxPlace *place, GError **error)
{
    static gint count;
    g_autofree char *what =
        g_strdup_printf("spool.%d.%d", (int)getpid(), g_atomic_int_add(&count, 1));
    g_autofree char *name = name_of(place, what);
    int fd = open(name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        error_fail(error, POSTERN_ERROR_CANT_CREATE, "cannot make %s: %s", name, g_strerror(errno));
        return NULL;
    }
    MboxSpool *spool = g_new0(MboxSpool, 1);
    spool->place = place;
    g_atomic_ref_count_inc(&place->refs);
    spool->name = g_steal_pointer(&name);
    spool->fd = fd;
    spool->markers = g_string_new(NULL);
    return spool;
}

void mbox_spool_free(MboxSpool *spool)
{
    if (spool != NULL) {
        close(spool->fd);
        if (spool->name != NULL) {
            unlink(spool->name);
        }
        mbox_place_unref(spool->place);
        g_string_free(spool->markers, TRUE);
        g_free(spool->name);
        g_free(spool);
    }
}

static bool sync_directory(const MboxPlace *place, GError **error)
{
    int fd = open(place->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool good = fd >= 0 && durable_directory(fd, place->directory, error);
    if (fd < 0) {
        return error_fail(error, POSTERN_ERROR_IO, "cannot open %s: %s", place->directory,
                          g_strerror(errno));
    }
    close(fd);
    return good;
}

/* --- appending --- */

static bool fail_io(const char *path, GError **error)
{
    bool full = errno == ENOSPC || errno == EDQUOT;
    return error_fail(error, full ? POSTERN_ERROR_TEMPFAIL : POSTERN_ERROR_IO,
                      "cannot append to %s: %s", path, g_strerror(errno));
}

/* Copies the octets of `from` from `offset` up to `length` to the place `to` stands at. */
static bool copy(int from, off_t offset, off_t length, int to)
{
    g_autofree char *piece = g_malloc(PIECE);
    while (offset < length) {
        size_t want = (size_t)MIN((off_t)PIECE, length - offset);
        ssize_t n = pread(from, piece, want, offset);
        if (n <= 0 || !durable_write_all(to, piece, (size_t)n)) {
            errno = n == 0 ? EIO : errno;
            return false;
        }
        offset += n;
    }
    return true;
}

/* Are the octets of the mbox from `at` on, as far as it goes, those of the batch? */
static bool same(int mbox, off_t at, int batch, off_t length)
{
    g_autofree char *a = g_malloc(PIECE);
    g_autofree char *b = g_malloc(PIECE);
    for (off_t done = 0; done < length;) {
        size_t want = (size_t)MIN((off_t)PIECE, length - done);
        ssize_t n = pread(mbox, a, want, at + done);
        if (n <= 0) {
            return n == 0;
        }
        if (pread(batch, b, (size_t)n, done) != n || memcmp(a, b, (size_t)n) != 0) {
            return false;
        }
        done += n;
    }
    return true;
}

/* The markers of a batch stand behind its text: "\n" and a line each, and the length of the text.
 */
static bool put_trailer(MboxSpool *spool, off_t length)
{
    g_autofree char *trailer =
        g_strdup_printf("%s%020" G_GINT64_FORMAT "\n", spool->markers->str, (gint64)length);
    return durable_write_all(spool->fd, trailer, strlen(trailer));
}

static bool read_trailer(int fd, off_t *ret_length, char **ret_markers)
{
    char last[22] = "";
    off_t size = lseek(fd, 0, SEEK_END);
    if (size < 21 || pread(fd, last, 21, size - 21) != 21) {
        return false;
    }
    *ret_length = (off_t)g_ascii_strtoll(last, NULL, 10);
    off_t rest = size - 21 - *ret_length;
    if (*ret_length < 0 || rest < 0 || rest > 1024 * 1024) {
        return false;
    }
    *ret_markers = g_malloc0((gsize)rest + 1);
    return pread(fd, *ret_markers, (size_t)rest, *ret_length) == rest;
}

/* The file as it was before, as far as that can be. */
static bool take_back(int mbox, off_t at, GError **error, const char *path)
{
    fail_io(path, error);
    if (ftruncate(mbox, at) != 0) {
        /* The next run completes it. */
    }
    return false;
}

static bool finish(const MboxPlace *place, const char *name, const char *markers, GError **error)
{
    g_autofree char *last = name_of(place, "last");
    if (!durable_replace(last, markers, strlen(markers), error)) {
        return false;
    }
    unlink(name);
    return true;
}

static bool append_locked(MboxSpool *spool, off_t length, int mbox, GError **error)
{
    const MboxPlace *place = spool->place;
    off_t at = lseek(mbox, 0, SEEK_END);
    g_autofree char *what = g_strdup_printf("append.%" G_GINT64_FORMAT, (gint64)at);
    g_autofree char *name = name_of(place, what);
    if (rename(spool->name, name) != 0) {
        return fail_io(place->path, error);
    }
    g_clear_pointer(&spool->name, g_free);
    if (!sync_directory(place, error)) {
        return false;
    }
    if (!copy(spool->fd, 0, length, mbox) || fsync(mbox) != 0) {
        take_back(mbox, at, error, place->path);
        unlink(name);
        return false;
    }
    return finish(place, name, spool->markers->str, error);
}

bool mbox_append(MboxSpool *spool, GError **error)
{
    MboxLock lock;
    off_t length = lseek(spool->fd, 0, SEEK_END);
    if (!put_trailer(spool, length) || fsync(spool->fd) != 0) {
        return fail_io(spool->place->path, error);
    }
    if (!mbox_lock(spool->place->path, &lock, error)) {
        return false;
    }
    bool good = append_locked(spool, length, lock.fd, error);
    mbox_unlock(&lock);
    return good;
}

/* --- after a crash --- */

static bool complete(const MboxPlace *place, const char *name, off_t at, GError **error)
{
    MboxLock lock;
    g_autofree char *markers = NULL;
    off_t length = 0;
    int fd = open(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 || !read_trailer(fd, &length, &markers) || !mbox_lock(place->path, &lock, error)) {
        if (fd >= 0) {
            close(fd);
        }
        return error == NULL || *error == NULL;
    }
    off_t size = lseek(lock.fd, 0, SEEK_END);
    bool ours = size >= at && same(lock.fd, at, fd, length);
    bool good = true;
    if (ours && size < at + length) {
        good = (copy(fd, size - at, length, lock.fd) && fsync(lock.fd) == 0) ||
               fail_io(place->path, error);
    }
    good = good && (ours ? finish(place, name, markers, error) : unlink(name) == 0);
    mbox_unlock(&lock);
    close(fd);
    return good;
}

bool mbox_recover(MboxPlace *place, GError **error)
{
    DIR *dir = opendir(place->directory);
    g_autofree char *prefix = g_strdup_printf("%sappend.", place->prefix);
    const struct dirent *entry;
    bool good = true;
    while (good && dir != NULL && (entry = readdir(dir)) != NULL) {
        if (g_str_has_prefix(entry->d_name, prefix)) {
            g_autofree char *name = g_build_filename(place->directory, entry->d_name, NULL);
            good =
                complete(place, name,
                         (off_t)g_ascii_strtoll(entry->d_name + strlen(prefix), NULL, 10), error);
        }
    }
    if (dir != NULL) {
        closedir(dir);
    }
    return good;
}

void mbox_markers(const MboxPlace *place, GHashTable *set)
{
    g_autofree char *name = name_of(place, "last");
    g_autofree char *text = NULL;
    if (!g_file_get_contents(name, &text, NULL, NULL)) {
        return;
    }
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line != NULL; line++) {
        if (strlen(*line) == MAILDIR_MARKER_LENGTH) {
            g_hash_table_add(set, g_strdup(*line));
        }
    }
}

unsigned mbox_sweep(const MboxPlace *place)
{
    DIR *dir = opendir(place->directory);
    g_autofree char *prefix = g_strdup_printf("%sspool.", place->prefix);
    const struct dirent *entry;
    unsigned removed = 0;
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        if (!g_str_has_prefix(entry->d_name, prefix)) {
            continue;
        }
        long pid = strtol(entry->d_name + strlen(prefix), NULL, 10);
        bool dead = pid > 1 && kill((pid_t)pid, 0) != 0 && errno == ESRCH;
        removed += dead && unlinkat(dirfd(dir), entry->d_name, 0) == 0;
    }
    if (dir != NULL) {
        closedir(dir);
    }
    return removed;
}
