/* maildir.c: messages into Maildirs: written to tmp/, synced a batch at a time, renamed into new/
 * (or cur/, with flags), the directories synced. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/escape.h"
#include "deliver/kind.h"
#include "store/durable.h"
#include "store/maildir.h"

/* The Maildir of one folder, shared by the batches that write into it. */
typedef struct {
    gatomicrefcount refs;
    char *folder;
    Maildir *maildir;
} Place;

/* What its two names are made of: they are made when they are needed, for there are many. */
typedef struct {
    char marker[MAILDIR_MARKER_LENGTH + 1]; /* "": none */
    char flags[7];                          /* of Maildir; "": a new message, for new/ */
    int64_t when;
} Held;

typedef struct {
    Place *place;
    GArray *files; /* of Held */
    uint64_t bytes;
    size_t renamed; /* how many of them are where they should be */
} Batch;

typedef struct {
    char *path;
    Place *place; /* of the folder that is being delivered, or NULL */
    Batch *batch; /* what is held, or NULL */
    Held current;
    int fd; /* of the message under way, or -1 */
} Own;

static void place_unref(Place *place)
{
    if (place != NULL && g_atomic_ref_count_dec(&place->refs)) {
        maildir_free(place->maildir);
        g_free(place->folder);
        g_free(place);
    }
}

static bool goes_to_cur(const Held *held)
{
    return held->flags[0] != '\0';
}

/* The caller frees it. */
static char *final_name(const Held *held)
{
    char *name = maildir_name(held->marker, held->when);
    if (!goes_to_cur(held)) {
        return name;
    }
    char *with = g_strdup_printf("%s:2,%s", name, held->flags);
    g_free(name);
    return with;
}

