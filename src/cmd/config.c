/* config.c: `postern config`: accounts from other programs' files. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/nearest.h"
#include "cmd/command.h"
#include "config/accounts_write.h"
#include "config/file.h"
#include "config/import.h"
#include "report/fetchmailrc_json.h"

#define FILE_MAX (1024 * 1024)

typedef struct {
    char *into;
    bool with_passwords, quiet;
} ConfigOptions;

#define AT(member) offsetof(ConfigOptions, member)

/* name, letter, kind, offset, argument, help, choices */
static const Option options[] = {
    {"into", 0, OPTION_FILE, AT(into), "FILE",
     "add the accounts to this file (made 0600), instead of printing them"},
    {"with-passwords", 0, OPTION_BOOL, AT(with_passwords), NULL,
     "carry passwords over too; else they are left out, and told"},
    {"quiet", 'q', OPTION_BOOL, AT(quiet), NULL, "tell nothing about what was left out"},
    {NULL},
};

static const struct {
    const char *name, *usual;
    bool (*import)(Import *to, Bytes text, GError **error);
} kinds[] = {
    {"fetchmailrc", "~/.fetchmailrc", import_fetchmailrc},
    {"mpoprc", "~/.mpoprc", import_mpoprc},
    {"msmtprc", "~/.msmtprc", import_msmtprc},
    {"getmailrc", "~/.getmail/getmailrc", import_getmailrc},
};

static int find_kind(const char *name, GError **error)
{
    Nearest near = {.word = name ? name : ""};
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        if (g_strcmp0(name, kinds[i].name) == 0) {
            return (int)i;
        }
        nearest_offer(&near, kinds[i].name);
    }
    if (near.best) {
        error_fail(error, POSTERN_ERROR_USAGE, "no such kind of file; did you mean %s?", near.best);
    } else {
        error_fail(
            error, POSTERN_ERROR_USAGE,
            "say what it is and where: fetchmailrc, mpoprc, msmtprc or getmailrc, then FILE");
    }
    return -1;
}

/* Notes are for people: on standard error, so that the accounts can be redirected. */
static void tell_notes(const Import *import)
{
    for (guint i = 0; i < import->notes->len; i++) {
        g_autofree char *note = escape_line(bytes_of(g_ptr_array_index(import->notes, i)));
        fprintf(stderr, "postern: %s\n", note);
    }
}

static void tell_passwords(const Import *import)
{
    unsigned n = 0;
    for (guint i = 0; i < import->accounts->len; i++) {
        const Account *a = g_ptr_array_index(import->accounts, i);
        n += a->password != NULL;
    }
    if (n > 0) {
        fprintf(stderr,
                "postern: %u password%s left out: give password-command or password-file in the "
                "account,\n  put it into ~/.netrc, be asked for it, or import with "
                "--with-passwords\n",
                n, n == 1 ? " was" : "s were");
    }
}

static bool write_out(const ConfigOptions *o, const Import *import, GError **error)
{
    if (o->into) {
        return accounts_append(o->into, import->accounts, o->with_passwords, error);
    }
    fflush(stdout);
    return accounts_write(STDOUT_FILENO, import->accounts, o->with_passwords, error);
}

static bool read_file(const char *path, FileText *text, char **shown, GError **error)
{
    bool is_input = strcmp(path, "-") == 0;
    g_autofree char *absolute = is_input ? g_strdup("-") : g_canonicalize_filename(path, NULL);
    *shown = escape_line(bytes_of(absolute));
    return file_text_read(is_input ? "/dev/stdin" : absolute, FILE_MAX, text, error);
}

static bool import_file(const ConfigOptions *o, int kind, const char *path, GError **error)
{
    g_auto(FileText) text = {0};
    g_autofree char *shown = NULL;
    if (!read_file(path, &text, &shown, error)) {
        return false;
    }
    g_autoptr(Import) import = import_new(shown);
    if (!kinds[kind].import(import, (Bytes){text.data, text.len}, error)) {
        return false;
    }
    if (!o->quiet) {
        tell_notes(import);
    }
    if (import->accounts->len == 0) {
        return error_fail(error, POSTERN_ERROR_DATA, "%s has no account that can be carried over",
                          shown);
    }
    if (!o->quiet && !o->with_passwords) {
        tell_passwords(import);
    }
    return write_out(o, import, error);
}

static bool run_import(const ConfigOptions *o, char **args, GError **error)
{
    int kind = find_kind(args[0], error);
    if (kind < 0) {
        return false;
    }
    if (!args[1] || args[2]) {
        return error_fail(error, POSTERN_ERROR_USAGE,
                          "name one file, as in: postern config import %s %s", kinds[kind].name,
                          kinds[kind].usual);
    }
    return import_file(o, kind, args[1], error);
}

static bool run_show(char **args, GError **error)
{
    if (g_strcmp0(args[0], "fetchmailrc") != 0 || !args[1] || args[2]) {
        return error_fail(error, POSTERN_ERROR_USAGE,
                          "shown is what was understood of a fetchmailrc: postern config show "
                          "fetchmailrc FILE");
    }
    g_auto(FileText) text = {0};
    g_autofree char *shown = NULL;
    if (!read_file(args[1], &text, &shown, error)) {
        return false;
    }
    g_autoptr(FetchmailRc) rc =
        fetchmailrc_parse((Bytes){text.data, text.len}, shown, g_get_user_name(), error);
    if (!rc) {
        return false;
    }
    g_autofree char *json = fetchmailrc_json(rc);
    puts(json);
    return true;
}

static int run(void *values, char **args)
{
    const ConfigOptions *o = values;
    GError *error = NULL;
    bool good;
    if (g_strcmp0(args[0], "import") == 0) {
        good = run_import(o, args + 1, &error);
    } else if (g_strcmp0(args[0], "show") == 0) {
        good = run_show(args + 1, &error);
    } else {
        good = error_fail(&error, POSTERN_ERROR_USAGE,
                          "what should be done? `postern config import KIND FILE`, or `postern "
                          "config show fetchmailrc FILE`; see `postern config --help`");
    }
    return good ? 0 : command_fail(error);
}

const Command cmd_config = {
    .name = "config",
    .summary = "accounts from the files of fetchmail, mpop, msmtp and getmail",
    .arguments = "import fetchmailrc|mpoprc|msmtprc|getmailrc FILE | show fetchmailrc FILE",
    .words = "import|show",
    .text = "import writes what the file says as sections for accounts.conf, and tells on\n"
            "standard error, by line, what could not be carried over. An account that is there\n"
            "already is never overwritten. show prints what was understood of a fetchmailrc,\n"
            "defaults filled in, as JSON; passwords are shown as *****.",
    .examples = "  postern config import fetchmailrc ~/.fetchmailrc\n"
                "  postern config import mpoprc ~/.mpoprc --into ~/.config/postern/accounts.conf\n"
                "  postern config import msmtprc ~/.msmtprc --with-passwords --into FILE\n"
                "  postern config show fetchmailrc ~/.fetchmailrc\n",
    .options = options,
    .values_size = sizeof(ConfigOptions),
    .run = run,
};
