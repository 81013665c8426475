/* mailstore_write.c: a message becomes a file that nobody sees before it is whole.
 *
 * It is written without a name and then linked into the Maildir: that costs less than a name in
 * tmp/ and a rename, and leaves nothing behind if we are killed. Where the filesystem has no such
 * files, or the Maildir is on another one, it goes through tmp/. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "server/mailstore_inside.h"
#include "store/durable.h"

/* INTERNALDATE is the file's time. False with errno. */
static bool fill(int fd, const Mail *mail)
{
    gsize len;
    const void *data = g_bytes_get_data(mail->text, &len);
    const struct timespec times[2] = {{.tv_sec = mail->received}, {.tv_sec = mail->received}};
    bool good = durable_write_all(fd, data, len);
    if (mail->received != (int64_t)time(NULL)) {
        futimens(fd, times);
    }
    return good;
}

/* --- without a name --- */

static int open_nameless(MailStore *store)
{
    int fd =
        store->only_named ? -1 : open(store->directory, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
    /* These two say that the filesystem, or the kernel, has none; others may pass. */
    store->only_named = store->only_named || (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR));
    return fd;
}

/* By the descriptor itself only root may on Linux before 6.10. */
static bool give_name(int fd, const char *path)
{
    char self[32];
    g_snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
    return linkat(fd, "", AT_FDCWD, path, AT_EMPTY_PATH) == 0 ||
           linkat(AT_FDCWD, self, AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0;
}

void mailstore_prepare(MailStore *store)
{
    if (store->directory && store->spare_fd < 0) {
        store->spare_fd = open_nameless(store);
    }
}

void mailstore_drop_spare(MailStore *store)
{
    if (store->spare_fd >= 0) {
        close(store->spare_fd);
    }
    store->spare_fd = -1;
}

static bool write_nameless(MailStore *store, const Mail *mail, const char *path)
{
    mailstore_prepare(store);
    bool good =
        store->spare_fd >= 0 && fill(store->spare_fd, mail) && give_name(store->spare_fd, path);
    int number = errno;
    mailstore_drop_spare(store);
    errno = number;
    return good;
}

/* --- through tmp/ --- */

static bool write_named(const MailStore *store, const MailFolder *folder, const Mail *mail,
                        const char *path)
{
    g_autofree char *tmp = mailstore_disk_place(folder, store->tmp_file);
    int fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool good = fd >= 0 && fill(fd, mail);
    if (fd >= 0) {
        good = close(fd) == 0 && good;
    }
    good = good && rename(tmp, path) == 0;
    int number = errno;
    if (!good && fd >= 0) {
        unlink(tmp);
    }
    errno = number;
    return good;
}

bool mailstore_write_file(MailStore *store, const MailFolder *folder, const Mail *mail,
                          const char *path)
{
    return write_nameless(store, mail, path) || write_named(store, folder, mail, path);
}