static int open_tmp(const Maildir *m, const Held *held)
{
    g_autofree char *name = maildir_tmp_name(held->marker);
    return openat(m->tmp_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
}

static void remove_tmp(const Maildir *m, const Held *held)
{
    g_autofree char *name = maildir_tmp_name(held->marker);
    unlinkat(m->tmp_fd, name, 0);
}

/* --- where --- */

static char *expand_home(const char *path)
{
    if (g_str_equal(path, "~") || g_str_has_prefix(path, "~/")) {
        return g_build_filename(g_get_home_dir(), path + 1, NULL);
    }
    return g_strdup(path);
}

/* "maildir:DIR" as accounts.conf has it. */
static const char *without_word(const char *rest)
{
    static const char word[] = "maildir:";
    return g_str_has_prefix(rest, word) ? rest + strlen(word) : rest;
}

static bool check(const DeliverPlan *plan, const char *rest, GError **error)
{
    (void)plan;
    g_autofree char *scheme = g_uri_parse_scheme(rest);
    bool url = scheme != NULL && strstr(rest, "://") != NULL;
    g_autofree char *shown = escape_line_max(bytes_of(rest), 60);
    return (!url && *without_word(rest) != '\0') ||
           error_fail(error, POSTERN_ERROR_USAGE,
                      "mail cannot go to \"%s\": a directory, mbox:FILE, '|PROGRAM', lmtp://HOST, "
                      "smtp://HOST or -",
                      shown);
}

static bool open_target(Delivery *d, const char *rest, GError **error)
{
    (void)error;
    Own *own = g_new0(Own, 1);
    own->path = expand_home(without_word(rest));
    size_t len = strlen(own->path);
    while (len > 1 && own->path[len - 1] == '/') {
        own->path[--len] = '\0';
    }
    own->fd = -1;
    d->own = own;
    return true;
}

static char *path_of(const Delivery *d, const char *folder, char delimiter)
{
    const Own *own = d->own;
    return d->plan->lone_folder ? g_strdup(own->path)
                                : maildir_folder_path(own->path, folder, delimiter);
}

/* Courier's mark of a folder of a Maildir. */
static void mark_folder(const char *path)
{
    g_autofree char *mark = g_build_filename(path, "maildirfolder", NULL);
    int fd = open(mark, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0) {
        close(fd);
    }
}

static Place *place_new(const Delivery *d, const char *folder, char delimiter, GError **error)
{
    const Own *own = d->own;
    g_autofree char *path = path_of(d, folder, delimiter);
    bool below = !g_str_equal(path, own->path);
    g_autoptr(Maildir) top = below ? maildir_open(own->path, true, error) : NULL;
    if (below && top == NULL) {
        return NULL;
    }
    Maildir *maildir = maildir_open(path, true, error);
    if (maildir == NULL) {
        return NULL;
    }
    if (below) {
        mark_folder(path);
    }
    Place *place = g_new0(Place, 1);
    g_atomic_ref_count_init(&place->refs);
    place->folder = g_strdup(folder);
    place->maildir = maildir;
    return place;
}

static bool go_to(Delivery *d, const char *folder, char delimiter, GError **error)
{
    Own *own = d->own;
    if (own->place != NULL && g_str_equal(own->place->folder, folder)) {
        return true;
    }
    g_assert(own->batch == NULL); /* whoever delivers takes the batch at a folder's end */
    g_clear_pointer(&own->place, place_unref);
    own->place = place_new(d, folder, delimiter, error);
    return own->place != NULL;
}

/* --- one message --- */

static bool fail_write(const Own *own, const char *doing, GError **error)
{
    bool full = errno == ENOSPC || errno == EDQUOT;
    return error_fail(error, full ? POSTERN_ERROR_TEMPFAIL : POSTERN_ERROR_IO,
                      "cannot %s a message in %s/tmp: %s", doing, own->place->maildir->path,
                      g_strerror(errno));
}

static bool begin(Delivery *d, const Letter *letter, GError **error)
{
    Own *own = d->own;
    if (!go_to(d, letter->folder, letter->delimiter, error)) {
        return false;
    }
    Held *held = &own->current;
    held->when = letter->received > 0 ? letter->received : g_get_real_time() / G_USEC_PER_SEC;
    g_strlcpy(held->marker, letter->marker, sizeof held->marker);
    g_strlcpy(held->flags, letter->flags, sizeof held->flags);
    own->fd = open_tmp(own->place->maildir, held);
    return own->fd >= 0 || fail_write(own, "make", error);
}

static bool write_piece(Delivery *d, Bytes piece, GError **error)
{
    Own *own = d->own;
    return durable_write_all(own->fd, piece.data, piece.len) || fail_write(own, "write", error);
}

static bool end(Delivery *d, DeliverFate *ret, char **ret_said, GError **error)
{
    (void)ret_said;
    Own *own = d->own;
    off_t size = lseek(own->fd, 0, SEEK_CUR);
    int closed = close(own->fd);
    own->fd = -1;
    if (closed != 0) {
        fail_write(own, "write", error);
        remove_tmp(own->place->maildir, &own->current);
        return false;
    }
    if (own->batch == NULL) {
        own->batch = g_new0(Batch, 1);
        own->batch->files = g_array_new(FALSE, FALSE, sizeof(Held));
        own->batch->place = own->place;
        g_atomic_ref_count_inc(&own->place->refs);
    }
    g_array_append_val(own->batch->files, own->current);
    own->batch->bytes += (uint64_t)MAX(size, 0);
    *ret = DELIVER_HELD;
    return true;
}

static void drop(Delivery *d)
{
    Own *own = d->own;
    if (own->fd >= 0) {
        close(own->fd);
        own->fd = -1;
        remove_tmp(own->place->maildir, &own->current);
    }
}

/* --- batches --- */

static void *take(Delivery *d)
{
    Own *own = d->own;
    return g_steal_pointer(&own->batch);
}

static Held *held_at(const Batch *batch, size_t i)
{
    return &g_array_index(batch->files, Held, i);
}

static bool sync_files(const Batch *batch, GError **error)
{
    g_auto(GStrv) names = g_new0(char *, batch->files->len + 1);
    for (size_t i = 0; i < batch->files->len; i++) {
        names[i] = maildir_tmp_name(held_at(batch, i)->marker);
    }
    const Maildir *m = batch->place->maildir;
    return durable_files(m->tmp_fd, names, batch->files->len, batch->bytes, error) ||
           error_prefix(error, "the Maildir %s", m->path);
}

static bool rename_files(Batch *batch, GError **error)
{
    const Maildir *m = batch->place->maildir;
    for (; batch->renamed < batch->files->len; batch->renamed++) {
        const Held *h = held_at(batch, batch->renamed);
        g_autofree char *tmp = maildir_tmp_name(h->marker);
        g_autofree char *name = final_name(h);
        if (renameat(m->tmp_fd, tmp, goes_to_cur(h) ? m->cur_fd : m->new_fd, name) != 0) {
            return error_fail(error, POSTERN_ERROR_CANT_CREATE,
                              "cannot put a message into the Maildir %s: %s", m->path,
                              g_strerror(errno));
        }
    }
    return true;
}

static bool sync_directories(const Batch *batch, GError **error)
{
    const Maildir *m = batch->place->maildir;
    bool to_cur = false, to_new = false;
    for (size_t i = 0; i < batch->files->len; i++) {
        bool cur = goes_to_cur(held_at(batch, i));
        to_cur = to_cur || cur;
        to_new = to_new || !cur;
    }
    return (!to_new || durable_directory(m->new_fd, m->path, error)) &&
           (!to_cur || durable_directory(m->cur_fd, m->path, error));
}

static bool commit(void *user, GError **error)
{
    Batch *batch = user;
    return sync_files(batch, error) && rename_files(batch, error) && sync_directories(batch, error);
}

static void release(void *user)
{
    Batch *batch = user;
    for (size_t i = batch->renamed; i < batch->files->len; i++) {
        remove_tmp(batch->place->maildir, held_at(batch, i));
    }
    g_array_unref(batch->files);
    place_unref(batch->place);
    g_free(batch);
}

static void close_target(Delivery *d)
{
    Own *own = d->own;
    if (own->batch != NULL) {
        release(own->batch);
    }
    place_unref(own->place);
    g_free(own->path);
    g_free(own);
}

/* --- after a crash --- */

static bool present(Delivery *d, const char *folder, char delimiter, GHashTable *set,
                    GError **error)
{
    const Own *own = d->own;
    return go_to(d, folder, delimiter, error) && maildir_markers(own->place->maildir, set, error);
}

static unsigned sweep(Delivery *d, const char *folder, char delimiter)
{
    const Own *own = d->own;
    return go_to(d, folder, delimiter, NULL) ? maildir_sweep(own->place->maildir) : 0;
}

const DeliverKind deliver_maildir = {
    .prefix = "",
    .check = check,
    .open = open_target,
    .close = close_target,
    DELIVER_ONE,
    DELIVER_HOLDS,
};
