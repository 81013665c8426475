#include "config/netrc.h"

#include <errno.h>
#include <string.h>

#include "base/escape.h"
#include "config/file.h"

#define NETRC_MAX (1024 * 1024)

/* The words of a netrc file: separated by white space; "quoted words" with \ escapes, as several
 * programs write them; a '#' where a keyword may stand makes the rest of the line a comment. */
typedef struct {
    Bytes rest;
    char *word;  /* the last word read, without quotes and escapes; wiped when the next is read */
    size_t room; /* how much of it was written */
} Words;

static void words_clear(Words *w)
{
    if (w->word) {
        secret_wipe(w->word, w->room);
        g_clear_pointer(&w->word, g_free);
    }
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Words, words_clear)

static void skip(Words *w, size_t n)
{
    w->rest = bytes_sub(w->rest, n, w->rest.len);
}

static void skip_blanks(Words *w)
{
    while (w->rest.len > 0 && g_ascii_isspace(w->rest.data[0])) {
        skip(w, 1);
    }
}

static void skip_line(Words *w)
{
    gssize end = bytes_index(w->rest, '\n');
    skip(w, end < 0 ? w->rest.len : (size_t)end + 1);
}

static bool ends_word(char c, bool quoted)
{
    return quoted ? c == '"' : g_ascii_isspace(c);
}

/* The next word; false at the end of the text. */
static bool next_word(Words *w)
{
    words_clear(w);
    skip_blanks(w);
    if (w->rest.len == 0) {
        return false;
    }
    bool quoted = w->rest.data[0] == '"';
    size_t i = quoted ? 1 : 0;
    size_t n = 0;
    size_t longest = MIN(w->rest.len, 65536); /* nothing longer is a name or a password */
    w->word = g_malloc(longest + 1);
    while (i < longest && !ends_word(w->rest.data[i], quoted)) {
        bool escaped = quoted && w->rest.data[i] == '\\' && i + 1 < longest;
        i += escaped ? 1 : 0;
        w->word[n++] = w->rest.data[i++];
    }
    w->word[n] = '\0';
    w->room = n + 1;
    skip(w, quoted && i < longest ? i + 1 : i);
    return true;
}

/* One "machine" or "default" entry. */
typedef struct {
    bool open;
    bool matches_host;
    char *login;
    Secret *password;
} Entry;

static void entry_clear(Entry *e)
{
    g_clear_pointer(&e->login, g_free);
    g_clear_pointer(&e->password, secret_free);
    *e = (Entry){0};
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Entry, entry_clear)

static bool entry_fits(const Entry *e, const char *user)
{
    return e->open && e->matches_host && e->password &&
           (!user || !e->login || strcmp(e->login, user) == 0);
}

/* macdef NAME, then lines up to an empty one. */
static void skip_macro(Words *w)
{
    while (w->rest.len > 0) {
        Bytes before = w->rest;
        skip_line(w);
        Bytes line = bytes_trim(bytes_sub(before, 0, before.len - w->rest.len));
        if (line.len == 0) {
            return;
        }
    }
}

/* What follows "login" or "password"; the word stays empty at the end of the text. */
static void take_field(Words *w, Entry *e, bool is_password)
{
    if (!next_word(w)) {
        return;
    }
    if (is_password) {
        g_clear_pointer(&e->password, secret_free);
        e->password = secret_take_string(w->word);
    } else {
        g_free(e->login);
        e->login = g_strdup(w->word);
    }
}

/* Opens a new entry. */
static void take_machine(Words *w, Entry *e, const char *host, bool is_default)
{
    entry_clear(e);
    e->open = true;
    e->matches_host = is_default || (next_word(w) && g_ascii_strcasecmp(w->word, host) == 0);
}

static bool is_word(const Words *w, const char *word)
{
    return strcmp(w->word, word) == 0;
}

Secret *netrc_parse(Bytes text, const char *host, const char *user, char **ret_user)
{
    g_auto(Words) w = {.rest = text};
    g_auto(Entry) e = {0};
    bool found = false;
    while (!found && next_word(&w)) {
        bool is_default = is_word(&w, "default");
        if (is_default || is_word(&w, "machine")) {
            found = entry_fits(&e, user);
            if (!found) {
                take_machine(&w, &e, host, is_default);
            }
        } else if (is_word(&w, "login") || is_word(&w, "password")) {
            take_field(&w, &e, is_word(&w, "password"));
        } else if (is_word(&w, "account")) {
            next_word(&w);
        } else if (is_word(&w, "macdef")) {
            skip_macro(&w);
        } else if (w.word[0] == '#') {
            skip_line(&w);
        }
    }
    if (!found && !entry_fits(&e, user)) {
        return NULL;
    }
    if (ret_user) {
        *ret_user = g_steal_pointer(&e.login);
    }
    return g_steal_pointer(&e.password);
}

Secret *netrc_password(const char *file, const char *host, const char *user, char **ret_user,
                       GError **error)
{
    if (ret_user) {
        *ret_user = NULL;
    }
    g_autofree char *home = g_build_filename(g_get_home_dir(), ".netrc", NULL);
    const char *path = file ? file : home;
    g_auto(FileText) text = {0};
    g_autoptr(GError) failure = NULL;
    if (!file_text_read(path, NETRC_MAX, &text, &failure)) {
        if (text.failure != ENOENT && text.failure != ENOTDIR) {
            error_fail(error, POSTERN_ERROR_CONFIG, "%s", failure->message);
        }
        return NULL;
    }
    g_autofree char *login = NULL;
    g_autoptr(Secret) password = netrc_parse((Bytes){text.data, text.len}, host, user, &login);
    if (password && !file_text_is_private(&text)) {
        g_autofree char *shown = escape_line(bytes_of(path));
        error_fail(error, POSTERN_ERROR_CONFIG,
                   "%s holds passwords and others can read it: chmod 600 %s", shown, shown);
        return NULL;
    }
    if (ret_user) {
        *ret_user = g_steal_pointer(&login);
    }
    return g_steal_pointer(&password);
}
