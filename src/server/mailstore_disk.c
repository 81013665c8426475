/* mailstore_disk.c: what is in the store, in Maildirs.
 *
 * A message is TIME.Pmarker.host,S=octets,W=octets:2,FLAGS: W, the size with CRLF line ends, being
 * the file's own says that it is stored as it came. The list of UIDs gets a line a message, with
 * the envelope: "12 Fjim@example.org Tjoe@example.org :NAME"; lines of files that are gone stay
 * until it is read again, so that removing costs one unlink(). */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/digest.h"
#include "proto/imap_mailbox.h"
#include "server/mailstore_inside.h"
#include "store/durable.h"
#include "store/maildir.h"

enum { LETTERS = 26, MAPPED_FROM = 64 * 1024 };

static char *place(const MailFolder *folder, const char *name)
{
    return g_build_filename(folder->path, name, NULL);
}

/* --- users and folders --- */

bool mailstore_disk_user(MailStore *store, MailUser *user, GError **error)
{
    if (!store->directory) {
        return true;
    }
    user->path = g_build_filename(store->directory, user->name, "Maildir", NULL);
    return g_mkdir_with_parents(user->path, 0700) == 0 ||
           error_fail(error, POSTERN_ERROR_CANT_CREATE, "cannot make %s: %s", user->path,
                      g_strerror(errno));
}

static bool make_part(const MailFolder *folder, const char *part)
{
    g_autofree char *path = place(folder, part);
    return g_mkdir_with_parents(path, 0700) == 0;
}

/* As a Maildir++ directory is called, without its first dot: the inverse of what is read at the
 * start. */
static char *directory_name(const char *name)
{
    return g_strdelimit(imap_mailbox_encode(name), "/", '.');
}

static char *folder_path(const MailUser *user, const MailFolder *folder)
{
    if (strcmp(folder->name, "INBOX") == 0) {
        return g_strdup(user->path);
    }
    g_autofree char *name = directory_name(folder->name);
    return g_strconcat(user->path, "/.", name, NULL);
}

bool mailstore_disk_folder(MailStore *store, MailUser *user, MailFolder *folder, GError **error)
{
    if (!user->path) {
        return true;
    }
    folder->path = folder_path(user, folder);
    if (!make_part(folder, "tmp") || !make_part(folder, "new") || !make_part(folder, "cur")) {
        return error_fail(error, POSTERN_ERROR_CANT_CREATE, "cannot make %s: %s", folder->path,
                          g_strerror(errno));
    }
    g_autofree char *mark = place(folder, "maildirfolder");
    if (strcmp(folder->name, "INBOX") != 0) {
        g_file_set_contents(mark, "", 0, NULL);
    }
    g_autofree char *uids = place(folder, "dovecot-uidlist");
    if (!g_file_test(uids, G_FILE_TEST_EXISTS)) {
        mailstore_disk_uids(store, folder);
    }
    return true;
}

void mailstore_disk_close(MailStore *store)
{
    if (store->uids_fd >= 0) {
        close(store->uids_fd);
    }
    store->uids_fd = -1;
    store->uids_folder = NULL;
}

static void close_uids_of(MailStore *store, const MailFolder *folder)
{
    if (store->uids_folder == folder) {
        mailstore_disk_close(store);
    }
}

static void remove_all(const char *path)
{
    GDir *dir = g_dir_open(path, 0, NULL);
    const char *name;
    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *inner = g_build_filename(path, name, NULL);
        struct stat st;
        if (lstat(inner, &st) == 0 && S_ISDIR(st.st_mode)) {
            remove_all(inner);
        } else {
            unlink(inner);
        }
    }
    if (dir) {
        g_dir_close(dir);
    }
    rmdir(path);
}

void mailstore_disk_delete(MailStore *store, MailFolder *folder)
{
    if (folder->path) {
        close_uids_of(store, folder);
        remove_all(folder->path);
        g_clear_pointer(&folder->path, g_free);
    }
}

void mailstore_disk_rename(MailUser *user, MailFolder *folder)
{
    if (folder->path) {
        char *path = folder_path(user, folder);
        (void)g_rename(folder->path, path);
        g_free(folder->path);
        folder->path = path;
    }
}

