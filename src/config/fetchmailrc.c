#include "config/fetchmailrc.h"

#include <string.h>

#include "base/escape.h"
#include "base/nearest.h"
#include "config/fetchmailrc_tokens.h"

#define FETCHMAILRC_MAX (1024 * 1024)
#define BLOCKS_MAX 10000

typedef struct {
    FetchmailTokens tokens;
    FetchmailToken now;  /* to be taken next */
    FetchmailToken last; /* taken before */
    const char *file;
    FetchmailRc *rc;
    FetchmailServer *defaults; /* NULL: none */
    FetchmailServer *server;   /* the entry being read, not the parser's own */
    FetchmailUser *user;       /* likewise */
    bool implied;              /* its user is not named */
    bool after_secret;         /* a password stands just before */
    unsigned blocks;           /* servers and users so far */
} Parser;

static void take(Parser *p)
{
    p->last = p->now;
    p->now = fetchmail_token_next(&p->tokens);
}

static bool is_word(const Parser *p, FetchmailWordKind kind)
{
    return p->now.kind == FETCHMAIL_WORD && p->now.word->kind == kind;
}

static bool fail_at(const Parser *p, unsigned line, GError **error, const char *words)
{
    return error_fail(error, POSTERN_ERROR_CONFIG, "%s:%u: %s", p->file, line, words);
}

/* What stands there, for a message. A string is only shown where it cannot be (part of) a
 * password. */
static char *token_shown(const Parser *p)
{
    if (p->now.kind == FETCHMAIL_END) {
        return g_strdup("at the end of the file");
    }
    if (p->after_secret && p->now.kind != FETCHMAIL_WORD) {
        return g_strdup("behind the password");
    }
    g_autofree char *shown = escape_line_max(p->now.raw, 40);
    return g_strdup_printf("at %s", shown);
}

static bool fail_syntax(const Parser *p, GError **error, const char *expected)
{
    g_autofree char *shown = token_shown(p);
    const char *hint = "";
    if (p->after_secret && p->now.kind != FETCHMAIL_END) {
        hint = " (put a password with blanks or = : ; , in it into quotes)";
    } else if (p->now.kind == FETCHMAIL_WORD) {
        hint = " (this is a keyword: a name that looks like it goes into quotes)";
    } else if (p->now.kind == FETCHMAIL_NUMBER) {
        hint = " (a name of digits only goes into quotes)";
    }
    g_autofree char *words = g_strdup_printf("expected %s %s%s", expected, shown, hint);
    return fail_at(p, p->now.line, error, words);
}

static bool take_string(Parser *p, char **ret, GError **error)
{
    if (p->now.kind != FETCHMAIL_STRING) {
        g_autofree char *what = g_strdup_printf("some text behind \"%.*s\"", (int)p->last.raw.len,
                                                p->last.raw.data ? p->last.raw.data : "");
        return fail_syntax(p, error, p->last.kind == FETCHMAIL_WORD ? what : "some text");
    }
    g_autofree char *text = fetchmail_token_string(&p->now);
    if (!text) {
        return fail_at(p, p->now.line, error, "a NUL character cannot be in a name");
    }
    g_free(*ret);
    *ret = g_steal_pointer(&text);
    take(p);
    return true;
}

static bool take_number(Parser *p, int *ret, GError **error)
{
    if (p->now.kind != FETCHMAIL_NUMBER) {
        return fail_syntax(p, error, "a number (without quotes or a unit)");
    }
    if (p->now.too_large) {
        return fail_at(p, p->now.line, error, "this number is too large");
    }
    *ret = p->now.number;
    take(p);
    return true;
}

/* Relative names start at the file's directory. */
static bool take_path(Parser *p, char **ret, GError **error)
{
    if (!take_string(p, ret, error)) {
        return false;
    }
    if (**ret && !g_path_is_absolute(*ret) && strcmp(*ret, "-") != 0) {
        g_autofree char *directory = g_path_get_dirname(p->file);
        g_autofree char *relative = *ret;
        *ret = g_build_filename(directory, relative, NULL);
    }
    return true;
}

/* One or more strings, behind those that are there. */
static bool take_list(Parser *p, char ***ret, GError **error)
{
    g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(g_free);
    for (char **old = *ret; old && *old; old++) {
        g_ptr_array_add(list, g_strdup(*old));
    }
    do {
        char *text = NULL;
        if (!take_string(p, &text, error)) {
            return false;
        }
        g_ptr_array_add(list, text);
    } while (p->now.kind == FETCHMAIL_STRING);
    g_ptr_array_add(list, NULL);
    g_strfreev(*ret);
    *ret = (char **)g_ptr_array_steal(list, NULL);
    return true;
}

