/* batch_list.c: which messages lie at a place. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "send/batch.h"

void batch_item_free(BatchItem *item)
{
    if (!item) {
        return;
    }
    g_free(item->key);
    g_free(item->name);
    g_free(item->file);
    g_free(item->sender);
    g_strfreev(item->recipients);
    g_free(item);
}

static void add(GPtrArray *items, char *key, const char *name, char *file)
{
    BatchItem *item = g_new0(BatchItem, 1);
    *item = (BatchItem){.key = key, .name = g_strdup(name), .file = file, .length = -1};
    g_ptr_array_add(items, item);
}

static int by_name(gconstpointer a, gconstpointer b)
{
    return strcmp((*(BatchItem *const *)a)->name, (*(BatchItem *const *)b)->name);
}

/* Most file systems tell it along with the name; else, and of a link, it has to be asked. */
static bool is_regular(const struct dirent *entry, const char *file)
{
    bool told = entry->d_type != DT_UNKNOWN && entry->d_type != DT_LNK;
    return told ? entry->d_type == DT_REG : g_file_test(file, G_FILE_TEST_IS_REGULAR);
}

/* The regular files of one directory. A Maildir's flags, behind the colon, may change: the key is
 * what stands before it. */
static bool list_files(const char *path, bool maildir, GPtrArray *items, GError **error)
{
    DIR *dir = opendir(path);
    if (!dir) {
        return error_fail(error, POSTERN_ERROR_NO_INPUT, "the directory %s: %m", path);
    }
    for (const struct dirent *entry; (entry = readdir(dir));) {
        const char *name = entry->d_name;
        g_autofree char *file = g_build_filename(path, name, NULL);
        if (name[0] != '.' && is_regular(entry, file)) {
            char *key = maildir ? g_strndup(name, strcspn(name, ":")) : g_strdup(name);
            add(items, key, name, g_steal_pointer(&file));
        }
    }
    closedir(dir);
    return true;
}

static bool list_directory(const char *path, GPtrArray *items, GError **error)
{
    g_autofree char *new = g_build_filename(path, "new", NULL);
    g_autofree char *cur = g_build_filename(path, "cur", NULL);
    bool maildir = g_file_test(new, G_FILE_TEST_IS_DIR) && g_file_test(cur, G_FILE_TEST_IS_DIR);
    bool ok = maildir ? list_files(new, true, items, error) && list_files(cur, true, items, error)
                      : list_files(path, false, items, error);
    g_ptr_array_sort(items, by_name);
    return ok;
}

/* Where the next separator begins: "From " behind an empty line; or the end. */
static size_t next_separator(Bytes all, size_t from)
{
    for (const char *at = all.data + from; at < all.data + all.len;) {
        const char *found = memmem(at, (size_t)(all.data + all.len - at), "\nFrom ", 6);
        if (!found) {
            return all.len;
        }
        size_t here = (size_t)(found - all.data);
        bool behind_empty = here == 0 || all.data[here - 1] == '\n' ||
                            (here > 1 && all.data[here - 1] == '\r' && all.data[here - 2] == '\n');
        if (behind_empty) {
            return here + 1;
        }
        at = found + 1;
    }
    return all.len;
}

/* The key tells the place and the contents: the file may grow, or be another one by now. */
static void list_messages(const char *path, Bytes all, GPtrArray *items)
{
    g_autofree char *base = g_path_get_basename(path);
    for (size_t start = 0; start < all.len;) {
        size_t end = next_separator(all, start);
        Bytes message = bytes_sub(all, start, end - start);
        g_autofree char *hex = g_compute_checksum_for_data(
            G_CHECKSUM_SHA256, (const guchar *)message.data, message.len);
        BatchItem *item = g_new0(BatchItem, 1);
        *item = (BatchItem){
            .key = g_strdup_printf("%zu:%s", start, hex),
            .name = g_strdup_printf("%s:%u", base, items->len + 1),
            .file = g_strdup(path),
            .offset = (int64_t)start,
            .length = (int64_t)(end - start),
        };
        g_ptr_array_add(items, item);
        start = end;
    }
}

static bool list_mbox(const char *path, int fd, size_t len, GPtrArray *items, GError **error)
{
    if (!len) {
        return true;
    }
    void *map = mmap(NULL, len, PROT_READ, MAP_PRIVATE, fd, 0);
    if (map == MAP_FAILED) {
        return error_fail(error, POSTERN_ERROR_NO_INPUT, "cannot read %s: %s", path,
                          g_strerror(errno));
    }
    Bytes all = {map, len};
    bool mbox = bytes_starts(all, "From ");
    if (mbox) {
        list_messages(path, all, items);
    }
    munmap(map, len);
    return mbox || error_fail(error, POSTERN_ERROR_DATA,
                              "%s is no mbox (it does not begin with \"From \"): for one message "
                              "there is --message",
                              path);
}

GPtrArray *batch_list(const char *path, GError **error)
{
    g_autoptr(GPtrArray) items = g_ptr_array_new_with_free_func((GDestroyNotify)batch_item_free);
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0) {
        error_fail(error, POSTERN_ERROR_NO_INPUT, "cannot read %s: %s", path, g_strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        return NULL;
    }
    bool ok = S_ISDIR(st.st_mode) ? list_directory(path, items, error)
                                  : list_mbox(path, fd, (size_t)st.st_size, items, error);
    close(fd);
    return ok ? g_steal_pointer(&items) : NULL;
}
