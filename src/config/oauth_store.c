/* oauth_store.c: $XDG_STATE_HOME/postern/oauth/NAME.json, 0600; with a store command what is secret
 * is there, and the file has the rest. The command is run by a shell with a verb and the name
 * behind it, as git's credential helpers are: "get NAME" prints, "store NAME" reads, "erase NAME"
 * forgets. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/escape.h"
#include "config/accounts.h"
#include "config/file.h"
#include "config/oauth.h"
#include "config/oauth_json.h"
#include "io/child.h"

enum { NAME_MAX_OCTETS = 100 };
#define SUFFIX ".json"
#define COMMAND_SECONDS 120
#define LOCK_PAUSE 0.05

void oauth_grant_free(OauthGrant *g)
{
    if (g) {
        g_free(g->name);
        g_free(g->provider);
        g_free(g->client_id);
        g_free(g->scope);
        g_free(g->token_endpoint);
        g_free(g->revocation_endpoint);
        g_free(g->authorization_endpoint);
        g_free(g->device_endpoint);
        g_free(g->ca_file);
        g_free(g->store_command);
        secret_free(g->client_secret);
        secret_free(g->access_token);
        secret_free(g->refresh_token);
        g_free(g);
    }
}

/* --- names and places --- */

bool oauth_name_check(const char *name, GError **error)
{
    size_t len =
        strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.@_+-");
    if (len > 0 && len <= NAME_MAX_OCTETS && name[len] == '\0' && name[0] != '.' &&
        name[0] != '-') {
        return true;
    }
    g_autofree char *shown = escape_line_max(bytes_of(name), 60);
    return error_fail(error, POSTERN_ERROR_USAGE,
                      "\"%s\" cannot name a login: expected letters, digits and . @ _ + -", shown);
}

static char *directory(GError **error)
{
    g_autofree char *state = config_state_directory(true, error);
    if (!state) {
        return NULL;
    }
    char *dir = g_build_filename(state, "oauth", NULL);
    if (mkdir(dir, 0700) != 0 && errno != EEXIST) {
        error_fail(error, POSTERN_ERROR_CANT_CREATE, "cannot make %s: %s", dir, g_strerror(errno));
        g_clear_pointer(&dir, g_free);
    }
    return dir;
}

static char *place(const char *name, const char *suffix, GError **error)
{
    if (!oauth_name_check(name, error)) {
        return NULL;
    }
    g_autofree char *dir = directory(error);
    return dir ? g_strconcat(dir, "/", name, suffix, NULL) : NULL;
}

/* --- the command --- */

static char *command_line(const OauthGrant *grant, const char *verb)
{
    /* The name was checked: it has nothing in it that a shell would read. */
    return g_strdup_printf("%s %s %s", grant->store_command, verb, grant->name);
}

static bool command_failed(const OauthGrant *grant, GError **error)
{
    return error_prefix(error, "the store command of the login \"%s\"", grant->name);
}

static bool get_by_command(OauthGrant *grant, GError **error)
{
    g_autofree char *line = command_line(grant, "get");
    g_autoptr(Secret) text =
        child_secret(line, OAUTH_JSON_MAX, deadline_in(COMMAND_SECONDS), error);
    return (text && oauth_json_to_grant(secret_reveal(text), grant, error)) ||
           command_failed(grant, error);
}

static bool put_by_command(const OauthGrant *grant, GError **error)
{
    g_autofree char *line = command_line(grant, "store");
    g_autoptr(Secret) text = oauth_json_of_grant(grant, false, true);
    return child_feed(line, text, deadline_in(COMMAND_SECONDS), error) ||
           command_failed(grant, error);
}

/* --- reading --- */

static bool nothing_there(const char *name, GError **error)
{
    g_clear_error(error);
    g_autofree char *shown = escape_shell(name);
    return error_fail(error, POSTERN_ERROR_NO_INPUT,
                      "there is no OAuth login called \"%s\": postern auth oauth login %s", name,
                      shown);
}

static bool check_private(const FileText *text, const char *path, GError **error)
{
    return (file_text_is_private(text) && text->owner == geteuid()) ||
           error_fail(error, POSTERN_ERROR_CONFIG,
                      "%s holds tokens: it must be your own and closed to others (chmod 600)",
                      path);
}

