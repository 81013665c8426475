#include "config/accounts.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/nearest.h"
#include "config/accounts_keys.h"
#include "config/accounts_read.h"
#include "config/file.h"

#define ACCOUNTS_MAX (1024 * 1024)
#define SYSTEM_FILE "/etc/postern/accounts.conf"

/* One file's sections: Account each, [defaults] among them with name NULL. */
typedef GPtrArray Sections;

static bool check_private(const FileText *text, const char *shown, GError **error)
{
    if (!file_text_is_private(text) || text->owner != geteuid()) {
        return error_fail(error, POSTERN_ERROR_CONFIG,
                          "%s holds a password: it must be your own and closed to others "
                          "(chmod 600 %s)",
                          shown, shown);
    }
    return true;
}

/* May the file be left out? Missing ones may unless named; the system's may be closed to this user.
 */
static bool may_be_absent(const FileText *text, bool named, bool is_system)
{
    bool missing = text->failure == ENOENT || text->failure == ENOTDIR;
    return !named && (missing || (is_system && text->failure == EACCES));
}

/* Appends the file's sections to `to`. */
static bool load_file(const char *path, bool named, bool is_system, Sections *to, GError **error)
{
    g_auto(FileText) text = {0};
    g_autoptr(GError) failure = NULL;
    if (!file_text_read(path, ACCOUNTS_MAX, &text, &failure)) {
        if (may_be_absent(&text, named, is_system)) {
            return true;
        }
        g_propagate_error(error, g_steal_pointer(&failure));
        return false;
    }
    g_autofree char *shown = escape_line(bytes_of(path));
    bool has_password = false;
    return accounts_read(text.data, text.len, shown, to, &has_password, error) &&
           (!has_password || check_private(&text, shown, error));
}

/* Takes over from a lower section what the upper one does not say itself. */
static void lay_below(Account *upper, const Account *lower)
{
    bool has_group[GROUP_TOKEN + 1] = {false};
    for (const AccountKey *key = account_keys; key->key; key++) {
        has_group[key->group] |= key->group && account_key_is_set(upper, key);
    }
    for (const AccountKey *key = account_keys; key->key; key++) {
        bool wanted = !has_group[key->group] && !account_key_is_set(upper, key);
        if (wanted && account_key_is_set(lower, key)) {
            account_key_copy(upper, lower, key);
        }
    }
}

static Account *section_find(const Sections *sections, const char *name)
{
    for (guint i = 0; i < sections->len; i++) {
        Account *section = g_ptr_array_index(sections, i);
        if (g_strcmp0(section->name, name) == 0) {
            return section;
        }
    }
    return NULL;
}

/* Both files merged; [defaults] (name NULL) comes first in the result, always there and not laid
 * below the others yet. */
static GPtrArray *merge(const Sections *user, const Sections *system)
{
    GPtrArray *all = g_ptr_array_new_with_free_func((GDestroyNotify)account_free);
    g_ptr_array_add(all, account_new());
    const Sections *const layers[] = {user, system};
    for (size_t l = 0; l < G_N_ELEMENTS(layers); l++) {
        for (guint i = 0; i < layers[l]->len; i++) {
            const Account *section = g_ptr_array_index(layers[l], i);
            Account *known = section_find(all, section->name);
            if (!known) {
                known = account_new();
                known->name = g_strdup(section->name);
                g_ptr_array_add(all, known);
            }
            if (!known->file) {
                known->file = g_strdup(section->file);
            }
            lay_below(known, section);
        }
    }
    return all;
}

static GPtrArray *load_merged(const char *file, GError **error)
{
    g_autoptr(GPtrArray) user = g_ptr_array_new_with_free_func((GDestroyNotify)account_free);
    g_autoptr(GPtrArray) system = g_ptr_array_new_with_free_func((GDestroyNotify)account_free);
    g_autofree char *directory = config_directory();
    g_autofree char *own = g_build_filename(directory, "accounts.conf", NULL);
    bool good = load_file(file ? file : own, file != NULL, false, user, error) &&
                (file || load_file(SYSTEM_FILE, false, true, system, error));
    return good ? merge(user, system) : NULL;
}

GPtrArray *accounts_load(const char *file, GError **error)
{
    GPtrArray *all = load_merged(file, error);
    if (!all) {
        return NULL;
    }
    g_autoptr(Account) defaults = g_ptr_array_steal_index(all, 0);
    for (guint i = 0; i < all->len; i++) {
        lay_below(g_ptr_array_index(all, i), defaults);
    }
    return all;
}

Account *accounts_defaults(const char *file, GError **error)
{
    g_autoptr(GPtrArray) all = load_merged(file, error);
    return all ? g_ptr_array_steal_index(all, 0) : NULL;
}

static char *names_of(const GPtrArray *accounts)
{
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < accounts->len; i++) {
        const Account *account = g_ptr_array_index(accounts, i);
        g_string_append_printf(text, "%s%s", i ? ", " : "", account->name);
    }
    return g_string_free(text, FALSE);
}

static bool fail_unknown(const GPtrArray *accounts, const char *file, const char *name,
                         GError **error)
{
    g_autofree char *shown = escape_line_max(bytes_of(name), 60);
    g_autofree char *directory = config_directory();
    g_autofree char *own = g_build_filename(directory, "accounts.conf", NULL);
    g_autofree char *place = escape_line(bytes_of(file ? file : own));
    if (accounts->len == 0) {
        return error_fail(error, POSTERN_ERROR_CONFIG,
                          "there is no account \"%s\": %s has no [account NAME] section", shown,
                          place);
    }
    Nearest near = {.word = name};
    for (guint i = 0; i < accounts->len; i++) {
        const Account *account = g_ptr_array_index(accounts, i);
        nearest_offer(&near, account->name);
    }
    g_autofree char *names = names_of(accounts);
    return error_fail(error, POSTERN_ERROR_CONFIG,
                      "there is no account \"%s\" in %s%s%s%s; there are: %s", shown, place,
                      near.best ? "; did you mean " : "", near.best ? near.best : "",
                      near.best ? "?" : "", names);
}

Account *accounts_find(const char *file, const char *name, GError **error)
{
    g_autoptr(GPtrArray) accounts = accounts_load(file, error);
    if (!accounts) {
        return NULL;
    }
    for (guint i = 0; i < accounts->len; i++) {
        const Account *account = g_ptr_array_index(accounts, i);
        if (strcmp(account->name, name) == 0) {
            return g_ptr_array_steal_index(accounts, i);
        }
    }
    fail_unknown(accounts, file, name, error);
    return NULL;
}
