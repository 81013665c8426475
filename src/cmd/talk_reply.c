/* talk_reply.c: the body of the last reply, kept for /save: small ones in memory, large ones in a
 * nameless file. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "cmd/talk.h"

#define REPLY_MEMORY (1024 * 1024) /* beyond it goes to disk */
#define REPLY_CAP                                                                                  \
    (UINT64_C(4) * 1024 * 1024 *                                                                   \
     1024) /* a server can make it grow: this is where we stop keeping */

struct ReplyStore {
    GByteArray *memory; /* what has not been written to fd yet */
    int fd;             /* -1: everything is in memory */
    uint64_t size;
    bool overflow; /* the cap or the disk was hit: what we have is not whole */
};

ReplyStore *reply_store_new(void)
{
    ReplyStore *store = g_new0(ReplyStore, 1);
    store->memory = g_byte_array_new();
    store->fd = -1;
    return store;
}

void reply_store_free(ReplyStore *store)
{
    if (store == NULL) {
        return;
    }
    reply_store_begin(store);
    g_byte_array_unref(store->memory);
    g_free(store);
}

void reply_store_begin(ReplyStore *store)
{
    g_byte_array_set_size(store->memory, 0);
    if (store->fd >= 0) {
        close(store->fd);
    }
    store->fd = -1;
    store->size = 0;
    store->overflow = false;
}

static bool write_all(int fd, const uint8_t *data, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, data, len);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return false;
        }
        data += n;
        len -= (size_t)n;
    }
    return true;
}

static int nameless_file(void)
{
    int fd = open(g_get_tmp_dir(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0) {
        return fd;
    }
    g_autofree char *name = g_build_filename(g_get_tmp_dir(), "postern-XXXXXX", NULL);
    fd = mkostemp(name, O_CLOEXEC);
    if (fd >= 0) {
        unlink(name);
    }
    return fd;
}

static void spill(ReplyStore *store)
{
    if (store->fd < 0) {
        store->fd = nameless_file();
    }
    if (store->fd < 0 || !write_all(store->fd, store->memory->data, store->memory->len)) {
        store->overflow = true;
    }
    g_byte_array_set_size(store->memory, 0);
}

void reply_store_octets(ReplyStore *store, Bytes octets)
{
    if (octets.len == 0 || store->overflow) {
        return;
    }
    if (store->size + octets.len > REPLY_CAP) {
        store->overflow = true;
        return;
    }
    g_byte_array_append(store->memory, (const guint8 *)octets.data, (guint)octets.len);
    store->size += octets.len;
    if (store->memory->len > REPLY_MEMORY) {
        spill(store);
    }
}

void reply_store_line(ReplyStore *store, Bytes raw, bool unstuff)
{
    if (unstuff && raw.len > 1 && raw.data[0] == '.') {
        raw = bytes_sub(raw, 1, raw.len - 1);
    }
    reply_store_octets(store, raw);
}

uint64_t reply_store_size(const ReplyStore *store)
{
    return store->size;
}

static bool copy_spilled(const ReplyStore *store, int out)
{
    g_autofree uint8_t *buffer = g_malloc(64 * 1024);
    off_t at = 0;
    while (store->fd >= 0) {
        ssize_t n = pread(store->fd, buffer, 64 * 1024, at);
        if (n == 0) {
            break;
        }
        if (n < 0 || !write_all(out, buffer, (size_t)n)) {
            return false;
        }
        at += n;
    }
    return write_all(out, store->memory->data, store->memory->len);
}

/* Is there something, and all of it? */
static bool check_whole(const ReplyStore *store, GError **error)
{
    if (store->size == 0) {
        return error_fail(error, POSTERN_ERROR_DATA,
                          "there is nothing to save: no reply with a body has come yet (try RETR, "
                          "TOP, LIST or FETCH)");
    }
    if (store->overflow) {
        return error_fail(error, POSTERN_ERROR_DATA,
                          "the last reply could not be kept whole (it outgrew %" G_GUINT64_FORMAT
                          " octets, or there was no room in %s), so it is not saved",
                          REPLY_CAP, g_get_tmp_dir());
    }
    return true;
}

bool reply_store_copy(const ReplyStore *store, int fd, GError **error)
{
    return check_whole(store, error) &&
           (copy_spilled(store, fd) ||
            error_fail(error, POSTERN_ERROR_IO, "cannot write the last reply to a file: %s",
                       g_strerror(errno)));
}

bool reply_store_save(const ReplyStore *store, const char *file, GError **error)
{
    if (!check_whole(store, error)) {
        return false;
    }
    int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) {
        return error_fail(error, POSTERN_ERROR_CANT_CREATE, "cannot write %s: %s", file,
                          g_strerror(errno));
    }
    bool good = copy_spilled(store, fd);
    if (close(fd) != 0 || !good) {
        return error_fail(error, POSTERN_ERROR_IO, "cannot write %s: %s", file, g_strerror(errno));
    }
    return true;
}
