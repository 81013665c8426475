/* mailstore.c: users and messages, and those who watch them. */
#include "server/mailstore.h"

#include <string.h>
#include <time.h>

#include "base/digest.h"
#include "server/mailstore_inside.h"
#include "store/maildir.h"

typedef struct {
    unsigned id;
    void (*func)(void *user, MailFolder *folder);
    void *user;
} Watch;

/* --- life and death --- */

Mail *mail_ref(Mail *mail)
{
    mail->refs++;
    return mail;
}

void mail_unref(Mail *mail)
{
    if (!mail || --mail->refs > 0) {
        return;
    }
    g_clear_pointer(&mail->keywords, g_ptr_array_unref);
    g_clear_pointer(&mail->text, g_bytes_unref);
    mailstore_drop_text(mail);
    g_free(mail->from);
    g_free(mail->to);
    g_free(mail->file);
    g_free(mail);
}

static void unref_mail(gpointer data)
{
    mail_unref(data);
}

static void folder_free(gpointer data)
{
    MailFolder *folder = data;
    g_free(folder->name);
    g_free(folder->path);
    g_ptr_array_unref(folder->mails);
    if (folder->unwritten) {
        g_string_free(folder->unwritten, TRUE);
    }
    g_free(folder);
}

static void user_free(gpointer data)
{
    MailUser *user = data;
    g_free(user->name);
    g_free(user->path);
    g_ptr_array_unref(user->folders);
    g_ptr_array_unref(user->subscriptions);
    g_free(user);
}

/* So that no name is any other store's. */
static void name_run(MailStore *store)
{
    uint8_t random[sizeof(store->run) / 2];
    digest_random(random, sizeof(random));
    g_autofree char *run = bytes_hex((Bytes){(const char *)random, sizeof(random)});
    g_autofree char *marker = g_strconcat(run, run, NULL);
    g_autofree char *name = maildir_tmp_name(marker);
    g_strlcpy(store->run, run, sizeof(store->run));
    store->tmp_file = g_strconcat("tmp/", name, NULL);
}

MailStore *mailstore_new(const char *directory, GError **error)
{
    g_autoptr(MailStore) store = g_new0(MailStore, 1);
    store->directory = g_strdup(directory);
    store->users = g_ptr_array_new_with_free_func(user_free);
    store->graveyard = g_ptr_array_new_with_free_func(folder_free);
    store->watches = g_array_new(FALSE, FALSE, sizeof(Watch));
    store->last_validity = (uint32_t)time(NULL);
    store->unwritten = g_ptr_array_new();
    store->spare_fd = -1;
    name_run(store);
    return !directory || mailstore_load(store, error) ? g_steal_pointer(&store) : NULL;
}

void mailstore_free(MailStore *store)
{
    if (store) {
        mailstore_write_lists(store);
        mailstore_drop_spare(store);
        g_ptr_array_unref(store->unwritten);
        g_ptr_array_unref(store->users);
        g_ptr_array_unref(store->graveyard);
        g_array_unref(store->watches);
        g_free(store->directory);
        g_free(store->tmp_file);
        g_free(store);
    }
}

/* --- users --- */

MailFolder *mailstore_add_folder(MailStore *store, MailUser *user, const char *name)
{
    MailFolder *folder = g_new0(MailFolder, 1);
    folder->name = g_strdup(name);
    folder->validity = ++store->last_validity;
    folder->uid_next = folder->first_recent = 1;
    folder->mails = g_ptr_array_new_with_free_func(unref_mail);
    g_ptr_array_add(user->folders, folder);
    return folder;
}

const GPtrArray *mailstore_users(const MailStore *store)
{
    return store->users;
}

MailUser *mailstore_find_user(MailStore *store, const char *name)
{
    for (guint i = 0; i < store->users->len; i++) {
        MailUser *user = store->users->pdata[i];
        if (strcmp(user->name, name) == 0) {
            return user;
        }
    }
    return NULL;
}

static bool user_name_is_good(const char *name)
{
    bool good = *name && *name != '.' && strlen(name) <= 200;
    for (const char *c = name; *c; c++) {
        good = good && *c != '/' && (guchar)*c >= ' ';
    }
    return good;
}

