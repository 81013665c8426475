#include "config/mpoprc.h"

#include <string.h>

#include "base/escape.h"

#define TEXT_MAX (1024 * 1024)
#define ACCOUNTS_MAX 1000

typedef struct {
    const char *file;
    unsigned line;
    ImportBlock *defaults;
    GPtrArray *accounts;
    ImportBlock *now; /* what the lines go into; not the parser's own */
} Parser;

static void account_clear(void *data)
{
    MpopAccount *account = data;
    g_free(account->name);
    g_free(account->same_as);
    import_block_free(account->block);
    g_free(account);
}

static bool fail(const Parser *p, GError **error, const char *words)
{
    return error_fail(error, POSTERN_ERROR_CONFIG, "%s:%u: %s", p->file, p->line, words);
}

static const MpopAccount *find_account(const Parser *p, Bytes name)
{
    for (guint i = 0; i < p->accounts->len; i++) {
        const MpopAccount *account = g_ptr_array_index(p->accounts, i);
        if (bytes_equal(name, bytes_of(account->name))) {
            return account;
        }
    }
    return NULL;
}

/* The names behind the colon. */
static bool build_on(Parser *p, MpopAccount *account, Bytes names, GError **error)
{
    while (names.len > 0) {
        gssize comma = bytes_index(names, ',');
        size_t len = comma < 0 ? names.len : (size_t)comma;
        Bytes name = bytes_trim(bytes_sub(names, 0, len));
        const MpopAccount *base = find_account(p, name);
        if (!base || base == account) {
            g_autofree char *shown = escape_line_max(name, 40);
            g_autofree char *words = g_strdup_printf("there is no account %s above this", shown);
            return fail(p, error, words);
        }
        import_block_lay(account->block, base->block);
        g_free(account->same_as);
        account->same_as = g_strdup(base->name);
        names = bytes_sub(names, len + (comma < 0 ? 0 : 1), names.len);
    }
    return true;
}

static bool take_account(Parser *p, Bytes value, GError **error)
{
    gssize colon = bytes_index(value, ':');
    Bytes name = bytes_trim(colon < 0 ? value : bytes_sub(value, 0, (size_t)colon));
    if (name.len == 0 || find_account(p, name)) {
        return fail(p, error,
                    name.len ? "an account of this name is already there"
                             : "an account needs a name");
    }
    if (p->accounts->len >= ACCOUNTS_MAX) {
        return error_fail(error, POSTERN_ERROR_LIMIT, "%s has more than %d accounts", p->file,
                          ACCOUNTS_MAX);
    }
    MpopAccount *account = g_new0(MpopAccount, 1);
    account->name = bytes_dup(name);
    account->block = import_block_new(p->line);
    g_ptr_array_add(p->accounts, account);
    import_block_lay(account->block, p->defaults);
    p->now = account->block;
    return colon < 0 || build_on(p, account, bytes_sub(value, (size_t)colon + 1, value.len), error);
}

/* A value may stand in quotes as a whole. */
static Bytes unquote(Bytes value)
{
    bool quoted = value.len >= 2 && value.data[0] == '"' && value.data[value.len - 1] == '"';
    return quoted ? bytes_sub(value, 1, value.len - 2) : value;
}

static bool take_setting(Parser *p, Bytes word, Bytes value, GError **error)
{
    if (word.len > 40) {
        return fail(p, error, "this is no setting");
    }
    g_autofree char *name = g_ascii_strdown(word.data, (gssize)word.len);
    if (!p->now) {
        /* Old files begin with the settings of the one account there is. */
        if (!take_account(p, BYTES_LITERAL("default"), error)) {
            return false;
        }
    }
    if (strcmp(name, "password") == 0) {
        import_block_set_password(p->now, value, p->line);
    } else {
        import_block_set(p->now, name, value, p->line);
    }
    return true;
}

/* What stands behind `account X : Y` makes it an account of its own. */
static void mark_own(Parser *p)
{
    for (guint i = 0; i < p->accounts->len; i++) {
        MpopAccount *account = g_ptr_array_index(p->accounts, i);
        if (account->block == p->now) {
            g_clear_pointer(&account->same_as, g_free);
        }
    }
}

static bool take_line(Parser *p, Bytes line, GError **error)
{
    Bytes rest = bytes_trim(line);
    if (rest.len == 0 || rest.data[0] == '#') {
        return true;
    }
    Bytes word = bytes_word(&rest);
    Bytes value = unquote(bytes_trim(rest));
    if (bytes_equal_ci(word, "defaults")) {
        import_block_free(p->defaults);
        p->defaults = p->now = import_block_new(p->line);
        return true;
    }
    if (bytes_equal_ci(word, "account")) {
        return take_account(p, value, error);
    }
    mark_own(p);
    return take_setting(p, word, value, error);
}

GPtrArray *mpoprc_parse(Bytes text, const char *file, GError **error)
{
    if (text.len > TEXT_MAX) {
        error_fail(error, POSTERN_ERROR_LIMIT, "%s is longer than %d bytes", file, TEXT_MAX);
        return NULL;
    }
    g_autoptr(GPtrArray) accounts = g_ptr_array_new_with_free_func(account_clear);
    Parser p = {.file = file, .accounts = accounts, .defaults = import_block_new(1)};
    bool good = true;
    while (good && text.len > 0) {
        gssize end = bytes_index(text, '\n');
        size_t len = end < 0 ? text.len : (size_t)end;
        p.line++;
        good = take_line(&p, bytes_sub(text, 0, len), error);
        text = bytes_sub(text, len + 1, text.len);
    }
    import_block_free(p.defaults);
    return good ? g_steal_pointer(&accounts) : NULL;
}
