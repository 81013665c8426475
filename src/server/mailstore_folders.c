/* mailstore_folders.c: folders: found, made, renamed, deleted, subscribed to. */
#include <string.h>

#include "server/mailstore_inside.h"

enum { NAME_MAX_OCTETS = 180, FOLDERS_MAX = 10000 };

bool mailstore_folder_name_is_good(const char *name)
{
    if (!*name || strlen(name) > NAME_MAX_OCTETS || !g_utf8_validate(name, -1, NULL)) {
        return false;
    }
    char before = '/';
    for (const char *c = name; *c; before = *c++) {
        /* An empty level, or what Maildir++ has between levels. */
        if ((*c == '/' && before == '/') || *c == '.' || (guchar)*c < ' ' || *c == 0x7f) {
            return false;
        }
    }
    return before != '/';
}

static MailFolder *find_exactly(const MailUser *user, const char *name)
{
    for (guint i = 1; i < user->folders->len; i++) {
        MailFolder *folder = user->folders->pdata[i];
        if (strcmp(folder->name, name) == 0) {
            return folder;
        }
    }
    return NULL;
}

MailFolder *mail_find_folder(MailUser *user, const char *name)
{
    return g_ascii_strcasecmp(name, "INBOX") == 0 ? user->folders->pdata[0]
                                                  : find_exactly(user, name);
}

static MailFolder *make(MailStore *store, MailUser *user, const char *name, GError **error)
{
    MailFolder *folder = mailstore_add_folder(store, user, name);
    if (mailstore_disk_folder(store, user, folder, error)) {
        return folder;
    }
    g_ptr_array_remove(user->folders, folder);
    return NULL;
}

static bool make_those_above(MailStore *store, MailUser *user, const char *name, GError **error)
{
    for (const char *slash = strchr(name, '/'); slash; slash = strchr(slash + 1, '/')) {
        g_autofree char *above = g_strndup(name, (gsize)(slash - name));
        if (!mail_find_folder(user, above) && !make(store, user, above, error)) {
            return false;
        }
    }
    return true;
}

static bool can_be_made(MailUser *user, const char *name, GError **error)
{
    if (!mailstore_folder_name_is_good(name) || user->folders->len >= FOLDERS_MAX) {
        return error_fail(error, POSTERN_ERROR_DATA, "a folder cannot be called so");
    }
    return !mail_find_folder(user, name) ||
           error_fail(error, POSTERN_ERROR_DATA, "there is a folder of that name");
}

MailFolder *mail_create_folder(MailStore *store, MailUser *user, const char *name, GError **error)
{
    if (!can_be_made(user, name, error) || !make_those_above(store, user, name, error)) {
        return NULL;
    }
    return make(store, user, name, error);
}

static void keep_text(gpointer mail, gpointer user)
{
    (void)user;
    mailstore_keep_text(mail);
}

bool mail_delete_folder(MailStore *store, MailUser *user, const char *name, GError **error)
{
    MailFolder *folder = find_exactly(user, name);
    if (!folder) {
        return error_fail(error, POSTERN_ERROR_DATA, "there is no folder of that name");
    }
    g_ptr_array_foreach(folder->mails, keep_text, NULL);
    mailstore_disk_delete(store, folder);
    guint place = 0;
    g_ptr_array_find(user->folders, folder, &place);
    g_ptr_array_steal_index(user->folders, place);
    for (guint i = 0; i < folder->mails->len; i++) {
        ((Mail *)folder->mails->pdata[i])->gone = true;
    }
    g_ptr_array_set_size(folder->mails, 0);
    folder->gone = true;
    g_ptr_array_add(store->graveyard, folder);
    mailstore_tell(store, folder);
    return true;
}

/* --- renaming --- */

/* RFC 3501 6.3.5: what is in INBOX moves, INBOX stays. */
static bool empty_inbox(MailStore *store, MailUser *user, const char *to, GError **error)
{
    MailFolder *inbox = user->folders->pdata[0];
    MailFolder *target = mail_create_folder(store, user, to, error);
    while (target && inbox->mails->len > 0) {
        Mail *mail = inbox->mails->pdata[0];
        g_autoptr(GBytes) text = mail_text(mail, error);
        if (!text || !mail_add(store, target, text, mail, error)) {
            return false;
        }
        mail_remove(store, inbox, mail);
    }
    return target != NULL;
}

static bool is_below(const char *name, const char *above)
{
    size_t len = strlen(above);
    return strncmp(name, above, len) == 0 && name[len] == '/';
}

bool mail_rename_folder(MailStore *store, MailUser *user, const char *from, const char *to,
                        GError **error)
{
    if (g_ascii_strcasecmp(from, "INBOX") == 0) {
        return empty_inbox(store, user, to, error);
    }
    if (!find_exactly(user, from)) {
        return error_fail(error, POSTERN_ERROR_DATA, "there is no folder of that name");
    }
    if (is_below(to, from)) {
        return error_fail(error, POSTERN_ERROR_DATA, "a folder cannot go below itself");
    }
    if (!can_be_made(user, to, error) || !make_those_above(store, user, to, error)) {
        return false;
    }
    for (guint i = 1; i < user->folders->len; i++) {
        MailFolder *folder = user->folders->pdata[i];
        if (strcmp(folder->name, from) == 0 || is_below(folder->name, from)) {
            g_autofree char *old = folder->name;
            folder->name = g_strconcat(to, old + strlen(from), NULL);
            mailstore_disk_rename(user, folder);
        }
    }
    return true;
}

/* --- subscriptions --- */

void mail_subscribe(MailStore *store, MailUser *user, const char *name, bool subscribed)
{
    (void)store;
    guint place;
    bool found = g_ptr_array_find_with_equal_func(user->subscriptions, name, g_str_equal, &place);
    if (subscribed && !found && user->subscriptions->len < FOLDERS_MAX) {
        g_ptr_array_add(user->subscriptions, g_strdup(name));
    } else if (!subscribed && found) {
        g_ptr_array_remove_index(user->subscriptions, place);
    } else {
        return;
    }
    mailstore_disk_subscriptions(user);
}

void mail_new_validity(MailStore *store, MailFolder *folder)
{
    folder->validity = ++store->last_validity;
    mailstore_uids_write(store, folder);
}
