#include "cmd/password.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/escape.h"
#include "config/file.h"
#include "config/netrc.h"
#include "io/child.h"

#define PASSWORD_MAX 65536
#define ENVIRONMENT "POSTERN_PASSWORD"

/* The one secret that is global: it must leave the environment before anything else is done. Wiped
 * at exit. */
static Secret *environment_password;

static void forget_environment(void)
{
    g_clear_pointer(&environment_password, secret_free);
}

void password_take_environment(void)
{
    char *value = getenv(ENVIRONMENT);
    if (!value) {
        return;
    }
    if (*value) {
        /* In place: the string lies on the stack the kernel made, where /proc/PID/environ shows it.
         */
        environment_password = secret_take_string(value);
        atexit(forget_environment);
    }
    unsetenv(ENVIRONMENT);
}

PasswordWay password_way(const ConnectOptions *options, const Account *account)
{
    if (options->password_command) {
        return (PasswordWay){PASSWORD_BY_COMMAND, options->password_command,
                             g_strdup("--password-command"), NULL};
    }
    if (options->password_file) {
        return (PasswordWay){PASSWORD_BY_FILE, options->password_file, g_strdup("--password-file"),
                             NULL};
    }
    if (environment_password) {
        return (PasswordWay){PASSWORD_BY_ENVIRONMENT, NULL, g_strdup("$" ENVIRONMENT),
                             environment_password};
    }
    const char *name = account ? account->name : NULL;
    if (account && account->password_command) {
        return (PasswordWay){PASSWORD_BY_COMMAND, account->password_command,
                             g_strdup_printf("[account %s] password-command", name), NULL};
    }
    if (account && account->password_file) {
        return (PasswordWay){PASSWORD_BY_FILE, account->password_file,
                             g_strdup_printf("[account %s] password-file", name), NULL};
    }
    if (account && account->password) {
        return (PasswordWay){PASSWORD_BY_ACCOUNT, NULL,
                             g_strdup_printf("[account %s] password", name), account->password};
    }
    return (PasswordWay){PASSWORD_BY_NETRC, NULL, g_strdup("~/.netrc"), NULL};
}

void password_way_clear(PasswordWay *way)
{
    g_clear_pointer(&way->said, g_free);
}

/* The first line: what password stores print below it is other things kept with a password. */
static Secret *by_command(const PasswordWay *way, GError **error)
{
    g_autoptr(Secret) printed = child_secret(way->value, PASSWORD_MAX, DEADLINE_NEVER, error);
    if (!printed) {
        error_prefix(error, "%s", way->said);
        return NULL;
    }
    g_autoptr(Secret) line = secret_first_line(printed);
    if (secret_length(line) == 0) {
        error_fail(error, POSTERN_ERROR_CONFIG, "%s: the first line it prints is empty", way->said);
        return NULL;
    }
    return g_steal_pointer(&line);
}

/* Told, not refused: containers and configuration management hand out secrets in files of mode
 * 0444. */
static void warn_if_open(const char *path, const FileText *text)
{
    bool open_to_others = S_ISREG(text->mode) && (text->mode & 077) != 0;
    if (open_to_others) {
        g_autofree char *shown = escape_line(bytes_of(path));
        g_autofree char *pasted = escape_shell(shown);
        fprintf(stderr, "postern: warning: others can read or change %s: chmod 600 %s\n", shown,
                pasted);
    }
}

static Secret *by_file(const PasswordWay *way, bool quiet, GError **error)
{
    g_auto(FileText) text = {0};
    if (!file_text_read(way->value, PASSWORD_MAX, &text, error)) {
        error_prefix(error, "%s", way->said);
        return NULL;
    }
    if (!quiet) {
        warn_if_open(way->value, &text);
    }
    Bytes line = {text.data, strcspn(text.data, "\r\n")};
    bool has_nul = memchr(text.data, '\0', text.len) != NULL;
    if (line.len == 0 || has_nul) {
        g_autofree char *shown = escape_line(bytes_of(way->value));
        error_fail(error, POSTERN_ERROR_CONFIG, "%s: the first line of %s %s", way->said, shown,
                   has_nul ? "is not text" : "is empty");
        return NULL;
    }
    return secret_new(line.data, line.len);
}

static char *prompt_for(const char *user, const char *host)
{
    if (!host) {
        return user ? g_strdup_printf("Password for %s: ", user) : g_strdup("Password: ");
    }
    return g_strdup_printf("Password for %s%s%s: ", user ? user : "", user ? " at " : "", host);
}

/* Without a host only the terminal is left: a netrc entry belongs to a host. */
static Secret *by_netrc_or_asking(const char *user, const char *host, GError **error)
{
    g_autoptr(GError) failure = NULL;
    Secret *found = host ? netrc_password(NULL, host, user, NULL, &failure) : NULL;
    if (found || failure) {
        if (failure) {
            g_propagate_error(error, g_steal_pointer(&failure));
        }
        return found;
    }
    g_autofree char *prompt = prompt_for(user, host);
    return password_ask(prompt, error);
}

Secret *password_get(const PasswordWay *way, const char *user, const char *host, bool quiet,
                     GError **error)
{
    switch (way->kind) {
    case PASSWORD_BY_COMMAND:
        return by_command(way, error);
    case PASSWORD_BY_FILE:
        return by_file(way, quiet, error);
    case PASSWORD_BY_ENVIRONMENT:
    case PASSWORD_BY_ACCOUNT:
        return secret_copy(way->secret);
    case PASSWORD_BY_NETRC:
        return by_netrc_or_asking(user, host, error);
    }
    return NULL;
}

Secret *password_for(const ConnectOptions *options, const char *user, const char *host,
                     GError **error)
{
    g_autoptr(Account) account = NULL;
    if (options->account) {
        account = accounts_find(options->config, options->account, error);
        if (!account) {
            return NULL;
        }
    }
    const char *name = user ? user : account ? account->user : NULL;
    g_auto(PasswordWay) way = password_way(options, account);
    return password_get(&way, name, host, options->quiet, error);
}
