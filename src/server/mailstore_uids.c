/* mailstore_uids.c: the list of UIDs of a folder on disk, as Dovecot keeps it, with the envelopes.
 *
 * The first line has UIDVALIDITY and the next UID when the list was written; then comes a line a
 * message: "12 Fjim@example.org Tjoe@example.org :NAME". Lines are appended a moment after their
 * messages came, many at once. Those of files that are gone stay until the list is read again, so
 * that removing costs one unlink(). */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "server/mailstore_inside.h"
#include "store/durable.h"
#include "store/maildir.h"

enum { RUN_DIGITS = 16, NUMBER_DIGITS = 8 };

/* --- lines --- */

/* What is not escaped is what addresses are made of; a blank would end the word. */
static void put_address(GString *out, char key, const char *address)
{
    if (address) {
        g_string_append_c(out, key);
        g_string_append_uri_escaped(out, address, "@+=!#$&*/?", FALSE);
        g_string_append_c(out, ' ');
    }
}

char *mailstore_uids_read_address(const char *word)
{
    return g_uri_unescape_string(word + 1, NULL);
}

static void put_line(GString *out, const Mail *mail)
{
    const char *base = strchr(mail->file, '/') + 1; /* behind "new" or "cur" */
    g_string_append_printf(out, "%u ", mail->uid);
    put_address(out, 'F', mail->from);
    put_address(out, 'T', mail->to);
    g_string_append_c(out, ':');
    g_string_append_len(out, base, (gssize)strcspn(base, ":"));
    g_string_append_c(out, '\n');
}

uint32_t mailstore_uids_of_name(const char *name, uint32_t validity)
{
    Bytes marker = maildir_marker_of(name);
    char digits[NUMBER_DIGITS + 1] = "";
    if (marker.len == 0) {
        return 0;
    }
    memcpy(digits, marker.data + RUN_DIGITS, NUMBER_DIGITS);
    bool same = g_ascii_strtoull(digits, NULL, 16) == validity;
    memcpy(digits, marker.data + RUN_DIGITS + NUMBER_DIGITS, NUMBER_DIGITS);
    uint32_t uid = (uint32_t)g_ascii_strtoull(digits, NULL, 16);
    return same && uid < G_MAXUINT32 ? uid : 0;
}

/* --- the whole list --- */

void mailstore_uids_write(MailStore *store, MailFolder *folder)
{
    if (!folder->path) {
        return;
    }
    mailstore_uids_forget(store, folder);
    g_autoptr(GString) text = g_string_new(NULL);
    g_string_printf(text, "3 V%u N%u\n", folder->validity, folder->uid_next);
    for (guint i = 0; i < folder->mails->len; i++) {
        put_line(text, folder->mails->pdata[i]);
    }
    g_autofree char *file = mailstore_disk_place(folder, "dovecot-uidlist");
    g_file_set_contents(file, text->str, (gssize)text->len, NULL);
}

/* --- what waits --- */

static bool append(const MailFolder *folder)
{
    g_autofree char *file = mailstore_disk_place(folder, "dovecot-uidlist");
    int fd = open(file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    bool good = fd >= 0 && durable_write_all(fd, folder->unwritten->str, folder->unwritten->len);
    if (fd >= 0) {
        good = close(fd) == 0 && good;
    }
    return good;
}

void mailstore_write_lists(MailStore *store)
{
    while (store->unwritten->len > 0) {
        MailFolder *folder = store->unwritten->pdata[store->unwritten->len - 1];
        if (append(folder)) {
            mailstore_uids_forget(store, folder);
        } else {
            mailstore_uids_write(store, folder); /* half a line may stand there now */
        }
    }
}

void mailstore_on_unwritten(MailStore *store, void (*func)(void *user), void *user)
{
    store->on_unwritten = func;
    store->on_unwritten_user = user;
}

void mailstore_uids_forget(MailStore *store, MailFolder *folder)
{
    if (folder->unwritten && folder->unwritten->len > 0) {
        g_ptr_array_remove_fast(store->unwritten, folder);
        g_string_truncate(folder->unwritten, 0);
    }
}

void mailstore_uids_add(MailStore *store, MailFolder *folder, const Mail *mail)
{
    bool first = store->unwritten->len == 0;
    if (!folder->unwritten) {
        folder->unwritten = g_string_new(NULL);
    }
    if (folder->unwritten->len == 0) {
        g_ptr_array_add(store->unwritten, folder);
    }
    put_line(folder->unwritten, mail);
    if (!store->on_unwritten) {
        mailstore_write_lists(store);
    } else if (first) {
        store->on_unwritten(store->on_unwritten_user);
    }
}