/* One a line, as the Maildir calls them, without the first dot. */
void mailstore_disk_subscriptions(const MailUser *user)
{
    if (!user->path) {
        return;
    }
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < user->subscriptions->len; i++) {
        g_autofree char *name = directory_name(user->subscriptions->pdata[i]);
        g_string_append_printf(text, "%s\n", name);
    }
    g_autofree char *file = g_build_filename(user->path, "subscriptions", NULL);
    g_file_set_contents(file, text->str, (gssize)text->len, NULL);
}

/* --- UIDs --- */

/* The name without directory and flags, which is what stays the same. */
static char *base_name(const char *file)
{
    const char *slash = strrchr(file, '/');
    const char *name = slash ? slash + 1 : file;
    const char *colon = strchr(name, ':');
    return colon ? g_strndup(name, (gsize)(colon - name)) : g_strdup(name);
}

char *mailstore_disk_address(char key, const char *address)
{
    g_autofree char *escaped = g_uri_escape_string(address, "@+=!#$&*/?", FALSE);
    return g_strdup_printf("%c%s", key, escaped);
}

char *mailstore_disk_read_address(const char *word)
{
    return g_uri_unescape_string(word + 1, NULL);
}

static void put_line(GString *out, const Mail *mail)
{
    g_autofree char *name = base_name(mail->file);
    g_autofree char *from = mail->from ? mailstore_disk_address('F', mail->from) : NULL;
    g_autofree char *to = mail->to ? mailstore_disk_address('T', mail->to) : NULL;
    g_string_append_printf(out, "%u %s%s%s%s:%s\n", mail->uid, from ? from : "", from ? " " : "",
                           to ? to : "", to ? " " : "", name);
}

void mailstore_disk_uids(MailStore *store, const MailFolder *folder)
{
    if (!folder->path) {
        return;
    }
    close_uids_of(store, folder); /* another file takes its place */
    g_autoptr(GString) text = g_string_new(NULL);
    g_string_printf(text, "3 V%u N%u\n", folder->validity, folder->uid_next);
    for (guint i = 0; i < folder->mails->len; i++) {
        put_line(text, folder->mails->pdata[i]);
    }
    g_autofree char *file = place(folder, "dovecot-uidlist");
    g_file_set_contents(file, text->str, (gssize)text->len, NULL);
}

