#include "config/import.h"

#include <stdarg.h>
#include <string.h>

#include "config/accounts_keys.h"

Import *import_new(const char *file)
{
    Import *import = g_new0(Import, 1);
    import->file = g_strdup(file);
    import->accounts = g_ptr_array_new_with_free_func((GDestroyNotify)account_free);
    import->notes = g_ptr_array_new_with_free_func(g_free);
    return import;
}

void import_free(Import *import)
{
    if (!import) {
        return;
    }
    g_free(import->file);
    g_ptr_array_unref(import->accounts);
    g_ptr_array_unref(import->notes);
    g_free(import);
}

static bool is_taken(const Import *import, const char *name)
{
    for (guint i = 0; i < import->accounts->len; i++) {
        const Account *account = g_ptr_array_index(import->accounts, i);
        if (strcmp(account->name, name) == 0) {
            return true;
        }
    }
    return false;
}

/* What may stand between the brackets of [account NAME]. */
static char *clean_name(const char *name)
{
    char *clean = g_utf8_make_valid(name, -1);
    for (char *c = clean; *c; c++) {
        if (g_ascii_iscntrl(*c) || strchr("[] \t", *c)) {
            *c = '-';
        }
    }
    if (*clean == '\0') {
        g_free(clean);
        clean = g_strdup("unnamed");
    }
    return clean;
}

Account *import_account(Import *to, const char *name)
{
    g_autofree char *clean = clean_name(name);
    g_autofree char *unique = g_strdup(clean);
    for (unsigned n = 2; is_taken(to, unique); n++) {
        g_free(unique);
        unique = g_strdup_printf("%s-%u", clean, n);
    }
    Account *account = account_new();
    account->name = g_steal_pointer(&unique);
    account->file = g_strdup(to->file);
    g_ptr_array_add(to->accounts, account);
    return account;
}

void import_note(Import *to, unsigned line, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *words = g_strdup_vprintf(format, args);
    va_end(args);
    g_ptr_array_add(to->notes, line ? g_strdup_printf("%s:%u: %s", to->file, line, words)
                                    : g_strdup_printf("%s: %s", to->file, words));
}

char *import_url(const char *scheme, const char *host, const char *port)
{
    bool has_port = port && *port && strcmp(port, "0") != 0;
    bool brackets = strchr(host, ':') && *host != '[';
    return g_strdup_printf("%s://%s%s%s%s%s", scheme, brackets ? "[" : "", host,
                           brackets ? "]" : "", has_port ? ":" : "", has_port ? port : "");
}

char **import_list(const char *item)
{
    char **list = g_new0(char *, 2);
    list[0] = g_strdup(item);
    return list;
}
