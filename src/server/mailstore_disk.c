/* mailstore_disk.c: what is in the store, in Maildirs.
 *
 * A message is TIME.Pmarker.host,S=octets,W=octets:2,FLAGS: W, the size with CRLF line ends, being
 * the file's own says that it is stored as it came. Its marker is 16 hex digits of whoever wrote
 * it, 8 of the folder's UIDVALIDITY, 8 of its UID. */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "proto/imap_mailbox.h"
#include "server/mailstore_inside.h"
#include "store/durable.h"
#include "store/maildir.h"

enum { LETTERS = 26 };

char *mailstore_disk_place(const MailFolder *folder, const char *name)
{
    return g_strconcat(folder->path, "/", name, NULL);
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
    g_autofree char *path = mailstore_disk_place(folder, part);
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
    g_autofree char *mark = mailstore_disk_place(folder, "maildirfolder");
    if (strcmp(folder->name, "INBOX") != 0) {
        g_file_set_contents(mark, "", 0, NULL);
    }
    g_autofree char *uids = mailstore_disk_place(folder, "dovecot-uidlist");
    if (!g_file_test(uids, G_FILE_TEST_EXISTS)) {
        mailstore_uids_write(store, folder);
    }
    return true;
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
        mailstore_uids_forget(store, folder);
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

/* --- flags --- */

/* The number of a keyword in the folder's list, which grows by it; LETTERS: the list is full. */
static unsigned keyword_letter(const MailFolder *folder, const char *keyword)
{
    g_autofree char *path = mailstore_disk_place(folder, "dovecot-keywords");
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

/* The name without directory and flags, which is what stays the same. */
static char *base_of(const char *file)
{
    const char *name = strchr(file, '/') + 1; /* behind "new" or "cur" */
    return g_strndup(name, strcspn(name, ":"));
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
    g_autofree char *base = base_of(mail->file);
    char *name = file_name(folder, mail, base);
    g_autofree char *from = mailstore_disk_place(folder, mail->file);
    g_autofree char *to = mailstore_disk_place(folder, name);
    if (strcmp(from, to) == 0 || g_rename(from, to) != 0) {
        g_free(name);
        return;
    }
    g_free(mail->file);
    mail->file = name;
}

/* --- messages --- */

static char *new_base_name(const MailStore *store, const MailFolder *folder, const Mail *mail)
{
    return g_strdup_printf("%" G_GINT64_FORMAT ".P%s%08x%08x.%s,S=%zu,W=%zu", mail->received,
                           store->run, folder->validity, mail->uid, maildir_host(), mail->octets,
                           mail->octets);
}

bool mailstore_disk_add(MailStore *store, MailFolder *folder, Mail *mail, GError **error)
{
    if (!folder->path) {
        return true;
    }
    g_autofree char *base = new_base_name(store, folder, mail);
    mail->file = file_name(folder, mail, base);
    g_autofree char *path = mailstore_disk_place(folder, mail->file);
    if (!mailstore_write_file(store, folder, mail, path)) {
        return error_fail(error, POSTERN_ERROR_IO, "cannot write %s: %s", path, g_strerror(errno));
    }
    mailstore_uids_add(store, folder, mail);
    return true;
}

void mailstore_disk_remove(MailFolder *folder, Mail *mail)
{
    if (folder->path && mail->file) {
        g_autofree char *path = mailstore_disk_place(folder, mail->file);
        unlink(path);
    }
}
