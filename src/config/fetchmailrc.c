/* The statements of a file, and what an entry takes from `defaults` and from what is usual. */
#include "config/fetchmailrc.h"

#include <string.h>

#include "config/fetchmailrc_parser.h"

#define FETCHMAILRC_MAX (1024 * 1024)
#define BLOCKS_MAX 10000

static bool take_defaults(Parser *p, GError **error)
{
    unsigned line = p->now.line;
    if (p->defaults || p->rc->servers->len > 0) {
        return parser_fail(p, line, error,
                           "`defaults` stands once, before all servers: join them, or move it up");
    }
    parser_take(p);
    p->server = p->defaults = fetchmail_server_new();
    p->server->line = line;
    if (!parser_take_entry(p, error)) {
        return false;
    }
    return p->defaults->users->len <= 1 ||
           parser_fail(p, line, error, "`defaults` can name one user only");
}

static bool take_server(Parser *p, GError **error)
{
    p->blocks++;
    p->server = fetchmail_server_new();
    g_ptr_array_add(p->rc->servers, p->server);
    p->server->line = p->now.line;
    p->server->active = parser_at(p, WORD_POLL);
    parser_take(p);
    return parser_take_string(p, &p->server->name, error) && parser_take_entry(p, error);
}

/* `set [no] OPTION [=] VALUE`; the "=" only where text follows. */
static bool take_set(Parser *p, GError **error)
{
    parser_take(p);
    bool negated;
    const FetchmailWord *w = parser_next_option(p, &negated);
    if (w && strcmp(w->word, "properties") == 0 && !negated) {
        parser_take(p);
        if (p->now.kind == FETCHMAIL_EQUALS) {
            parser_take(p);
        }
        return parser_take_string(p, &p->rc->properties, error);
    }
    if (!w || w->scope != SCOPE_SET) {
        return parser_fail_syntax(p, error, "an option of `set` (daemon, syslog, postmaster ...)");
    }
    bool takes_text = w->kind == WORD_PATH || w->kind == WORD_STRING;
    FetchmailTokens after = p->tokens;
    if (takes_text && fetchmail_token_next(&after).kind == FETCHMAIL_EQUALS) {
        p->tokens = after;
    }
    return parser_take_option(p, w, negated, error);
}

static bool take_statement(Parser *p, GError **error)
{
    if (parser_at(p, WORD_SET)) {
        return take_set(p, error);
    }
    if (parser_at(p, WORD_DEFAULTS)) {
        return take_defaults(p, error);
    }
    if (parser_at(p, WORD_POLL) || parser_at(p, WORD_SKIP)) {
        return take_server(p, error);
    }
    return parser_fail_syntax(p, error, "set, defaults, poll or skip");
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
    for (parser_take(&p); good && p.now.kind != FETCHMAIL_END;) {
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
