#include "config/accounts_read.h"

#include <limits.h>
#include <string.h>

#include "base/bytes.h"
#include "base/escape.h"
#include "base/nearest.h"
#include "config/accounts_keys.h"
#include "config/accounts_scan.h"

/* One section being read. */
typedef struct {
    GKeyFile *keys;
    const AccountsScan *scan;
    const char *file;
    const char *section;
    Account *account;
} Reader;

static bool fail_at(const Reader *r, const char *key, GError **error, const char *words)
{
    unsigned line = accounts_scan_line(r->scan, r->section, key);
    g_autofree char *shown = escape_line_max(bytes_of(key ? key : ""), 60);
    return error_fail(error, POSTERN_ERROR_CONFIG, "%s:%u: [%s]%s%s: %s", r->file, line, r->section,
                      key ? " " : "", shown, words);
}

static bool fail_value(const Reader *r, const AccountKey *key, GError **error)
{
    g_autofree char *value = g_key_file_get_value(r->keys, r->section, key->key, NULL);
    g_autofree char *shown = escape_line_max(bytes_of(value), 60);
    g_autofree char *words = g_strdup_printf("expected %s, not \"%s\"", key->expected, shown);
    return fail_at(r, key->key, error, words);
}

static bool fail_key(const Reader *r, const char *name, GError **error)
{
    Nearest near = {.word = name};
    for (const AccountKey *key = account_keys; key->key; key++) {
        nearest_offer(&near, key->key);
    }
    if (near.best) {
        g_autofree char *words = g_strdup_printf("unknown key; did you mean %s?", near.best);
        return fail_at(r, name, error, words);
    }
    return fail_at(r, name, error, "unknown key; see postern-accounts(5) for those there are");
}

/* "~/x" is under the home directory; "x" beside the file. */
static char *file_name(const Reader *r, const char *value)
{
    if (g_str_has_prefix(value, "~/")) {
        return g_build_filename(g_get_home_dir(), value + 2, NULL);
    }
    if (g_path_is_absolute(value) || strstr(value, "://") || g_str_has_prefix(value, "pkcs11:")) {
        return g_strdup(value);
    }
    g_autofree char *directory = g_path_get_dirname(r->file);
    return g_build_filename(directory, value, NULL);
}

static bool read_string(const Reader *r, const AccountKey *key, char **slot, GError **error)
{
    /* A wrong escape sequence gives an error and a value. */
    g_autoptr(GError) failure = NULL;
    g_autofree char *value = g_key_file_get_string(r->keys, r->section, key->key, &failure);
    if (failure || !value || *value == '\0' || (key->check && !key->check(value))) {
        return fail_value(r, key, error);
    }
    *slot = key->kind == KEY_FILE ? file_name(r, value) : g_steal_pointer(&value);
    return true;
}

static bool add_items(const AccountKey *key, const char *value, GPtrArray *items)
{
    const char *separators = key->kind == KEY_WORDS ? "," : "";
    g_auto(GStrv) words = g_strsplit_set(value, separators, -1); /* none for "" */
    for (char **word = words; *word; word++) {
        char *item = g_strstrip(*word);
        if (*item == '\0' || (key->check && !key->check(item))) {
            return false;
        }
        g_ptr_array_add(items, g_strdup(item));
    }
    return words[0] != NULL;
}

static bool read_list(const Reader *r, const AccountKey *key, char ***slot, GError **error)
{
    g_autoptr(GError) failure = NULL;
    g_auto(GStrv) list = g_key_file_get_string_list(r->keys, r->section, key->key, NULL, &failure);
    g_autoptr(GPtrArray) items = g_ptr_array_new_with_free_func(g_free);
    bool good = list && !failure;
    for (char **value = list; good && *value; value++) {
        good = add_items(key, *value, items);
    }
    if (!good || items->len == 0) {
        return fail_value(r, key, error);
    }
    g_ptr_array_add(items, NULL);
    *slot = (char **)g_ptr_array_free(g_steal_pointer(&items), FALSE);
    return true;
}

static bool read_bool(const Reader *r, const AccountKey *key, int *slot, GError **error)
{
    g_autoptr(GError) failure = NULL;
    *slot = g_key_file_get_boolean(r->keys, r->section, key->key, &failure);
    return !failure || fail_value(r, key, error);
}

