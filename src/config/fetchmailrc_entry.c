/* One server's entry: its options, its users and who they are here. */
#include <string.h>

#include "base/escape.h"
#include "base/nearest.h"
#include "config/fetchmailrc_parser.h"

static GHashTable *lines_of(const Parser *p, FetchmailScope scope)
{
    return scope == SCOPE_SET      ? p->rc->lines
           : scope == SCOPE_SERVER ? p->server->lines
                                   : p->user->lines;
}

static void *block_of(const Parser *p, FetchmailScope scope)
{
    return scope == SCOPE_SET      ? (void *)p->rc
           : scope == SCOPE_SERVER ? (void *)p->server
                                   : (void *)p->user;
}

bool parser_take_option(Parser *p, const FetchmailWord *w, bool negated, GError **error)
{
    unsigned line = p->now.line;
    void *slot = (char *)block_of(p, w->scope) + w->offset;
    if (negated && w->kind != WORD_FLAG && w->kind != WORD_ENVELOPE) {
        return parser_fail_syntax(p, error, "an option that can be turned off behind \"no\"");
    }
    g_hash_table_insert(lines_of(p, w->scope), (char *)fetchmail_word_canonical(w),
                        GUINT_TO_POINTER(line));
    parser_take(p);
    if (w->kind == WORD_FLAG) {
        *(int *)slot = !negated;
        return true;
    }
    if (negated) {
        g_clear_pointer(&p->server->envelope, g_free);
        p->server->no_envelope = 1;
        return true;
    }
    return parser_take_value(p, w, slot, error);
}

/* The option `now` begins with, or NULL: what counts is a word, or a string that a later fetchmail
 * takes for one. */
static const FetchmailWord *option_word(const Parser *p, bool *negated)
{
    const FetchmailWord *w = p->now.word;
    *negated = p->now.negated;
    if (p->now.kind == FETCHMAIL_STRING) {
        w = fetchmail_word_find_lenient(p->now.raw, negated);
    } else if (p->now.kind != FETCHMAIL_WORD) {
        return NULL;
    }
    return w && w->kind >= WORD_FLAG ? w : NULL;
}

const FetchmailWord *parser_next_option(Parser *p, bool *negated)
{
    bool no = parser_at(p, WORD_NO);
    if (no) {
        parser_take(p);
    }
    const FetchmailWord *w = option_word(p, negated);
    if (no && *negated) {
        return NULL; /* "no nokeep" */
    }
    *negated |= no;
    return w;
}

static FetchmailMapping *mapping_new(char *name, char *local)
{
    FetchmailMapping *mapping = g_new0(FetchmailMapping, 1);
    *mapping = (FetchmailMapping){name, local};
    return mapping;
}

/* STRING, STRING = STRING; one or more, behind those that are there. */
static bool take_mappings(Parser *p, GPtrArray *to, GError **error)
{
    do {
        char *name = NULL;
        if (!parser_take_string(p, &name, error)) {
            return false;
        }
        FetchmailMapping *mapping = mapping_new(name, NULL);
        g_ptr_array_add(to, mapping);
        if (p->now.kind == FETCHMAIL_EQUALS) {
            parser_take(p);
            if (!parser_take_string(p, &mapping->local, error)) {
                return false;
            }
        }
    } while (p->now.kind == FETCHMAIL_STRING);
    return true;
}

static GPtrArray *mappings_new(void)
{
    return g_ptr_array_new_with_free_func((GDestroyNotify)fetchmail_mapping_free);
}

static bool is_single(const GPtrArray *mappings)
{
    const FetchmailMapping *first = g_ptr_array_index(mappings, 0);
    return mappings->len == 1 && !first->local;
}

/* The list says who it is here. */
static void add_local(FetchmailUser *user, const GPtrArray *mappings)
{
    for (guint i = 0; i < mappings->len; i++) {
        const FetchmailMapping *m = g_ptr_array_index(mappings, i);
        if (strcmp(m->name, "*") == 0 && !m->local) {
            user->wildcard = 1;
        } else {
            g_ptr_array_add(user->local, mapping_new(g_strdup(m->name), g_strdup(m->local)));
        }
    }
}

static void set_remote(FetchmailUser *user, const GPtrArray *mappings)
{
    const FetchmailMapping *first = g_ptr_array_index(mappings, 0);
    g_free(user->remote);
    user->remote = g_strdup(first->name);
}

static FetchmailUser *add_user(Parser *p, unsigned line)
{
    p->blocks++;
    p->user = fetchmail_user_new();
    p->user->line = line;
    g_ptr_array_add(p->server->users, p->user);
    return p->user;
}

/* The option that was meant by a word, or NULL. */
static const char *nearest_option(const char *word)
{
    Nearest near = {.word = word};
    for (const FetchmailWord *w = fetchmail_words; w->word; w++) {
        if (w->kind >= WORD_FLAG) {
            nearest_offer(&near, w->word);
        }
    }
    return near.best;
}

