/* imap_source_folders.c: the folders there are, and their names. */
#include <string.h>

#include "base/escape.h"
#include "fetch/imap_source.h"
#include "proto/imap_list_parse.h"
#include "proto/imap_mailbox.h"

enum { FOLDERS_MAX = 100 * 1000 };

typedef struct {
    const char *const *patterns;
    GPtrArray *names; /* NULL: only learning */
    GHashTable *known;
} Folders;

static bool has_wildcard(const char *pattern)
{
    return strpbrk(pattern, "*%") != NULL;
}

/* A view of messages that lie in other folders would bring each of them twice: it must be meant by
 * its full name. */
static bool is_view(const ImapFolder *folder)
{
    return folder->all || folder->flagged || folder->important;
}

static bool chosen(const Folders *f, const ImapFolder *folder, const char *name, bool *ret_view)
{
    bool in = false, out = false;
    *ret_view = false;
    for (size_t i = 0; f->patterns[i]; i++) {
        const char *pattern = f->patterns[i];
        bool away = pattern[0] == '!';
        if (!imap_mailbox_matches(pattern + away, name, folder->delimiter)) {
            continue;
        }
        bool view = !away && has_wildcard(pattern) && is_view(folder);
        *ret_view |= view;
        out |= away;
        in |= !away && !view;
    }
    *ret_view &= !in && !out;
    return in && !out;
}

static bool too_many(const ImapSource *s, GError **error)
{
    return g_hash_table_size(s->raw_names) < FOLDERS_MAX ||
           error_fail(error, POSTERN_ERROR_LIMIT, "the server has more than %d folders",
                      FOLDERS_MAX);
}

static void learn(ImapSource *s, const ImapFolder *folder, const char *name)
{
    s->delimiter = folder->delimiter ? folder->delimiter : s->delimiter;
    if (folder->trash && !folder->no_select && !s->trash) {
        s->trash = g_strdup(folder->name);
    }
    g_hash_table_insert(s->raw_names, g_strdup(name), g_strdup(folder->name));
}

static void choose(ImapSource *s, Folders *f, const ImapFolder *folder, const char *name)
{
    bool view;
    if (chosen(f, folder, name, &view) && g_hash_table_add(f->known, g_strdup(name))) {
        g_ptr_array_add(f->names, g_strdup(name));
    }
    if (view) {
        g_autofree char *shown = escape_line_max(bytes_of(name), SOURCE_WORDS_MAX);
        wire_note(s->wire, WIRE_NOTE,
                  "the folder %s is left out: it shows messages of other folders once more; it is "
                  "fetched when it is named in full",
                  shown);
    }
}

static char *decoded(const ImapSource *s, const char *raw)
{
    return s->utf8 && g_utf8_validate(raw, -1, NULL) ? g_strdup(raw)
                                                     : imap_mailbox_decode(bytes_of(raw));
}

static bool take_status(ImapSource *s, Bytes rest, GError **error)
{
    ImapStatusLine line;
    if (!imap_parse_status(rest, &line)) {
        return true;
    }
    if (g_hash_table_size(s->statuses) >= FOLDERS_MAX) {
        g_free(line.name);
        return error_fail(error, POSTERN_ERROR_LIMIT, "the server has more than %d folders",
                          FOLDERS_MAX);
    }
    ImapReached *reached = g_new(ImapReached, 1);
    *reached = (ImapReached){line.validity, line.uid_next};
    g_hash_table_insert(s->statuses, line.name, reached);
    return true;
}

static bool take_folder(ImapSource *s, const ImapResponse *response, void *user, GError **error)
{
    ImapFolder folder;
    Folders *f = user;
    if (f->names && bytes_equal_ci(response->word, "STATUS")) {
        return take_status(s, response->rest, error);
    }
    if (!bytes_equal_ci(response->word, "LIST") || !imap_parse_list(response->rest, &folder)) {
        return true;
    }
    bool ok = too_many(s, error);
    if (ok) {
        g_autofree char *name = decoded(s, folder.name);
        learn(s, &folder, name);
        if (f->names && !folder.no_select) {
            choose(s, f, &folder, name);
        }
    }
    imap_folder_clear(&folder);
    return ok;
}

