/* imap_search_args.c: the keys of SEARCH. */
#include "server/imap_search_args.h"

#include <string.h>

typedef struct {
    Bytes in;
    uint32_t exists, last_uid;
    unsigned depth, keys;
} Reader;

static void key_free(gpointer data)
{
    ImapSearchKey *key = data;
    if (key) {
        g_clear_pointer(&key->children, g_ptr_array_unref);
        g_clear_pointer(&key->set, imap_set_free);
        g_free(key->field);
        g_free(key->text);
        g_free(key);
    }
}

typedef enum { ARG_NONE, ARG_TEXT, ARG_FIELD, ARG_KEYWORD, ARG_DATE, ARG_SIZE, ARG_UIDS } Argument;

/* One row a key: what it is, what it takes, and what else it means. */
typedef struct {
    const char *name;
    ImapSearchKind kind;
    Argument argument;
    bool negated;
    const char *field;
} KeyRow;

static const KeyRow rows[] = {
    {"ALL", IMAP_SEARCH_AND},
    {"ANSWERED", IMAP_SEARCH_ANSWERED},
    {"BCC", IMAP_SEARCH_HEADER, ARG_TEXT, false, "Bcc"},
    {"BEFORE", IMAP_SEARCH_BEFORE, ARG_DATE},
    {"BODY", IMAP_SEARCH_BODY, ARG_TEXT},
    {"CC", IMAP_SEARCH_HEADER, ARG_TEXT, false, "Cc"},
    {"DELETED", IMAP_SEARCH_DELETED},
    {"DRAFT", IMAP_SEARCH_DRAFT},
    {"FLAGGED", IMAP_SEARCH_FLAGGED},
    {"FROM", IMAP_SEARCH_HEADER, ARG_TEXT, false, "From"},
    {"HEADER", IMAP_SEARCH_HEADER, ARG_FIELD},
    {"KEYWORD", IMAP_SEARCH_KEYWORD, ARG_KEYWORD},
    {"LARGER", IMAP_SEARCH_LARGER, ARG_SIZE},
    {"NEW", IMAP_SEARCH_NEW},
    {"OLD", IMAP_SEARCH_RECENT, ARG_NONE, true},
    {"ON", IMAP_SEARCH_ON, ARG_DATE},
    {"RECENT", IMAP_SEARCH_RECENT},
    {"SEEN", IMAP_SEARCH_SEEN},
    {"SENTBEFORE", IMAP_SEARCH_SENTBEFORE, ARG_DATE},
    {"SENTON", IMAP_SEARCH_SENTON, ARG_DATE},
    {"SENTSINCE", IMAP_SEARCH_SENTSINCE, ARG_DATE},
    {"SINCE", IMAP_SEARCH_SINCE, ARG_DATE},
    {"SMALLER", IMAP_SEARCH_SMALLER, ARG_SIZE},
    {"SUBJECT", IMAP_SEARCH_HEADER, ARG_TEXT, false, "Subject"},
    {"TEXT", IMAP_SEARCH_TEXT, ARG_TEXT},
    {"TO", IMAP_SEARCH_HEADER, ARG_TEXT, false, "To"},
    {"UID", IMAP_SEARCH_UIDS, ARG_UIDS},
    {"UNANSWERED", IMAP_SEARCH_ANSWERED, ARG_NONE, true},
    {"UNDELETED", IMAP_SEARCH_DELETED, ARG_NONE, true},
    {"UNDRAFT", IMAP_SEARCH_DRAFT, ARG_NONE, true},
    {"UNFLAGGED", IMAP_SEARCH_FLAGGED, ARG_NONE, true},
    {"UNKEYWORD", IMAP_SEARCH_KEYWORD, ARG_KEYWORD, true},
    {"UNSEEN", IMAP_SEARCH_SEEN, ARG_NONE, true},
};

/* --- arguments --- */

static bool read_text(Reader *r, ImapSearchKey *key)
{
    g_autofree char *text = imap_scan_astring(&r->in, true);
    if (!text || !g_utf8_validate(text, -1, NULL)) {
        return false;
    }
    key->text = g_utf8_casefold(text, -1);
    return true;
}

static bool read_argument(Reader *r, Argument argument, ImapSearchKey *key)
{
    Bytes atom;
    if (argument != ARG_NONE && !imap_scan_space(&r->in)) {
        return false;
    }
    switch (argument) {
    case ARG_NONE:
        return true;
    case ARG_TEXT:
        return read_text(r, key);
    case ARG_FIELD:
        key->field = imap_scan_astring(&r->in, false);
        return key->field && imap_scan_space(&r->in) && read_text(r, key);
    case ARG_KEYWORD:
        if (!imap_scan_atom(&r->in, &atom)) {
            return false;
        }
        key->text = bytes_dup(atom);
        return true;
    case ARG_DATE:
        return imap_scan_date(&r->in, &key->date);
    case ARG_SIZE:
        return imap_scan_number(&r->in, G_MAXUINT32, &key->octets);
    case ARG_UIDS:
        key->set = imap_set_new();
        return imap_scan_set(&r->in, r->last_uid, key->set);
    }
    return false;
}

/* --- keys --- */

static ImapSearchKey *read_key(Reader *r);