/* `user joe kep`: several names want `here` behind them, but that is seldom what was meant. */
static bool fail_names(const Parser *p, unsigned line, const GPtrArray *names, GError **error)
{
    const FetchmailMapping *second = g_ptr_array_index(names, names->len > 1 ? 1 : 0);
    g_autofree char *word = escape_line_max(bytes_of(second->name), 40);
    const char *near = names->len > 1 ? nearest_option(word) : NULL;
    if (!near) {
        return parser_fail_syntax(p, error, "`here` behind local names");
    }
    g_autofree char *words = g_strdup_printf(
        "expected an option behind the user's name, not %s; did you mean %s?", word, near);
    return parser_fail(p, line, error, words);
}

/* `user NAME [there]`, or local names first: `user NAME... here`. */
static bool take_user(Parser *p, GError **error)
{
    unsigned line = p->now.line;
    g_autoptr(GPtrArray) names = mappings_new();
    if (p->user && p->implied) {
        return parser_fail(p, line, error,
                           "options of a user stand before `user`: name the user first, behind the "
                           "server's options");
    }
    parser_take(p);
    if (!take_mappings(p, names, error)) {
        return false;
    }
    FetchmailUser *user = add_user(p, line);
    if (parser_at(p, WORD_HERE)) {
        add_local(user, names);
        parser_take(p);
        return true;
    }
    if (!is_single(names)) {
        return fail_names(p, line, names, error);
    }
    set_remote(user, names);
    if (parser_at(p, WORD_THERE)) {
        parser_take(p);
    }
    return true;
}

/* `is NAME... [here]`, `to NAME... [here]`, `is NAME there`. */
static bool take_is(Parser *p, GError **error)
{
    bool is = parser_at(p, WORD_IS);
    g_autoptr(GPtrArray) names = mappings_new();
    parser_take(p);
    if (!take_mappings(p, names, error)) {
        return false;
    }
    if (is && parser_at(p, WORD_THERE) && is_single(names)) {
        set_remote(p->user, names);
        parser_take(p);
        return true;
    }
    add_local(p->user, names);
    if (parser_at(p, WORD_HERE)) {
        parser_take(p);
    }
    return true;
}

static bool fail_server_option(const Parser *p, const FetchmailWord *w, GError **error)
{
    g_autofree char *words = g_strdup_printf(
        "the server option %s stands behind a user's options: move it before the first of those "
        "(before `user`)",
        w->word);
    return parser_fail(p, p->now.line, error, words);
}

static bool fail_unknown(const Parser *p, GError **error)
{
    if (p->after_secret || p->now.kind != FETCHMAIL_STRING || p->now.raw.len > 40) {
        return parser_fail_syntax(p, error, "an option");
    }
    g_autofree char *word = escape_line_max(p->now.raw, 40);
    const char *near = nearest_option(word);
    g_autofree char *words =
        near ? g_strdup_printf("expected an option, not %s; did you mean %s?", word, near)
             : g_strdup_printf("expected an option, not %s", word);
    return parser_fail(p, p->now.line, error, words);
}

static bool take_entry_option(Parser *p, GError **error)
{
    bool negated;
    const FetchmailWord *w = parser_next_option(p, &negated);
    if (!w || w->scope == SCOPE_SET) {
        return fail_unknown(p, error);
    }
    if (w->scope == SCOPE_SERVER && p->user) {
        return fail_server_option(p, w, error);
    }
    if (w->scope != SCOPE_SERVER && !p->user) {
        p->implied = true;
        add_user(p, p->now.line);
    }
    return parser_take_option(p, w, negated, error);
}

/* One element of an entry behind its name. */
static bool take_entry_part(Parser *p, GError **error)
{
    if (parser_at(p, WORD_USER)) {
        return take_user(p, error);
    }
    if (parser_at(p, WORD_IS) || parser_at(p, WORD_TO)) {
        if (!p->user) {
            p->implied = true;
            add_user(p, p->now.line);
        }
        return take_is(p, error);
    }
    return take_entry_option(p, error);
}

static bool begins_statement(const Parser *p)
{
    return p->now.kind == FETCHMAIL_END || parser_at(p, WORD_POLL) || parser_at(p, WORD_SKIP) ||
           parser_at(p, WORD_DEFAULTS) || parser_at(p, WORD_SET);
}

bool parser_take_entry(Parser *p, GError **error)
{
    p->user = NULL;
    p->implied = false;
    while (!begins_statement(p)) {
        bool was_after = p->after_secret;
        if (!take_entry_part(p, error)) {
            return false;
        }
        /* It holds for the one token behind the password. */
        p->after_secret = p->after_secret && !was_after;
    }
    p->after_secret = false;
    return true;
}