static bool read_number(const Reader *r, const AccountKey *key, void *slot, GError **error)
{
    g_autofree char *value = g_key_file_get_value(r->keys, r->section, key->key, NULL);
    uint64_t days;
    if (key->kind == KEY_SIZE) {
        return account_size_parse(value, slot) || fail_value(r, key, error);
    }
    if (!bytes_number(bytes_of(value), 100000, &days)) {
        return fail_value(r, key, error);
    }
    *(int *)slot = (int)days;
    return true;
}

static bool read_key(const Reader *r, const AccountKey *key, GError **error)
{
    void *slot = (char *)r->account + key->offset;
    switch (key->kind) {
    case KEY_STRING:
    case KEY_FILE:
        return read_string(r, key, slot, error);
    case KEY_LIST:
    case KEY_WORDS:
        return read_list(r, key, slot, error);
    case KEY_BOOL:
        return read_bool(r, key, slot, error);
    case KEY_DAYS:
    case KEY_SIZE:
        return read_number(r, key, slot, error);
    case KEY_SECRET:
        *(Secret **)slot = secret_copy(accounts_scan_password(r->scan, r->section));
        return true;
    }
    return true;
}

/* Of password, password-command and password-file one; of oauth and token-command one. */
static bool check_groups(const Reader *r, GError **error)
{
    const AccountKey *seen[GROUP_TOKEN + 1] = {NULL};
    for (const AccountKey *key = account_keys; key->key; key++) {
        if (key->group == GROUP_NONE || !account_key_is_set(r->account, key)) {
            continue;
        }
        if (seen[key->group]) {
            g_autofree char *words =
                g_strdup_printf("give either this or %s, not both", seen[key->group]->key);
            return fail_at(r, key->key, error, words);
        }
        seen[key->group] = key;
    }
    return true;
}

static bool read_section(Reader *r, GError **error)
{
    g_auto(GStrv) names = g_key_file_get_keys(r->keys, r->section, NULL, NULL);
    for (char **name = names; names && *name; name++) {
        const AccountKey *key = account_key_find(*name);
        if (!key) {
            return fail_key(r, *name, error);
        }
        if (!read_key(r, key, error)) {
            return false;
        }
    }
    return check_groups(r, error);
}

/* "account NAME" -> NAME, "defaults" -> NULL. */
static bool read_name(const Reader *r, char **ret, GError **error)
{
    *ret = NULL;
    if (strcmp(r->section, "defaults") == 0) {
        return true;
    }
    Bytes rest = bytes_of(r->section);
    Bytes word = bytes_word(&rest);
    rest = bytes_trim(rest);
    if (!bytes_equal(word, bytes_of("account")) || rest.len == 0) {
        return fail_at(r, NULL, error, "expected [account NAME] or [defaults]");
    }
    *ret = bytes_dup(rest);
    return true;
}

static bool has_account(const GPtrArray *accounts, guint from, const char *name)
{
    for (guint i = from; i < accounts->len; i++) {
        const Account *account = g_ptr_array_index(accounts, i);
        if (g_strcmp0(account->name, name) == 0) {
            return true;
        }
    }
    return false;
}

static bool read_sections(GKeyFile *keys, const AccountsScan *scan, const char *file, GPtrArray *to,
                          GError **error)
{
    g_auto(GStrv) sections = g_key_file_get_groups(keys, NULL);
    guint from = to->len;
    for (char **section = sections; *section; section++) {
        g_autoptr(Account) account = account_new();
        Reader r = {keys, scan, file, *section, account};
        if (!read_name(&r, &account->name, error) || !read_section(&r, error)) {
            return false;
        }
        if (has_account(to, from, account->name)) {
            return fail_at(&r, NULL, error, "a section of this name is already there");
        }
        account->file = g_strdup(file);
        g_ptr_array_add(to, g_steal_pointer(&account));
    }
    return true;
}

bool accounts_read(char *text, size_t len, const char *file, GPtrArray *to, bool *has_password,
                   GError **error)
{
    g_auto(AccountsScan) scan = {0};
    *has_password = false;
    if (!accounts_scan(text, len, file, &scan, error)) {
        return false;
    }
    *has_password = g_hash_table_size(scan.passwords) > 0;
    g_autoptr(GKeyFile) keys = g_key_file_new();
    g_autoptr(GError) failure = NULL;
    /* The scan has refused what GKeyFile would; should it find more, its words may quote the line,
     * so they are not shown. */
    if (len > 0 &&
        !g_key_file_load_from_data(keys, text, len, G_KEY_FILE_KEEP_TRANSLATIONS, &failure)) {
        return error_fail(error, POSTERN_ERROR_CONFIG, "%s: this is not a key file", file);
    }
    return read_sections(keys, &scan, file, to, error);
}