static bool open_uids(MailStore *store, const MailFolder *folder)
{
    if (store->uids_folder == folder) {
        return true;
    }
    g_autofree char *list = place(folder, "dovecot-uidlist");
    mailstore_disk_close(store);
    store->uids_fd = open(list, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    store->uids_folder = store->uids_fd >= 0 ? folder : NULL;
    return store->uids_fd >= 0;
}

static bool append_uid(MailStore *store, const MailFolder *folder, const Mail *mail)
{
    g_autoptr(GString) line = g_string_new(NULL);
    put_line(line, mail);
    return open_uids(store, folder) && durable_write_all(store->uids_fd, line->str, line->len);
}

/* --- flags --- */

/* The number of a keyword in the folder's list, which grows by it; LETTERS: the list is full. */
static unsigned keyword_letter(const MailFolder *folder, const char *keyword)
{
    g_autofree char *path = place(folder, "dovecot-keywords");
    g_autofree char *text = NULL;
    if (!g_file_get_contents(path, &text, NULL, NULL)) {
        text = g_strdup("");
    }
    unsigned n = 0;
    g_auto(GStrv) lines = g_strsplit(text, "\n", LETTERS + 1);
    for (; lines[n] && *lines[n]; n++) {
        const char *name = strchr(lines[n], ' ');
        if (name && g_ascii_strcasecmp(name + 1, keyword) == 0) {
            return n;
        }
    }
    if (n < LETTERS) {
        g_autofree char *grown = g_strdup_printf("%s%u %s\n", text, n, keyword);
        g_file_set_contents(path, grown, -1, NULL);
    }
    return n;
}

/* ":2,FS" and letters of keywords; letters have to be in order. */
static void put_flags(const MailFolder *folder, const Mail *mail, GString *out)
{
    const struct {
        bool set;
        char letter;
    } flags[] = {{mail->draft, 'D'},
                 {mail->flagged, 'F'},
                 {mail->answered, 'R'},
                 {mail->seen, 'S'},
                 {mail->deleted, 'T'}};
    bool keywords[LETTERS + 1] = {false};
    g_string_append(out, ":2,");
    for (size_t i = 0; i < G_N_ELEMENTS(flags); i++) {
        if (flags[i].set) {
            g_string_append_c(out, flags[i].letter);
        }
    }
    for (guint i = 0; mail->keywords && i < mail->keywords->len; i++) {
        keywords[keyword_letter(folder, mail->keywords->pdata[i])] = true;
    }
    for (unsigned i = 0; i < LETTERS; i++) {
        if (keywords[i]) {
            g_string_append_c(out, (char)('a' + i));
        }
    }
}

static bool has_flags(const Mail *mail)
{
    return mail->seen || mail->answered || mail->flagged || mail->deleted || mail->draft ||
           (mail->keywords && mail->keywords->len);
}

/* Where the file belongs. What has no flags and was never looked at is in new/. */
static char *file_name(const MailFolder *folder, const Mail *mail, const char *base)
{
    if (!has_flags(mail) && (!mail->file || g_str_has_prefix(mail->file, "new/"))) {
        return g_strconcat("new/", base, NULL);
    }
    GString *name = g_string_new("cur/");
    g_string_append(name, base);
    put_flags(folder, mail, name);
    return g_string_free(name, FALSE);
}

void mailstore_disk_flags(MailFolder *folder, Mail *mail)
{
    if (!folder->path || !mail->file || mail->gone) {
        return;
    }
    g_autofree char *base = base_name(mail->file);
    char *name = file_name(folder, mail, base);
    g_autofree char *from = place(folder, mail->file);
    g_autofree char *to = place(folder, name);
    if (strcmp(from, to) == 0 || g_rename(from, to) != 0) {
        g_free(name);
        return;
    }
    g_free(mail->file);
    mail->file = name;
}

/* --- messages --- */

GBytes *mailstore_disk_map(int fd, size_t octets)
{
    GMappedFile *mapped = octets >= MAPPED_FROM ? g_mapped_file_new_from_fd(fd, FALSE, NULL) : NULL;
    GBytes *text = mapped ? g_mapped_file_get_bytes(mapped) : NULL;
    g_clear_pointer(&mapped, g_mapped_file_unref);
    return text;
}

/* What is large need not stay in memory once it is in the file. */
static void map_text(int fd, Mail *mail)
{
    gsize octets = g_bytes_get_size(mail->text);
    g_autoptr(GBytes) mapped = mailstore_disk_map(fd, octets);
    if (mapped && g_bytes_get_size(mapped) == octets) {
        g_bytes_unref(mail->text);
        mail->text = g_steal_pointer(&mapped);
    }
}

static bool write_file(const char *path, Mail *mail)
{
    gsize len;
    const void *data = g_bytes_get_data(mail->text, &len);
    const struct timespec times[2] = {{.tv_sec = mail->received}, {.tv_sec = mail->received}};
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        return false;
    }
    bool good = durable_write_all(fd, data, len);
    if (mail->received != (int64_t)time(NULL)) {
        futimens(fd, times); /* INTERNALDATE */
    }
    if (good) {
        map_text(fd, mail);
    }
    return close(fd) == 0 && good;
}

static char *new_base_name(const Mail *mail)
{
    uint8_t random[MAILDIR_MARKER_LENGTH / 2];
    digest_random(random, sizeof(random));
    g_autofree char *marker = bytes_hex((Bytes){(const char *)random, sizeof(random)});
    g_autofree char *name = maildir_name(marker, mail->received);
    gsize len = g_bytes_get_size(mail->text);
    return g_strdup_printf("%s,S=%" G_GSIZE_FORMAT ",W=%" G_GSIZE_FORMAT, name, len, len);
}

bool mailstore_disk_add(MailStore *store, MailFolder *folder, Mail *mail, GError **error)
{
    if (!folder->path) {
        return true;
    }
    g_autofree char *base = new_base_name(mail);
    g_autofree char *tmp = g_build_filename(folder->path, "tmp", base, NULL);
    mail->file = file_name(folder, mail, base);
    g_autofree char *path = place(folder, mail->file);
    bool good =
        write_file(tmp, mail) && g_rename(tmp, path) == 0 && append_uid(store, folder, mail);
    if (!good) {
        error_fail(error, POSTERN_ERROR_IO, "cannot write %s: %s", path, g_strerror(errno));
        unlink(tmp);
        unlink(path);
    }
    return good;
}

void mailstore_disk_remove(MailFolder *folder, Mail *mail)
{
    if (folder->path && mail->file) {
        g_autofree char *path = place(folder, mail->file);
        unlink(path);
    }
}
