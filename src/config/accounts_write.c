#include "config/accounts_write.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/escape.h"
#include "config/accounts_keys.h"
#include "config/accounts_read.h"
#include "config/file.h"

#define FILE_MAX (1024 * 1024)

/* --- text --- */

/* GKeyFile's escapes; in a list ";" too. */
static void add_escaped(GString *out, const char *value, bool in_list)
{
    static const char from[] = "\n\t\r\\";
    static const char to[] = "ntr\\";
    for (const char *c = value; *c; c++) {
        const char *found = strchr(from, *c);
        if (found) {
            g_string_append_printf(out, "\\%c", to[found - from]);
        } else if (*c == ' ' && c == value) {
            g_string_append(out, "\\s");
        } else if (*c == ';' && in_list) {
            g_string_append(out, "\\;");
        } else {
            g_string_append_c(out, *c);
        }
    }
}

static void add_list(GString *out, char **list)
{
    for (char **item = list; *item; item++) {
        g_string_append(out, item == list ? "" : ";");
        add_escaped(out, *item, true);
    }
}

static void add_value(GString *out, const AccountKey *key, const void *slot)
{
    switch (key->kind) {
    case KEY_LIST:
    case KEY_WORDS:
        add_list(out, *(char **const *)slot);
        break;
    case KEY_BOOL:
        g_string_append(out, *(const int *)slot ? "true" : "false");
        break;
    case KEY_DAYS:
        g_string_append_printf(out, "%d", *(const int *)slot);
        break;
    case KEY_SIZE:
        g_string_append_printf(out, "%" G_GINT64_FORMAT, *(const gint64 *)slot);
        break;
    default:
        add_escaped(out, *(const char *const *)slot, false);
        break;
    }
}

/* The password as a value: escaped, and still a Secret. */
static Secret *escaped_password(const Secret *password)
{
    Bytes plain = secret_reveal(password);
    size_t room = plain.len * 2 + 1;
    char *text = g_malloc(room);
    size_t n = 0;
    for (size_t i = 0; i < plain.len; i++) {
        static const char from[] = "\n\t\r\\";
        static const char to[] = "ntr\\";
        char c = plain.data[i];
        const char *found = c ? strchr(from, c) : NULL;
        bool edge = c == ' ' && (i == 0 || i + 1 == plain.len);
        if (found || edge) {
            text[n++] = '\\';
        }
        text[n++] = found ? to[found - from] : edge ? 's' : c;
    }
    Secret *escaped = secret_new(text, n);
    secret_wipe(text, room);
    g_free(text);
    return escaped;
}

static void add_account(GString *out, const Account *a, bool passwords)
{
    g_string_append_printf(out, "[account %s]\n", a->name);
    for (const AccountKey *key = account_keys; key->key; key++) {
        if (!account_key_is_set(a, key) || key->kind == KEY_SECRET) {
            continue;
        }
        g_string_append_printf(out, "%s = ", key->key);
        add_value(out, key, (const char *)a + key->offset);
        g_string_append_c(out, '\n');
    }
    if (a->password && !passwords) {
        g_string_append(out, "# password-command = ... (or password-file, or ~/.netrc): the "
                             "password was not copied\n");
    }
}

/* `before` and what is added; `before` is freed. */
static Secret *join(Secret *before, const char *prefix, const Secret *middle, const char *suffix)
{
    g_autoptr(Secret) old = before;
    g_autoptr(Secret) empty = secret_new("", 0);
    g_autoptr(Secret) part =
        secret_wrap(bytes_of(prefix), middle ? middle : empty, bytes_of(suffix));
    return secret_wrap(secret_reveal(old), part, BYTES_NONE);
}

Secret *accounts_text(const GPtrArray *accounts, bool passwords)
{
    Secret *text = secret_new("", 0);
    for (guint i = 0; i < accounts->len; i++) {
        const Account *a = g_ptr_array_index(accounts, i);
        g_autoptr(GString) open = g_string_new(i ? "\n" : "");
        add_account(open, a, passwords);
        text = join(text, open->str, NULL, "");
        if (a->password && passwords) {
            g_autoptr(Secret) value = escaped_password(a->password);
            text = join(text, "password = ", value, "\n");
        }
    }
    return text;
}

