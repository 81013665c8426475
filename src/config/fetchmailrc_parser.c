/* The parser's place in the tokens, what it says of a mistake, and the values behind options. */
#include "config/fetchmailrc_parser.h"

#include <string.h>

#include "base/escape.h"

void parser_take(Parser *p)
{
    p->last = p->now;
    p->now = fetchmail_token_next(&p->tokens);
}

bool parser_at(const Parser *p, FetchmailWordKind kind)
{
    return p->now.kind == FETCHMAIL_WORD && p->now.word->kind == kind;
}

bool parser_fail(const Parser *p, unsigned line, GError **error, const char *words)
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

bool parser_fail_syntax(const Parser *p, GError **error, const char *expected)
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
    return parser_fail(p, p->now.line, error, words);
}

bool parser_take_string(Parser *p, char **ret, GError **error)
{
    if (p->now.kind != FETCHMAIL_STRING) {
        g_autofree char *what = g_strdup_printf("some text behind \"%.*s\"", (int)p->last.raw.len,
                                                p->last.raw.data ? p->last.raw.data : "");
        return parser_fail_syntax(p, error, p->last.kind == FETCHMAIL_WORD ? what : "some text");
    }
    g_autofree char *text = fetchmail_token_string(&p->now);
    if (!text) {
        return parser_fail(p, p->now.line, error, "a NUL character cannot be in a name");
    }
    g_free(*ret);
    *ret = g_steal_pointer(&text);
    parser_take(p);
    return true;
}

static bool take_number(Parser *p, int *ret, GError **error)
{
    if (p->now.kind != FETCHMAIL_NUMBER) {
        return parser_fail_syntax(p, error, "a number (without quotes or a unit)");
    }
    if (p->now.too_large) {
        return parser_fail(p, p->now.line, error, "this number is too large");
    }
    *ret = p->now.number;
    parser_take(p);
    return true;
}

/* Relative names start at the file's directory. */
static bool take_path(Parser *p, char **ret, GError **error)
{
    if (!parser_take_string(p, ret, error)) {
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
        if (!parser_take_string(p, &text, error)) {
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
        return parser_fail_syntax(p, error, "a password");
    }
    secret_free(*ret);
    *ret = fetchmail_token_secret(&p->now);
    parser_take(p);
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
        return parser_fail_syntax(p, error, expected);
    }
    *ret = fetchmail_word_canonical(word);
    parser_take(p);
    return true;
}

static bool take_service(Parser *p, char **ret, GError **error)
{
    if (p->now.kind != FETCHMAIL_NUMBER) {
        return parser_take_string(p, ret, error);
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
           parser_take_string(p, &server->envelope, error);
}

static bool take_bad_header(Parser *p, int *ret, GError **error)
{
    if (!parser_at(p, WORD_ACCEPT) && !parser_at(p, WORD_REJECT)) {
        return parser_fail_syntax(p, error, "accept or reject behind bad-header");
    }
    *ret = parser_at(p, WORD_ACCEPT);
    parser_take(p);
    return true;
}

bool parser_take_value(Parser *p, const FetchmailWord *w, void *slot, GError **error)
{
    switch (w->kind) {
    case WORD_NUMBER:
        return take_number(p, slot, error);
    case WORD_NUMBERS:
        return take_numbers(p, slot, error);
    case WORD_STRING:
        return parser_take_string(p, slot, error);
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