OauthGrant *oauth_load(const char *name, bool secrets, GError **error)
{
    g_autofree char *path = place(name, SUFFIX, error);
    g_auto(FileText) text = {0};
    if (!path) {
        return NULL;
    }
    if (!file_text_read(path, OAUTH_JSON_MAX, &text, error)) {
        if (text.failure == ENOENT) {
            nothing_there(name, error);
        }
        return NULL;
    }
    g_autoptr(OauthGrant) grant = g_new0(OauthGrant, 1);
    grant->name = g_strdup(name);
    if (!check_private(&text, path, error)) {
        return NULL;
    }
    if (!oauth_json_to_grant((Bytes){text.data, text.len}, grant, error)) {
        error_prefix(error, "%s", path);
        return NULL;
    }
    if (!secrets) {
        g_clear_pointer(&grant->access_token, secret_free);
        g_clear_pointer(&grant->refresh_token, secret_free);
        g_clear_pointer(&grant->client_secret, secret_free);
    } else if (grant->store_command && !get_by_command(grant, error)) {
        return NULL;
    }
    return g_steal_pointer(&grant);
}

static int by_text(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

char **oauth_names(GError **error)
{
    g_autofree char *dir = directory(error);
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    DIR *d = dir ? opendir(dir) : NULL;
    if (!d) {
        return dir ? g_new0(char *, 1) : NULL;
    }
    const struct dirent *entry;
    while ((entry = readdir(d))) {
        if (entry->d_name[0] != '.' && g_str_has_suffix(entry->d_name, SUFFIX)) {
            g_ptr_array_add(names,
                            g_strndup(entry->d_name, strlen(entry->d_name) - strlen(SUFFIX)));
        }
    }
    closedir(d);
    g_ptr_array_sort(names, by_text);
    g_ptr_array_add(names, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&names), FALSE);
}

/* --- writing --- */

static bool fail_write(const char *path, GError **error)
{
    return error_fail(error, POSTERN_ERROR_IO, "cannot write %s: %s", path, g_strerror(errno));
}

static bool write_all(int fd, Bytes data)
{
    while (data.len > 0) {
        ssize_t n = write(fd, data.data, data.len);
        if (n < 0 && errno != EINTR) {
            return false;
        }
        data = bytes_sub(data, n > 0 ? (size_t)n : 0, data.len);
    }
    return true;
}

static bool sync_directory(const char *path)
{
    g_autofree char *dir = g_path_get_dirname(path);
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool good = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0) {
        close(fd);
    }
    return good;
}

/* A refresh token that was rotated and is lost means logging in again: it is on disk before
 * anybody uses what came with it. */
static bool write_durably(const char *path, Bytes data, GError **error)
{
    g_autofree char *temporary = g_strconcat(path, ".XXXXXX", NULL);
    int fd = g_mkstemp_full(temporary, O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0) {
        return fail_write(path, error);
    }
    bool good = write_all(fd, data) && fsync(fd) == 0;
    int number = errno;
    close(fd);
    if (!good || rename(temporary, path) != 0) {
        errno = good ? errno : number;
        fail_write(path, error);
        unlink(temporary);
        return false;
    }
    return sync_directory(path) || fail_write(path, error);
}

bool oauth_save(const OauthGrant *grant, GError **error)
{
    g_autofree char *path = place(grant->name, SUFFIX, error);
    if (!path || (grant->store_command && !put_by_command(grant, error))) {
        return false;
    }
    g_autoptr(Secret) text = oauth_json_of_grant(grant, true, grant->store_command == NULL);
    return write_durably(path, secret_reveal(text), error);
}

bool oauth_print(int fd, const Secret *token, GError **error)
{
    return (write_all(fd, secret_reveal(token)) && write_all(fd, BYTES_LITERAL("\n"))) ||
           fail_write("the token", error);
}

bool oauth_remove(const OauthGrant *grant, GError **error)
{
    g_autofree char *path = place(grant->name, SUFFIX, error);
    if (!path) {
        return false;
    }
    if (grant->store_command) {
        g_autofree char *line = command_line(grant, "erase");
        if (!child_feed(line, NULL, deadline_in(COMMAND_SECONDS), error)) {
            return command_failed(grant, error);
        }
    }
    return (unlink(path) == 0 && sync_directory(path)) || fail_write(path, error);
}

int oauth_lock(const char *name, Deadline deadline, GError **error)
{
    g_autofree char *path = place(name, ".lock", error);
    int fd = path ? open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600) : -1;
    if (path && fd < 0) {
        fail_write(path, error);
    }
    while (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0) {
        bool busy = errno == EWOULDBLOCK || errno == EINTR;
        if (!busy) {
            fail_write(path, error);
        } else if (deadline_passed(deadline)) {
            error_fail(error, POSTERN_ERROR_TIMEOUT,
                       "another process has been refreshing the token \"%s\" for too long", name);
        } else if (io_sleep(deadline_sooner(deadline, deadline_in(LOCK_PAUSE)), error)) {
            continue;
        }
        close(fd);
        fd = -1;
    }
    return fd;
}