/* --- files --- */

static bool write_all(int fd, Bytes text, GError **error)
{
    while (text.len > 0) {
        ssize_t n = write(fd, text.data, text.len);
        if (n < 0 && errno != EINTR) {
            return error_fail(error, POSTERN_ERROR_IO, "cannot write accounts: %s",
                              g_strerror(errno));
        }
        text = bytes_sub(text, n > 0 ? (size_t)n : 0, text.len);
    }
    return true;
}

bool accounts_write(int fd, const GPtrArray *accounts, bool passwords, GError **error)
{
    g_autoptr(Secret) text = accounts_text(accounts, passwords);
    return write_all(fd, secret_reveal(text), error);
}

/* What stands there must be readable, and none of the new names may be in it. The parser changes
 * the text, so it gets a copy. */
static bool check_there(const FileText *there, const char *shown, const GPtrArray *accounts,
                        GError **error)
{
    g_autoptr(GPtrArray) known = g_ptr_array_new_with_free_func((GDestroyNotify)account_free);
    bool has_password = false;
    g_autofree char *copy = g_strndup(there->data, there->len);
    bool good = accounts_read(copy, there->len, shown, known, &has_password, error);
    secret_wipe(copy, there->len);
    for (guint i = 0; good && i < accounts->len; i++) {
        const Account *a = g_ptr_array_index(accounts, i);
        for (guint j = 0; good && j < known->len; j++) {
            const Account *other = g_ptr_array_index(known, j);
            if (g_strcmp0(a->name, other->name) == 0) {
                good =
                    error_fail(error, POSTERN_ERROR_CONFIG,
                               "%s has an account %s already: nothing was written", shown, a->name);
            }
        }
    }
    return good;
}

static bool replace(const char *path, const char *shown, const FileText *there, const Secret *added,
                    GError **error)
{
    g_autofree char *beside = g_strconcat(path, ".new", NULL);
    mode_t mode = there->data ? there->mode & 0777 : 0600;
    unlink(beside);
    int fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        return error_fail(error, POSTERN_ERROR_CANT_CREATE, "cannot write beside %s: %s", shown,
                          g_strerror(errno));
    }
    Bytes old = {there->data ? there->data : "", there->len};
    bool ends = old.len == 0 || old.data[old.len - 1] == '\n';
    bool good = write_all(fd, old, error) &&
                write_all(fd,
                          bytes_of(old.len == 0 ? ""
                                   : ends       ? "\n"
                                                : "\n\n"),
                          error) &&
                write_all(fd, secret_reveal(added), error);
    if (good && (fchmod(fd, mode) != 0 || fsync(fd) != 0 || rename(beside, path) != 0)) {
        good = error_fail(error, POSTERN_ERROR_CANT_CREATE, "cannot write %s: %s", shown,
                          g_strerror(errno));
    }
    close(fd);
    if (!good) {
        unlink(beside);
    }
    return good;
}

static bool has_any_password(const GPtrArray *accounts)
{
    for (guint i = 0; i < accounts->len; i++) {
        const Account *a = g_ptr_array_index(accounts, i);
        if (a->password) {
            return true;
        }
    }
    return false;
}

bool accounts_append(const char *path, const GPtrArray *accounts, bool passwords, GError **error)
{
    g_autofree char *shown = escape_line(bytes_of(path));
    g_auto(FileText) there = {0};
    g_autoptr(GError) failure = NULL;
    if (!file_text_read(path, FILE_MAX, &there, &failure) && there.failure != ENOENT) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return false;
    }
    if (there.data && passwords && has_any_password(accounts) &&
        (!file_text_is_private(&there) || there.owner != geteuid())) {
        return error_fail(
            error, POSTERN_ERROR_CONFIG,
            "%s is to hold passwords: it must be your own and closed to others (chmod "
            "600 %s)",
            shown, shown);
    }
    g_autoptr(Secret) text = accounts_text(accounts, passwords);
    return (!there.data || check_there(&there, shown, accounts, error)) &&
           replace(path, shown, &there, text, error);
}