static bool take_numbers(Parser *p, GArray **ret, GError **error)
{
    if (!*ret) {
        *ret = g_array_new(FALSE, FALSE, sizeof(int));
    }
    do {
        int number;
        if (!take_number(p, &number, error)) {
            return false;
        }
        g_array_append_val(*ret, number);
    } while (p->now.kind == FETCHMAIL_NUMBER);
    return true;
}

static bool take_secret(Parser *p, Secret **ret, GError **error)
{
    if (p->now.kind != FETCHMAIL_STRING) {
        return fail_syntax(p, error, "a password");
    }
    secret_free(*ret);
    *ret = fetchmail_token_secret(&p->now);
    take(p);
    p->after_secret = true;
    return true;
}

/* A word of the given kind; its canonical form is the value. */
static bool take_choice(Parser *p, FetchmailWordKind kind, const char **ret, const char *expected,
                        GError **error)
{
    bool negated;
    const FetchmailWord *word = p->now.word;
    if (p->now.kind == FETCHMAIL_STRING) { /* a later fetchmail's mechanism */
        word = fetchmail_word_find_lenient(p->now.raw, &negated);
    }
    bool is_password = word && kind == WORD_AUTH_NAME && strcmp(word->word, "password") == 0;
    if (!word || (word->kind != kind && !is_password)) {
        return fail_syntax(p, error, expected);
    }
    *ret = fetchmail_word_canonical(word);
    take(p);
    return true;
}

static bool take_service(Parser *p, char **ret, GError **error)
{
    if (p->now.kind != FETCHMAIL_NUMBER) {
        return take_string(p, ret, error);
    }
    int number = 0;
    if (!take_number(p, &number, error)) {
        return false;
    }
    g_free(*ret);
    *ret = g_strdup_printf("%d", number);
    return true;
}

static bool take_envelope(Parser *p, FetchmailServer *server, GError **error)
{
    server->envskip = 0;
    server->no_envelope = 0;
    return (p->now.kind != FETCHMAIL_NUMBER || take_number(p, &server->envskip, error)) &&
           take_string(p, &server->envelope, error);
}

static bool take_bad_header(Parser *p, int *ret, GError **error)
{
    if (!is_word(p, WORD_ACCEPT) && !is_word(p, WORD_REJECT)) {
        return fail_syntax(p, error, "accept or reject behind bad-header");
    }
    *ret = is_word(p, WORD_ACCEPT);
    take(p);
    return true;
}

/* What stands behind an option's word. */
static bool take_value(Parser *p, const FetchmailWord *w, void *slot, GError **error)
{
    switch (w->kind) {
    case WORD_NUMBER:
        return take_number(p, slot, error);
    case WORD_NUMBERS:
        return take_numbers(p, slot, error);
    case WORD_STRING:
        return take_string(p, slot, error);
    case WORD_PATH:
        return take_path(p, slot, error);
    case WORD_LIST:
        return take_list(p, slot, error);
    case WORD_SECRET:
        return take_secret(p, slot, error);
    case WORD_SERVICE:
        return take_service(p, slot, error);
    case WORD_ENVELOPE:
        return take_envelope(p, p->server, error);
    case WORD_BAD_HEADER:
        return take_bad_header(p, slot, error);
    case WORD_PROTOCOL:
        return take_choice(p, WORD_PROTOCOL_NAME, slot,
                           "a protocol in lower or upper case (pop3, imap, auto ...)", error);
    case WORD_AUTH:
        return take_choice(p, WORD_AUTH_NAME, slot,
                           "a way to log in (any, password, cram-md5, gssapi ...)", error);
    default:
        return true;
    }
}

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

