/* mailstore.c: users, folders and messages in memory. */
#include "server/mailstore.h"

#include <string.h>
#include <time.h>

typedef struct {
    unsigned id;
    void (*func)(void *user, MailFolder *folder);
    void *user;
} Watch;

struct MailStore {
    char *directory;
    GPtrArray *users;
    GArray *watches;
    unsigned last_watch;
    uint32_t last_validity;
};

static void mail_free(gpointer data)
{
    Mail *mail = data;
    g_clear_pointer(&mail->keywords, g_ptr_array_unref);
    g_clear_pointer(&mail->text, g_bytes_unref);
    g_free(mail->from);
    g_free(mail->to);
    g_free(mail->file);
    g_free(mail);
}

static void folder_free(gpointer data)
{
    MailFolder *folder = data;
    g_free(folder->name);
    g_ptr_array_unref(folder->mails);
    g_free(folder);
}

static void user_free(gpointer data)
{
    MailUser *user = data;
    g_free(user->name);
    g_ptr_array_unref(user->folders);
    g_free(user);
}

MailStore *mailstore_new(const char *directory, GError **error)
{
    (void)error;
    MailStore *store = g_new0(MailStore, 1);
    store->directory = g_strdup(directory);
    store->users = g_ptr_array_new_with_free_func(user_free);
    store->watches = g_array_new(FALSE, FALSE, sizeof(Watch));
    store->last_validity = (uint32_t)time(NULL);
    return store;
}

void mailstore_free(MailStore *store)
{
    if (store) {
        g_ptr_array_unref(store->users);
        g_array_unref(store->watches);
        g_free(store->directory);
        g_free(store);
    }
}

static void tell_watches(MailStore *store, MailFolder *folder)
{
    folder->changes++;
    for (guint i = 0; i < store->watches->len; i++) {
        const Watch *w = &g_array_index(store->watches, Watch, i);
        w->func(w->user, folder);
    }
}

static MailFolder *add_folder(MailStore *store, MailUser *user, const char *name)
{
    MailFolder *folder = g_new0(MailFolder, 1);
    folder->name = g_strdup(name);
    folder->validity = ++store->last_validity;
    folder->uid_next = 1;
    folder->mails = g_ptr_array_new_with_free_func(mail_free);
    g_ptr_array_add(user->folders, folder);
    return folder;
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

MailUser *mailstore_user(MailStore *store, const char *name, GError **error)
{
    MailUser *found = mailstore_find_user(store, name);
    if (found) {
        return found;
    }
    if (!*name || strchr(name, '/') || *name == '.' || strlen(name) > 200) {
        error_fail(error, POSTERN_ERROR_DATA, "a user cannot be called so");
        return NULL;
    }
    MailUser *user = g_new0(MailUser, 1);
    user->name = g_strdup(name);
    user->folders = g_ptr_array_new_with_free_func(folder_free);
    g_ptr_array_add(store->users, user);
    add_folder(store, user, "INBOX");
    return user;
}

MailFolder *mail_find_folder(MailUser *user, const char *name)
{
    for (guint i = 0; i < user->folders->len; i++) {
        MailFolder *folder = user->folders->pdata[i];
        bool same =
            i == 0 ? g_ascii_strcasecmp(folder->name, name) == 0 : strcmp(folder->name, name) == 0;
        if (same) {
            return folder;
        }
    }
    return NULL;
}

static GPtrArray *copy_keywords(const GPtrArray *keywords)
{
    GPtrArray *copy = keywords ? g_ptr_array_new_with_free_func(g_free) : NULL;
    for (guint i = 0; keywords && i < keywords->len; i++) {
        g_ptr_array_add(copy, g_strdup(keywords->pdata[i]));
    }
    return copy;
}

Mail *mail_add(MailStore *store, MailFolder *folder, GBytes *text, const Mail *as, GError **error)
{
    (void)error;
    Mail *mail = g_new0(Mail, 1);
    mail->uid = folder->uid_next++;
    mail->received = as && as->received ? as->received : (int64_t)time(NULL);
    mail->text = g_bytes_ref(text);
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
    g_ptr_array_add(folder->mails, mail);
    tell_watches(store, folder);
    return mail;
}

void mail_changed(MailStore *store, MailFolder *folder, Mail *mail)
{
    (void)mail;
    tell_watches(store, folder);
}

void mail_remove(MailStore *store, MailFolder *folder, Mail *mail)
{
    g_ptr_array_remove(folder->mails, mail);
    tell_watches(store, folder);
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
