/* mailstore_text.c: the text of messages that is not kept in memory but read from their files.
 *
 * By read(2), not mapped: a file that somebody shortens would end the whole process by SIGBUS. So
 * it ends what wanted to read. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "server/mailstore_inside.h"

/* --- where it is --- */

static int open_file(const MailFolder *folder, const char *part, const char *name)
{
    g_autofree char *path = g_build_filename(folder->path, part, name, NULL);
    return open(path, O_RDONLY | O_CLOEXEC);
}

/* Is it the same name, flags aside? */
static bool is_file_of(const char *name, const char *file)
{
    const char *base = strchr(file, '/') + 1; /* behind "new" or "cur" */
    size_t len = strcspn(base, ":");
    return strncmp(name, base, len) == 0 && (name[len] == '\0' || name[len] == ':');
}

/* Another program may have moved it, or given it flags: then it has a new name. */
static int find_file(Mail *mail)
{
    static const char *const parts[] = {"cur", "new"};
    int fd = -1;
    for (size_t i = 0; fd < 0 && i < G_N_ELEMENTS(parts); i++) {
        g_autofree char *path = g_build_filename(mail->folder->path, parts[i], NULL);
        g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
        const char *name;
        while (dir && fd < 0 && (name = g_dir_read_name(dir))) {
            if (is_file_of(name, mail->file) &&
                (fd = open_file(mail->folder, parts[i], name)) >= 0) {
                g_free(mail->file);
                mail->file = g_build_filename(parts[i], name, NULL);
            }
        }
    }
    return fd;
}

/* -1 with errno. */
static int open_text(Mail *mail)
{
    if (!mail->folder->path || mail->gone) {
        errno = ENOENT;
        return -1;
    }
    int fd = open_file(mail->folder, mail->file, NULL);
    if (fd < 0 && errno == ENOENT) {
        fd = find_file(mail);
    }
    return fd;
}

/* --- reading --- */

/* False with errno, which is 0 where the file ends too early. */
static bool read_all(int fd, char *buffer, size_t len, size_t offset)
{
    while (len > 0) {
        ssize_t n = pread(fd, buffer, len, (off_t)offset);
        if (n <= 0 && !(n < 0 && errno == EINTR)) {
            errno = n == 0 ? 0 : errno;
            return false;
        }
        n = MAX(n, 0);
        buffer += n;
        offset += (size_t)n;
        len -= (size_t)n;
    }
    return true;
}

static bool fail(const Mail *mail, GError **error)
{
    int number = errno;
    const char *why = number == 0        ? "it has become shorter: another program changed it"
                      : number == ENOENT ? "another program removed it"
                                         : g_strerror(number);
    return error_fail(error, POSTERN_ERROR_IO, "cannot read the message in %s: %s", mail->file,
                      why);
}

bool mail_read(Mail *mail, size_t offset, char *buffer, size_t len, GError **error)
{
    if (mail->text) {
        memcpy(buffer, (const char *)g_bytes_get_data(mail->text, NULL) + offset, len);
        return true;
    }
    int fd = mail->fd >= 0 ? mail->fd : open_text(mail);
    bool ok = (fd >= 0 && read_all(fd, buffer, len, offset)) || fail(mail, error);
    if (fd >= 0 && fd != mail->fd) {
        close(fd);
    }
    return ok;
}

/* --- all of it --- */

typedef struct {
    Mail *mail;
    char *octets;
} Loan;

static void end_loan(gpointer data)
{
    Loan *loan = data;
    loan->mail->lent = NULL;
    mail_unref(loan->mail);
    g_free(loan->octets);
    g_free(loan);
}

GBytes *mail_text(Mail *mail, GError **error)
{
    GBytes *there = mail->text ? mail->text : mail->lent;
    if (there) {
        return g_bytes_ref(there);
    }
    g_autofree char *octets = g_try_malloc(mail->octets);
    if (!octets) {
        error_fail(error, POSTERN_ERROR_IO, "no memory for a message of %zu octets", mail->octets);
        return NULL;
    }
    if (!mail_read(mail, 0, octets, mail->octets, error)) {
        return NULL;
    }
    Loan *loan = g_new(Loan, 1);
    *loan = (Loan){mail_ref(mail), octets};
    mail->lent = g_bytes_new_with_free_func(octets, mail->octets, end_loan, loan);
    octets = NULL; /* the loan's */
    return mail->lent;
}

/* --- removed --- */

/* Descriptors are numbered from below: most of them are for sessions. */
static bool is_too_many(int fd)
{
    struct rlimit limit;
    return getrlimit(RLIMIT_NOFILE, &limit) != 0 || (rlim_t)fd > limit.rlim_cur / 2;
}

void mailstore_keep_text(Mail *mail)
{
    if (mail->text || mail->fd >= 0 || mail->refs <= 1) {
        return;
    }
    mail->fd = open_text(mail);
    if (mail->fd >= 0 && is_too_many(mail->fd)) {
        mailstore_drop_text(mail);
    }
}

void mailstore_drop_text(Mail *mail)
{
    if (mail->fd >= 0) {
        close(mail->fd);
    }
    mail->fd = -1;
}