MailUser *mailstore_user(MailStore *store, const char *name, GError **error)
{
    MailUser *user = mailstore_find_user(store, name);
    if (user) {
        return user;
    }
    if (!user_name_is_good(name)) {
        error_fail(error, POSTERN_ERROR_DATA, "a user cannot be called so");
        return NULL;
    }
    user = g_new0(MailUser, 1);
    user->name = g_strdup(name);
    user->folders = g_ptr_array_new_with_free_func(folder_free);
    user->subscriptions = g_ptr_array_new_with_free_func(g_free);
    MailFolder *inbox = mailstore_add_folder(store, user, "INBOX");
    if (!mailstore_disk_user(store, user, error) ||
        !mailstore_disk_folder(store, user, inbox, error)) {
        user_free(user);
        return NULL;
    }
    g_ptr_array_add(store->users, user);
    return user;
}

/* --- messages --- */

bool mail_has_keyword(const Mail *mail, const char *keyword)
{
    for (guint i = 0; mail->keywords && i < mail->keywords->len; i++) {
        if (g_ascii_strcasecmp(mail->keywords->pdata[i], keyword) == 0) {
            return true;
        }
    }
    return false;
}

static GPtrArray *copy_keywords(const GPtrArray *keywords)
{
    GPtrArray *copy = keywords ? g_ptr_array_new_with_free_func(g_free) : NULL;
    for (guint i = 0; keywords && i < keywords->len; i++) {
        g_ptr_array_add(copy, g_strdup(keywords->pdata[i]));
    }
    return copy;
}

Mail *mailstore_new_mail(MailFolder *folder, GBytes *text, const Mail *as)
{
    Mail *mail = g_new0(Mail, 1);
    mail->refs = 1;
    mail->fd = -1;
    mail->folder = folder;
    mail->received = as && as->received ? as->received : (int64_t)time(NULL);
    if (text) {
        mail->text = g_bytes_ref(text);
        mail->octets = g_bytes_get_size(text);
    }
    if (as) {
        mail->seen = as->seen;
        mail->answered = as->answered;
        mail->flagged = as->flagged;
        mail->deleted = as->deleted;
        mail->draft = as->draft;
        mail->keywords = copy_keywords(as->keywords);
        mail->from = g_strdup(as->from);
        mail->to = g_strdup(as->to);
    }
    return mail;
}

Mail *mail_add(MailStore *store, MailFolder *folder, GBytes *text, const Mail *as, GError **error)
{
    if (folder->gone) {
        error_fail(error, POSTERN_ERROR_DATA, "the folder was deleted");
        return NULL;
    }
    Mail *mail = mailstore_new_mail(folder, text, as);
    mail->uid = folder->uid_next;
    if (!mailstore_disk_add(store, folder, mail, error)) {
        mail_unref(mail);
        return NULL;
    }
    if (mail->file && mail->octets > MAIL_IN_MEMORY_MAX) {
        g_clear_pointer(&mail->text, g_bytes_unref);
    }
    folder->uid_next++;
    g_ptr_array_add(folder->mails, mail);
    mailstore_tell(store, folder);
    return mail;
}

void mail_changed(MailStore *store, MailFolder *folder, Mail *mail)
{
    mailstore_disk_flags(folder, mail);
    mail->changed = folder->changes + 1;
    mailstore_tell(store, folder);
}

/* Where a UID is, or would be. */
static guint place_of(const MailFolder *folder, uint32_t uid)
{
    guint low = 0, high = folder->mails->len;
    while (low < high) {
        guint middle = low + (high - low) / 2;
        if (((const Mail *)folder->mails->pdata[middle])->uid < uid) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

void mail_remove(MailStore *store, MailFolder *folder, Mail *mail)
{
    if (mail->gone) {
        return;
    }
    mailstore_keep_text(mail);
    mailstore_disk_remove(folder, mail);
    mail->gone = true;
    g_ptr_array_remove_index(folder->mails, place_of(folder, mail->uid));
    mailstore_tell(store, folder);
}

/* --- those who watch --- */

void mailstore_tell(MailStore *store, MailFolder *folder)
{
    folder->changes++;
    for (guint i = 0; i < store->watches->len; i++) {
        const Watch *w = &g_array_index(store->watches, Watch, i);
        w->func(w->user, folder);
    }
}

unsigned mailstore_watch(MailStore *store, void (*func)(void *user, MailFolder *folder), void *user)
{
    Watch w = {++store->last_watch, func, user};
    g_array_append_val(store->watches, w);
    return w.id;
}

void mailstore_unwatch(MailStore *store, unsigned id)
{
    for (guint i = 0; i < store->watches->len; i++) {
        if (g_array_index(store->watches, Watch, i).id == id) {
            g_array_remove_index(store->watches, i);
            return;
        }
    }
}
