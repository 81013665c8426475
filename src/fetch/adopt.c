#include "fetch/adopt.h"

#include <string.h>

#define IDS_MAX 1000000
#define ID_MAX 1024 /* RFC 1939 says 70; servers say more */

typedef struct {
    GPtrArray *lists;
    AdoptList *now; /* mpop: the list its lines go into; not its own */
    unsigned line, ids;
} Reader;

static const char *const names[] = {"fetchmail", "getmail", "mpop", "fdm"};

bool adopt_kind_parse(const char *word, AdoptKind *ret)
{
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        if (strcmp(word, names[i]) == 0) {
            *ret = (AdoptKind)i;
            return true;
        }
    }
    return false;
}

static void list_free(void *data)
{
    AdoptList *list = data;
    g_free(list->user);
    g_free(list->host);
    g_hash_table_unref(list->uidls);
    g_free(list);
}

static bool fail(const Reader *r, GError **error, const char *words)
{
    return error_fail(error, POSTERN_ERROR_DATA, "line %u: %s", r->line, words);
}

static bool same(const char *a, Bytes b)
{
    return a && bytes_equal(b, bytes_of(a));
}

/* Finds or makes the list of a maildrop; without a user it is the one for all. */
static AdoptList *list_of(Reader *r, Bytes user, Bytes host)
{
    /* Lines of one maildrop stand together. */
    if (r->now && same(r->now->user, user) && same(r->now->host, host)) {
        return r->now;
    }
    for (guint i = 0; i < r->lists->len; i++) {
        AdoptList *list = g_ptr_array_index(r->lists, i);
        if ((!list->user && user.len == 0) || (same(list->user, user) && same(list->host, host))) {
            return r->now = list;
        }
    }
    AdoptList *list = g_new0(AdoptList, 1);
    list->user = user.len > 0 ? bytes_dup(user) : NULL;
    list->host = host.len > 0 ? bytes_dup(host) : NULL;
    list->uidls = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_ptr_array_add(r->lists, list);
    return r->now = list;
}

static bool add(Reader *r, AdoptList *list, Bytes id, GError **error)
{
    if (id.len == 0 || id.len > ID_MAX || bytes_index(id, '\0') >= 0) {
        return fail(r, error, "this is no id of a message");
    }
    if (++r->ids > IDS_MAX) {
        return error_fail(error, POSTERN_ERROR_LIMIT, "more than %d ids", IDS_MAX);
    }
    g_hash_table_add(list->uidls, bytes_dup(id));
    return true;
}

/* "USER@HOST ID"; an @ may be in the user, and blanks in neither. */
static bool read_fetchmail(Reader *r, Bytes line, GError **error)
{
    gssize blank = bytes_index(line, ' ');
    size_t at = blank < 0 ? 0 : (size_t)blank;
    while (at > 0 && line.data[at - 1] != '@') {
        at--;
    }
    if (at < 2) {
        return fail(r, error, "expected USER@HOST ID, as fetchmail writes it");
    }
    Bytes user = bytes_sub(line, 0, at - 1);
    Bytes host = bytes_sub(line, at, (size_t)blank - at);
    return add(r, list_of(r, user, host), bytes_trim(bytes_sub(line, (size_t)blank, line.len)),
               error);
}

/* "ID NUL TIME"; of IMAP the id is UIDVALIDITY/UID. */
static bool read_getmail(Reader *r, Bytes line, GError **error)
{
    gssize nul = bytes_index(line, '\0');
    if (nul <= 0) {
        return fail(r, error, "expected an id, a NUL and a time, as getmail writes it");
    }
    return add(r, list_of(r, BYTES_NONE, BYTES_NONE), bytes_sub(line, 0, (size_t)nul), error);
}

/* " COUNT HOST USER" begins a list of ids. */
static bool read_mpop(Reader *r, Bytes line, GError **error)
{
    if (line.data[0] == '#') {
        return true;
    }
    if (line.data[0] != ' ') {
        return r->now ? add(r, r->now, line, error)
                      : fail(r, error, "an id stands before any list, unlike in mpop's files");
    }
    Bytes rest = bytes_trim(line);
    Bytes count = bytes_word(&rest);
    Bytes host = bytes_word(&rest);
    uint64_t number;
    if (!bytes_number(count, UINT32_MAX, &number) || host.len == 0 || rest.len == 0) {
        return fail(r, error, "expected a number, a host and a user, as mpop writes it");
    }
    list_of(r, rest, host);
    return true;
}

/* "LENGTH ID". */
static bool read_fdm(Reader *r, Bytes line, GError **error)
{
    Bytes rest = line;
    Bytes length = bytes_word(&rest);
    uint64_t number;
    if (!bytes_number(length, ID_MAX, &number) || number != rest.len) {
        return fail(r, error, "expected an id and its length, as fdm writes it");
    }
    return add(r, list_of(r, BYTES_NONE, BYTES_NONE), rest, error);
}

GPtrArray *adopt_parse(AdoptKind kind, Bytes text, GError **error)
{
    static bool (*const readers[])(Reader * r, Bytes line, GError * *error) = {
        read_fetchmail, read_getmail, read_mpop, read_fdm};
    g_autoptr(GPtrArray) lists = g_ptr_array_new_with_free_func(list_free);
    Reader r = {.lists = lists};
    bool good = true;
    while (good && text.len > 0) {
        gssize end = bytes_index(text, '\n');
        size_t len = end < 0 ? text.len : (size_t)end;
        Bytes line = bytes_sub(text, 0, len);
        r.line++;
        good = line.len == 0 || readers[kind](&r, line, error);
        text = bytes_sub(text, len + 1, text.len);
    }
    return good ? g_steal_pointer(&lists) : NULL;
}

bool adopt_kind_guess(const char *path, Bytes text, AdoptKind *ret)
{
    g_autofree char *base = g_path_get_basename(path);
    g_autoptr(GPtrArray) lists = NULL;
    if (g_str_has_prefix(base, "oldmail-")) {
        *ret = ADOPT_GETMAIL;
        return true;
    }
    if (strstr(base, "fetchids")) {
        *ret = ADOPT_FETCHMAIL;
        return true;
    }
    gssize end = bytes_index(text, '\n');
    Bytes first = end < 0 ? text : bytes_sub(text, 0, (size_t)end);
    if (bytes_starts(text, "# This file was generated by mpop")) {
        *ret = ADOPT_MPOP;
        return true;
    }
    for (AdoptKind kind = ADOPT_FETCHMAIL; first.len > 0 && kind <= ADOPT_FDM; kind++) {
        g_clear_pointer(&lists, g_ptr_array_unref);
        lists = adopt_parse(kind, first, NULL);
        if (lists) {
            *ret = kind;
            return true;
        }
    }
    return false;
}

const AdoptList *adopt_find(const GPtrArray *lists, const char *user, const char *host)
{
    const AdoptList *any = NULL;
    for (guint i = 0; i < lists->len; i++) {
        const AdoptList *list = g_ptr_array_index(lists, i);
        if (!list->user) {
            any = list;
        } else if (strcmp(list->user, user) == 0 && list->host &&
                   g_ascii_strcasecmp(list->host, host) == 0) {
            return list;
        }
    }
    return any;
}