/* Special uses come with LIST when the server has them (RFC 6154 2); Gmail tells them always. So
 * does how far the UIDs have come (RFC 5819): folders without news need not be opened. */
static const char *list_returns(const ImapSource *s, bool status)
{
    bool extended = imap_source_has(s, "LIST-EXTENDED");
    bool special = extended && imap_source_has(s, "SPECIAL-USE");
    if (status && extended && imap_source_has(s, "LIST-STATUS")) {
        return special ? " RETURN (SPECIAL-USE STATUS (UIDVALIDITY UIDNEXT))"
                       : " RETURN (STATUS (UIDVALIDITY UIDNEXT))";
    }
    return special ? " RETURN (SPECIAL-USE)" : "";
}

static bool ask(ImapSource *s, Folders *f, GError **error)
{
    ImapTag tag = imap_next_tag(s->base.session);
    g_hash_table_remove_all(s->raw_names);
    g_hash_table_remove_all(s->statuses);
    s->listed = wire_sendf(s->wire, error, "%s LIST \"\" \"*\"%s", tag.text,
                           list_returns(s, f->names != NULL)) &&
                imap_source_await_ok(s, tag, take_folder, f, "listing the folders", error);
    return s->listed;
}

bool imap_source_learn_folders(ImapSource *s, GError **error)
{
    return s->listed || ask(s, &(Folders){0}, error);
}

/* Names without wildcards and hierarchy need no LIST: opening them shows whether they are there. */
static bool all_plain(const char *const *patterns)
{
    for (size_t i = 0; patterns[i]; i++) {
        if (patterns[i][0] == '!' || has_wildcard(patterns[i]) || strchr(patterns[i], '/')) {
            return false;
        }
    }
    return true;
}

static bool has_match(const Folders *f, const char *pattern, char delimiter)
{
    for (guint i = 0; i < f->names->len; i++) {
        if (imap_mailbox_matches(pattern, g_ptr_array_index(f->names, i), delimiter)) {
            return true;
        }
    }
    return false;
}

/* A folder that was named in full and that LIST does not show may be there all the same, and if it
 * is not, opening it tells. */
static void add_unlisted(const ImapSource *s, Folders *f)
{
    for (size_t i = 0; f->patterns[i]; i++) {
        const char *pattern = f->patterns[i];
        if (pattern[0] == '!' || has_wildcard(pattern) || has_match(f, pattern, s->delimiter)) {
            continue;
        }
        char *name = g_strdup(pattern);
        g_strdelimit(name, "/", s->delimiter ? s->delimiter : '/');
        g_ptr_array_add(f->names, name);
    }
}

GPtrArray *imap_source_folders(Source *source, const char *const *patterns, GError **error)
{
    static const char *const inbox[] = {"INBOX", NULL};
    ImapSource *s = (ImapSource *)source;
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GHashTable) known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    Folders f = {patterns && patterns[0] ? patterns : inbox, names, known};
    if (!all_plain(f.patterns) && !ask(s, &f, error)) {
        return NULL;
    }
    add_unlisted(s, &f);
    return g_steal_pointer(&names);
}

char *imap_source_raw_name(const ImapSource *s, const char *folder, GError **error)
{
    const char *raw = g_hash_table_lookup(s->raw_names, folder);
    if (raw || (s->utf8 && g_utf8_validate(folder, -1, NULL))) {
        return g_strdup(raw ? raw : folder);
    }
    char *encoded = imap_mailbox_encode(folder);
    if (!encoded) {
        g_autofree char *shown = escape_line_max(bytes_of(folder), SOURCE_WORDS_MAX);
        error_fail(error, POSTERN_ERROR_USAGE, "the folder's name \"%s\" is no UTF-8", shown);
    }
    return encoded;
}