/* One option, whose word is `now`. `negated`: behind "no", or glued to it. */
static bool take_option(Parser *p, const FetchmailWord *w, bool negated, GError **error)
{
    unsigned line = p->now.line;
    void *slot = (char *)block_of(p, w->scope) + w->offset;
    if (negated && w->kind != WORD_FLAG && w->kind != WORD_ENVELOPE) {
        return fail_syntax(p, error, "an option that can be turned off behind \"no\"");
    }
    g_hash_table_insert(lines_of(p, w->scope), (char *)fetchmail_word_canonical(w),
                        GUINT_TO_POINTER(line));
    take(p);
    if (w->kind == WORD_FLAG) {
        *(int *)slot = !negated;
        return true;
    }
    if (negated) {
        g_clear_pointer(&p->server->envelope, g_free);
        p->server->no_envelope = 1;
        return true;
    }
    return take_value(p, w, slot, error);
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

/* Takes a "no" and looks at what follows. */
static const FetchmailWord *next_option(Parser *p, bool *negated)
{
    bool no = is_word(p, WORD_NO);
    if (no) {
        take(p);
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
        if (!take_string(p, &name, error)) {
            return false;
        }
        FetchmailMapping *mapping = mapping_new(name, NULL);
        g_ptr_array_add(to, mapping);
        if (p->now.kind == FETCHMAIL_EQUALS) {
            take(p);
            if (!take_string(p, &mapping->local, error)) {
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
        return fail_syntax(p, error, "`here` behind local names");
    }
    g_autofree char *words = g_strdup_printf(
        "expected an option behind the user's name, not %s; did you mean %s?", word, near);
    return fail_at(p, line, error, words);
}

/* `user NAME [there]`, or local names first: `user NAME... here`. */
static bool take_user(Parser *p, GError **error)
{
    unsigned line = p->now.line;
    g_autoptr(GPtrArray) names = mappings_new();
    if (p->user && p->implied) {
        return fail_at(p, line, error,
                       "options of a user stand before `user`: name the user first, behind the "
                       "server's options");
    }
    take(p);
    if (!take_mappings(p, names, error)) {
        return false;
    }
    FetchmailUser *user = add_user(p, line);
    if (is_word(p, WORD_HERE)) {
        add_local(user, names);
        take(p);
        return true;
    }
    if (!is_single(names)) {
        return fail_names(p, line, names, error);
    }
    set_remote(user, names);
    if (is_word(p, WORD_THERE)) {
        take(p);
    }
    return true;
}

/* `is NAME... [here]`, `to NAME... [here]`, `is NAME there`. */
static bool take_is(Parser *p, GError **error)
{
    bool is = is_word(p, WORD_IS);
    g_autoptr(GPtrArray) names = mappings_new();
    take(p);
    if (!take_mappings(p, names, error)) {
        return false;
    }
    if (is && is_word(p, WORD_THERE) && is_single(names)) {
        set_remote(p->user, names);
        take(p);
        return true;
    }
    add_local(p->user, names);
    if (is_word(p, WORD_HERE)) {
        take(p);
    }
    return true;
}

static bool fail_server_option(const Parser *p, const FetchmailWord *w, GError **error)
{
    g_autofree char *words = g_strdup_printf(
        "the server option %s stands behind a user's options: move it before the first of those "
        "(before `user`)",
        w->word);
    return fail_at(p, p->now.line, error, words);
}

static bool fail_unknown(const Parser *p, GError **error)
{
    if (p->after_secret || p->now.kind != FETCHMAIL_STRING || p->now.raw.len > 40) {
        return fail_syntax(p, error, "an option");
    }
    g_autofree char *word = escape_line_max(p->now.raw, 40);
    const char *near = nearest_option(word);
    g_autofree char *words =
        near ? g_strdup_printf("expected an option, not %s; did you mean %s?", word, near)
             : g_strdup_printf("expected an option, not %s", word);
    return fail_at(p, p->now.line, error, words);
}

static bool take_entry_option(Parser *p, GError **error)
{
    bool negated;
    const FetchmailWord *w = next_option(p, &negated);
    if (!w || w->scope == SCOPE_SET) {
        return fail_unknown(p, error);
    }
    if (w->scope == SCOPE_SERVER && p->user) {
        return fail_server_option(p, w, error);
    }
    if (w->scope == SCOPE_USER && !p->user) {
        p->implied = true;
        add_user(p, p->now.line);
    }
    return take_option(p, w, negated, error);
}

/* One element of an entry behind its name. */
static bool take_entry_part(Parser *p, GError **error)
{
    if (is_word(p, WORD_USER)) {
        return take_user(p, error);
    }
    if (is_word(p, WORD_IS) || is_word(p, WORD_TO)) {
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
    return p->now.kind == FETCHMAIL_END || is_word(p, WORD_POLL) || is_word(p, WORD_SKIP) ||
           is_word(p, WORD_DEFAULTS) || is_word(p, WORD_SET);
}

static bool take_entry(Parser *p, GError **error)
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

static bool take_defaults(Parser *p, GError **error)
{
    unsigned line = p->now.line;
    if (p->defaults || p->rc->servers->len > 0) {
        return fail_at(p, line, error,
                       "`defaults` stands once, before all servers: join them, or move it up");
    }
    take(p);
    p->server = p->defaults = fetchmail_server_new();
    p->server->line = line;
    if (!take_entry(p, error)) {
        return false;
    }
    return p->defaults->users->len <= 1 ||
           fail_at(p, line, error, "`defaults` can name one user only");
}

static bool take_server(Parser *p, GError **error)
{
    p->blocks++;
    p->server = fetchmail_server_new();
    g_ptr_array_add(p->rc->servers, p->server);
    p->server->line = p->now.line;
    p->server->active = is_word(p, WORD_POLL);
    take(p);
    return take_string(p, &p->server->name, error) && take_entry(p, error);
}

/* `set [no] OPTION [=] VALUE`; the "=" only where text follows. */
static bool take_set(Parser *p, GError **error)
{
    take(p);
    bool negated;
    const FetchmailWord *w = next_option(p, &negated);
    if (w && strcmp(w->word, "properties") == 0 && !negated) {
        take(p);
        if (p->now.kind == FETCHMAIL_EQUALS) {
            take(p);
        }
        return take_string(p, &p->rc->properties, error);
    }
    if (!w || w->scope != SCOPE_SET) {
        return fail_syntax(p, error, "an option of `set` (daemon, syslog, postmaster ...)");
    }
    bool takes_text = w->kind == WORD_PATH || w->kind == WORD_STRING;
    FetchmailTokens after = p->tokens;
    if (takes_text && fetchmail_token_next(&after).kind == FETCHMAIL_EQUALS) {
        p->tokens = after;
    }
    return take_option(p, w, negated, error);
}

static bool take_statement(Parser *p, GError **error)
{
    if (is_word(p, WORD_SET)) {
        return take_set(p, error);
    }
    if (is_word(p, WORD_DEFAULTS)) {
        return take_defaults(p, error);
    }
    if (is_word(p, WORD_POLL) || is_word(p, WORD_SKIP)) {
        return take_server(p, error);
    }
    return fail_syntax(p, error, "set, defaults, poll or skip");
}

static bool check_size(const Parser *p, GError **error)
{
    return p->blocks <= BLOCKS_MAX ||
           error_fail(error, POSTERN_ERROR_LIMIT, "%s has more than %d servers and users", p->file,
                      BLOCKS_MAX);
}

static void finish_user(FetchmailUser *user, const FetchmailUser *defaults, const char *caller)
{
    fetchmail_user_inherit(user, defaults);
    fetchmail_fill(user, SCOPE_USER);
    if (user->stripcr == FETCHMAIL_UNSET) {
        user->stripcr = user->mda != NULL;
    }
    if (!user->remote) {
        user->remote = g_strdup(caller);
    }
    if (!user->smtphost) {
        user->smtphost = g_strsplit("localhost", ",", -1);
    }
}

static void finish_server(FetchmailServer *server, const FetchmailServer *defaults,
                          const char *caller)
{
    const FetchmailUser *user_defaults =
        defaults && defaults->users->len > 0 ? g_ptr_array_index(defaults->users, 0) : NULL;
    fetchmail_server_inherit(server, defaults);
    fetchmail_fill(server, SCOPE_SERVER);
    if (!server->envelope && !server->no_envelope) {
        server->envelope = g_strdup("Received");
    }
    server->protocol = server->protocol ? server->protocol : "auto";
    server->auth = server->auth ? server->auth : "any";
    if (server->users->len == 0) {
        FetchmailUser *user = fetchmail_user_new();
        user->line = server->line;
        g_ptr_array_add(server->users, user);
    }
    for (guint i = 0; i < server->users->len; i++) {
        finish_user(g_ptr_array_index(server->users, i), user_defaults, caller);
    }
}

FetchmailRc *fetchmailrc_parse(Bytes text, const char *file, const char *caller, GError **error)
{
    if (text.len > FETCHMAILRC_MAX) {
        error_fail(error, POSTERN_ERROR_LIMIT, "%s is longer than %d bytes", file, FETCHMAILRC_MAX);
        return NULL;
    }
    g_autoptr(FetchmailRc) rc = g_new0(FetchmailRc, 1);
    fetchmail_block_init(rc, SCOPE_SET);
    rc->file = g_strdup(file);
    rc->lines = g_hash_table_new(g_str_hash, g_str_equal);
    rc->servers = g_ptr_array_new_with_free_func((GDestroyNotify)fetchmail_server_free);
    Parser p = {.tokens = {.rest = text, .line = 1}, .file = file, .rc = rc};
    bool good = true;
    for (take(&p); good && p.now.kind != FETCHMAIL_END;) {
        good = take_statement(&p, error) && check_size(&p, error);
    }
    g_autoptr(FetchmailServer) defaults = p.defaults;
    if (!good) {
        return NULL;
    }
    fetchmail_fill(rc, SCOPE_SET);
    for (guint i = 0; i < rc->servers->len; i++) {
        finish_server(g_ptr_array_index(rc->servers, i), defaults, caller);
    }
    return g_steal_pointer(&rc);
}