static ImapSearchKey *key_new(ImapSearchKind kind)
{
    ImapSearchKey *key = g_new0(ImapSearchKey, 1);
    key->kind = kind;
    return key;
}

/* n keys that each stand behind a blank; n 0: all up to where no blank is, the first without one.
 */
static bool read_children(Reader *r, ImapSearchKey *parent, unsigned n)
{
    parent->children = g_ptr_array_new_with_free_func(key_free);
    for (unsigned i = 0; n == 0 || i < n; i++) {
        if ((n || i) && !imap_scan_space(&r->in)) {
            return n == 0;
        }
        ImapSearchKey *child = read_key(r);
        if (!child) {
            return false;
        }
        g_ptr_array_add(parent->children, child);
    }
    return true;
}

static ImapSearchKey *finish(ImapSearchKey *key, bool good)
{
    if (!good) {
        g_clear_pointer(&key, key_free);
    }
    return key;
}

static ImapSearchKey *negate(ImapSearchKey *key)
{
    ImapSearchKey *outer = key_new(IMAP_SEARCH_NOT);
    outer->children = g_ptr_array_new_with_free_func(key_free);
    g_ptr_array_add(outer->children, key);
    return outer;
}

static ImapSearchKey *read_named(Reader *r)
{
    Bytes name;
    if (!imap_scan_atom(&r->in, &name)) {
        return NULL;
    }
    if (bytes_equal_ci(name, "NOT") || bytes_equal_ci(name, "OR")) {
        bool or = name.len == 2;
        ImapSearchKey *key = key_new(or ? IMAP_SEARCH_OR : IMAP_SEARCH_NOT);
        return finish(key, read_children(r, key, or ? 2 : 1));
    }
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (bytes_equal_ci(name, rows[i].name)) {
            ImapSearchKey *key = key_new(rows[i].kind);
            key->field = g_strdup(rows[i].field);
            key = finish(key, read_argument(r, rows[i].argument, key));
            return key && rows[i].negated ? negate(key) : key;
        }
    }
    return NULL;
}

static ImapSearchKey *read_any(Reader *r)
{
    char first = r->in.len ? r->in.data[0] : '\0';
    if (imap_scan_char(&r->in, '(')) {
        ImapSearchKey *key = key_new(IMAP_SEARCH_AND);
        return finish(key, read_children(r, key, 0) && imap_scan_char(&r->in, ')'));
    }
    if (first == '*' || g_ascii_isdigit(first)) {
        ImapSearchKey *key = key_new(IMAP_SEARCH_NUMBERS);
        key->set = imap_set_new();
        return finish(key, imap_scan_set(&r->in, r->exists, key->set));
    }
    return read_named(r);
}

static ImapSearchKey *read_key(Reader *r)
{
    if (r->depth >= IMAP_SEARCH_DEPTH || ++r->keys > IMAP_SEARCH_KEYS) {
        return NULL;
    }
    r->depth++;
    ImapSearchKey *key = read_any(r);
    r->depth--;
    return key;
}

/* --- the whole --- */

static bool read_return(Bytes *in, ImapSearch *ret)
{
    const struct {
        const char *word;
        bool *place;
    } options[] = {
        {"MIN", &ret->min}, {"MAX", &ret->max}, {"ALL", &ret->all}, {"COUNT", &ret->count}};
    ret->extended = true;
    if (!imap_scan_space(in) || !imap_scan_char(in, '(')) {
        return false;
    }
    bool any = !imap_scan_char(in, ')');
    while (any) {
        bool known = false;
        for (size_t i = 0; i < G_N_ELEMENTS(options) && !known; i++) {
            known = imap_scan_word(in, options[i].word);
            *options[i].place = *options[i].place || known;
        }
        if (!known) {
            return false;
        }
        any = imap_scan_space(in);
        if (!any && !imap_scan_char(in, ')')) {
            return false;
        }
    }
    ret->all = ret->all || !(ret->min || ret->max || ret->count);
    return imap_scan_space(in);
}

static bool read_charset(Bytes *in, ImapSearch *ret)
{
    g_autofree char *charset = imap_scan_space(in) ? imap_scan_astring(in, false) : NULL;
    if (!charset) {
        return false;
    }
    ret->bad_charset =
        g_ascii_strcasecmp(charset, "UTF-8") != 0 && g_ascii_strcasecmp(charset, "US-ASCII") != 0;
    return imap_scan_space(in);
}

bool imap_parse_search(Bytes args, uint32_t exists, uint32_t last_uid, ImapSearch *ret)
{
    *ret = (ImapSearch){0};
    Reader r = {args, exists, last_uid, 0, 0};
    if ((imap_scan_word(&r.in, "RETURN") && !read_return(&r.in, ret)) ||
        (imap_scan_word(&r.in, "CHARSET") && !read_charset(&r.in, ret))) {
        return false;
    }
    if (ret->bad_charset) {
        return true;
    }
    ret->key = key_new(IMAP_SEARCH_AND);
    if (read_children(&r, ret->key, 0) && r.in.len == 0) {
        return true;
    }
    imap_search_clear(ret);
    return false;
}

void imap_search_clear(ImapSearch *search)
{
    g_clear_pointer(&search->key, key_free);
}
