/* pop3_source.c: a POP3 maildrop as a source (RFC 1939, 2449): listing, removing, the end. */
#include "fetch/pop3_source.h"

#include <string.h>

#include "base/digest.h"
#include "base/escape.h"
#include "proto/pop3_list.h"

enum { MISFITS_MAX = 1000, DELETE_WINDOW = 100, DIGEST_STEP = 4096 };

char *pop3_source_words(Session *s)
{
    return escape_line_max(bytes_trim(wire_last_raw(s->wire)), SOURCE_WORDS_MAX);
}

/* --- one list --- */

typedef struct {
    const char *command;
    SourceListing *listing;
    bool (*take)(SourceListing *listing, uint32_t number, Bytes rest, GError **error);
} List;

static bool misfit(Session *s, const List *list, unsigned *count, GError **error)
{
    if (++*count > MISFITS_MAX) {
        g_autofree char *words = pop3_source_words(s);
        return error_fail(error, POSTERN_ERROR_PROTOCOL,
                          "the server's answer to %s is no list: \"%s\"", list->command, words);
    }
    return true;
}

static bool read_lines(Session *s, const List *list, GError **error)
{
    Bytes line, rest;
    uint32_t number;
    unsigned misfits = 0;
    while (wire_line(s->wire, &line, error)) {
        wire_acknowledge(s->wire); /* a long list comes in small records */
        if (!pop3_body_line(&line)) {
            return true;
        }
        bool fits = pop3_list_line(line, &number, &rest);
        if (fits ? !list->take(list->listing, number, rest, error)
                 : !misfit(s, list, &misfits, error)) {
            return false;
        }
    }
    return false;
}

/* *refused when the server has no such list. Suspends. */
static bool read_list(Session *s, const List *list, bool *refused, GError **error)
{
    Pop3Line reply;
    *refused = false;
    if (!pop3_reply(s, &reply, error)) {
        return false;
    }
    if (reply.status == POP3_OK) {
        return read_lines(s, list, error);
    }
    *refused = true;
    if (!pop3_code_temporary(reply.code)) {
        return true;
    }
    g_autofree char *words = pop3_source_words(s);
    return error_fail(error, POSTERN_ERROR_TEMPFAIL, "%s: the server says \"%s\"", list->command,
                      words);
}

static bool take_uidl(SourceListing *listing, uint32_t number, Bytes rest, GError **error)
{
    Bytes uidl;
    SourceMessage message = {.number = number};
    if (pop3_list_uidl(rest, &uidl)) {
        message.uidl = g_string_chunk_insert_len(listing->texts, uidl.data, (gssize)uidl.len);
    }
    return source_listing_add(listing, message, error);
}

static bool take_size(SourceListing *listing, uint32_t number, Bytes rest, GError **error)
{
    return source_listing_add(
        listing, (SourceMessage){.number = number, .size = pop3_list_size(rest)}, error);
}

/* --- bringing the lists together --- */

static int by_number(const void *a, const void *b)
{
    const SourceMessage *one = a, *other = b;
    return (one->number > other->number) - (one->number < other->number);
}

static SourceMessage *at(GArray *messages, guint i)
{
    return &g_array_index(messages, SourceMessage, i);
}

/* In the order of their numbers, each once: what a list says of a number first holds. */
static void set_in_order(GArray *messages)
{
    guint kept = 0;
    bool ordered = true;
    for (guint i = 1; i < messages->len && ordered; i++) {
        ordered = at(messages, i - 1)->number < at(messages, i)->number;
    }
    if (ordered) {
        return;
    }
    g_array_sort(messages, by_number); /* a stable sort */
    for (guint i = 0; i < messages->len; i++) {
        if (!kept || at(messages, kept - 1)->number != at(messages, i)->number) {
            *at(messages, kept++) = *at(messages, i);
        }
    }
    g_array_set_size(messages, kept);
}

/* Both lists tell of messages: one that only LIST has is there all the same. */
static bool merge(SourceListing *ids, const SourceListing *sizes, GError **error)
{
    guint known = ids->messages->len, i = 0;
    for (guint j = 0; j < sizes->messages->len; j++) {
        const SourceMessage *sized = at(sizes->messages, j);
        while (i < known && at(ids->messages, i)->number < sized->number) {
            i++;
        }
        if (i < known && at(ids->messages, i)->number == sized->number) {
            at(ids->messages, i)->size = sized->size;
        } else if (!source_listing_add(ids, *sized, error)) {
            return false;
        }
    }
    set_in_order(ids->messages);
    return true;
}

/* RFC 1939 lets a server give identical messages one id, and some give one to different ones. */
static void mark_ambiguous(GArray *messages)
{
    g_autoptr(GHashTable) first = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < messages->len; i++) {
        SourceMessage *message = at(messages, i);
        SourceMessage *other = message->uidl ? g_hash_table_lookup(first, message->uidl) : NULL;
        if (other) {
            message->ambiguous = other->ambiguous = true;
        } else if (message->uidl) {
            g_hash_table_insert(first, (char *)message->uidl, message);
        }
    }
}

/* --- the listing --- */

/* Numbers by STAT, for servers that refuse LIST (some do when there is nothing). Suspends. */
static bool number_by_stat(Session *s, SourceListing *listing, GError **error)
{
    Pop3Line reply;
    if (!wire_sendf(s->wire, error, "STAT") || !pop3_reply(s, &reply, error)) {
        return false;
    }
    uint64_t count = 0;
    Bytes rest = reply.text;
    if (reply.status != POP3_OK || !bytes_number(bytes_word(&rest), SOURCE_MESSAGES_MAX, &count)) {
        g_autofree char *words = pop3_source_words(s);
        return error_fail(error, POSTERN_ERROR_PROTOCOL,
                          "the server lists no messages, nor does it say how many there are: "
                          "\"%s\"",
                          words);
    }
    for (uint32_t i = 1; i <= count; i++) {
        if (!source_listing_add(listing, (SourceMessage){.number = i}, error)) {
            return false;
        }
    }
    return true;
}

typedef struct {
    SourceListing *ids, *sizes;
    bool has_ids;
    uint64_t count; /* as STAT says */
} Lists;

static bool read_ids(Session *s, Lists *lists, GError **error)
{
    bool refused = false;
    const List list = {"UIDL", lists->ids, take_uidl};
    bool ok = read_list(s, &list, &refused, error);
    lists->has_ids = !refused;
    return ok;
}

static bool read_sizes(Session *s, const Lists *lists, GError **error)
{
    bool refused = false;
    const List list = {"LIST", lists->sizes, take_size};
    return read_list(s, &list, &refused, error) &&
           (!refused || lists->has_ids || number_by_stat(s, lists->sizes, error));
}

/* Two commands, in one go where that is allowed. Suspends. */
static bool send_both(Pop3Source *p, const char *const *commands, GError **error)
{
    Wire *wire = p->base.session->wire;
    wire_hold(wire);
    return wire_sendf(wire, error, "%s", commands[0]) &&
           wire_sendf(wire, error, "%s", commands[1]) && wire_release(wire, error);
}

static bool ask_in_full(Pop3Source *p, Lists *lists, GError **error)
{
    static const char *const commands[] = {"UIDL", "LIST"};
    Session *s = p->base.session;
    if (p->pipelining) {
        return send_both(p, commands, error) && read_ids(s, lists, error) &&
               read_sizes(s, lists, error);
    }
    return wire_sendf(s->wire, error, "UIDL") && read_ids(s, lists, error) &&
           wire_sendf(s->wire, error, "LIST") && read_sizes(s, lists, error);
}

const char *const source_after_login[] = {"UIDL", "STAT", NULL};

static bool read_stat(Session *s, uint64_t *ret, GError **error)
{
    Pop3Line reply;
    if (!pop3_reply(s, &reply, error)) {
        return false;
    }
    Bytes rest = reply.text;
    if (reply.status != POP3_OK || !bytes_number(bytes_word(&rest), UINT64_MAX, ret)) {
        *ret = UINT64_MAX;
    }
    return true;
}

static bool has_double(GArray *messages)
{
    mark_ambiguous(messages);
    for (guint i = 0; i < messages->len; i++) {
        if (at(messages, i)->ambiguous || !at(messages, i)->uidl) {
            return true;
        }
    }
    return false;
}

/* Of the ids in their order, each with a line end behind it, which is in none. */
static void note_digest(SourceListing *listing)
{
    Digest *digest = digest_new(DIGEST_SHA256);
    g_autoptr(GString) some = g_string_sized_new(DIGEST_STEP + 128);
    uint8_t sum[DIGEST_MAX];
    bool known = true;
    for (guint i = 0; i < listing->messages->len && known; i++) {
        const char *uidl = at(listing->messages, i)->uidl;
        known = uidl != NULL;
        g_string_append(some, known ? uidl : "");
        g_string_append_c(some, '\n');
        if (some->len >= DIGEST_STEP) {
            digest_update(digest, bytes_of_string(some));
            g_string_truncate(some, 0);
        }
    }
    digest_update(digest, bytes_of_string(some));
    digest_finish(digest, sum);
    g_autofree char *hex = bytes_hex((Bytes){(const char *)sum, digest_size(DIGEST_SHA256)});
    g_strlcpy(listing->digest, known ? hex : "", sizeof listing->digest);
}

/* The ids alone tell all when there are as many as STAT says, each another. Else it takes LIST,
 * too. */
static bool ask_quickly(Pop3Source *p, Lists *lists, const char *known, GError **error)
{
    Session *s = p->base.session;
    if ((!p->asked && !send_both(p, source_after_login, error)) || !read_ids(s, lists, error) ||
        !read_stat(s, &lists->count, error)) {
        return false;
    }
    p->asked = false;
    set_in_order(lists->ids->messages);
    bool all = lists->has_ids && lists->count == lists->ids->messages->len;
    if (all) {
        note_digest(lists->ids);
    }
    lists->ids->unchanged = all && known && known[0] && !strcmp(known, lists->ids->digest);
    bool complete = lists->ids->unchanged || (all && !has_double(lists->ids->messages));
    return complete || (wire_sendf(s->wire, error, "LIST") && read_sizes(s, lists, error));
}

static SourceListing *pop3_list(Source *source, const SourceListPlan *plan, GError **error)
{
    Pop3Source *p = (Pop3Source *)source;
    g_autoptr(SourceListing) listing = source_listing_new("INBOX");
    g_autoptr(SourceListing) sizes = source_listing_new("INBOX");
    Lists lists = {.ids = listing, .sizes = sizes};
    bool quick = p->asked || (plan->ids_only && p->pipelining);
    if (!(quick ? ask_quickly(p, &lists, plan->known_digest, error)
                : ask_in_full(p, &lists, error))) {
        return NULL;
    }
    listing->has_uidl = lists.has_ids;
    if (listing->unchanged) {
        return g_steal_pointer(&listing);
    }
    set_in_order(listing->messages);
    set_in_order(sizes->messages);
    if (!merge(listing, sizes, error) || !pop3_source_identify(p, listing, error)) {
        return NULL;
    }
    mark_ambiguous(listing->messages);
    return g_steal_pointer(&listing);
}

/* The size of a message that is in the listing, which is in order; of others nothing is wanted. */
static bool put_size(SourceListing *listing, uint32_t number, Bytes rest, GError **error)
{
    (void)error;
    const SourceMessage wanted = {.number = number};
    guint i = 0;
    if (g_array_binary_search(listing->messages, &wanted, by_number, &i)) {
        at(listing->messages, i)->size = pop3_list_size(rest);
    }
    return true;
}

static bool pop3_sizes(Source *source, SourceListing *listing, GError **error)
{
    Session *s = source->session;
    bool refused = false;
    const List list = {"LIST", listing, put_size};
    return wire_sendf(s->wire, error, "LIST") && read_list(s, &list, &refused, error);
}

static GPtrArray *pop3_folders(Source *source, const char *const *patterns, GError **error)
{
    (void)source, (void)patterns, (void)error;
    GPtrArray *folders = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(folders, g_strdup("INBOX"));
    return folders;
}

/* --- removing, and the end --- */

static bool deleted_reply(Pop3Source *p, const SourceMessage *message, GError **refusal,
                          GError **error)
{
    Pop3Line reply;
    if (!pop3_reply(p->base.session, &reply, error)) {
        return false;
    }
    if (reply.status == POP3_OK) {
        g_hash_table_add(p->deleted, GUINT_TO_POINTER(message->number));
    } else if (!*refusal) {
        g_autofree char *words = pop3_source_words(p->base.session);
        bool later = pop3_code_temporary(reply.code);
        error_fail(refusal, later ? POSTERN_ERROR_TEMPFAIL : POSTERN_ERROR_UNAVAILABLE,
                   "message %u could not be removed: the server says \"%s\"", message->number,
                   words);
    }
    return true;
}

/* All answers are read before a refusal is told: the session stays usable. */
static bool delete_some(Pop3Source *p, const SourceMessage *const *messages, size_t n,
                        GError **refusal, GError **error)
{
    Session *s = p->base.session;
    wire_hold(s->wire);
    for (size_t i = 0; i < n; i++) {
        if (!wire_sendf(s->wire, error, "DELE %u", messages[i]->number)) {
            return false;
        }
    }
    if (!wire_release(s->wire, error)) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (!deleted_reply(p, messages[i], refusal, error)) {
            return false;
        }
    }
    return true;
}

static bool pop3_remove(Source *source, const SourceMessage *const *messages, size_t n,
                        bool *ret_only_marked, GError **error)
{
    (void)ret_only_marked;
    Pop3Source *p = (Pop3Source *)source;
    g_autoptr(GError) refusal = NULL;
    g_autoptr(GPtrArray) todo = g_ptr_array_new();
    for (size_t i = 0; i < n; i++) {
        if (!g_hash_table_contains(p->deleted, GUINT_TO_POINTER(messages[i]->number))) {
            g_ptr_array_add(todo, (void *)messages[i]);
        }
    }
    size_t step = p->pipelining ? DELETE_WINDOW : 1;
    for (size_t i = 0; i < todo->len; i += step) {
        if (!delete_some(p, (const SourceMessage *const *)todo->pdata + i, MIN(step, todo->len - i),
                         &refusal, error)) {
            return false;
        }
    }
    if (refusal) {
        g_propagate_error(error, g_steal_pointer(&refusal));
        return false;
    }
    return true;
}

/* What was marked is removed now (RFC 1939 6); only +OK says that all of it was. */
static bool pop3_finish(Source *source, GError **error)
{
    Pop3Source *p = (Pop3Source *)source;
    Session *s = source->session;
    Pop3Line reply;
    if (!wire_sendf(s->wire, error, "QUIT")) {
        return false;
    }
    if (p->pipelining && g_hash_table_size(p->deleted) == 0) {
        return true; /* nothing hangs on the answer */
    }
    if (!pop3_reply(s, &reply, error)) {
        return false;
    }
    if (reply.status == POP3_OK) {
        return true;
    }
    g_autofree char *words = pop3_source_words(s);
    return error_fail(error, POSTERN_ERROR_UNAVAILABLE,
                      "the server has not removed all that it was told to: \"%s\"", words);
}

static void pop3_release(Source *source)
{
    g_hash_table_unref(((Pop3Source *)source)->deleted);
}

static const SourceKind pop3_kind = {
    .folders = pop3_folders,
    .list = pop3_list,
    .sizes = pop3_sizes,
    .fetch = pop3_source_fetch,
    .remove = pop3_remove,
    .finish = pop3_finish,
    .release = pop3_release,
};

Source *pop3_source_open(Session *session, GError **error)
{
    (void)error;
    Pop3Source *p = g_new0(Pop3Source, 1);
    p->base = (Source){.kind = &pop3_kind, .session = session};
    p->pipelining = caps_has(session->caps, "PIPELINING");
    p->asked = session->after_login_sent;
    p->deleted = g_hash_table_new(NULL, NULL);
    return &p->base;
}
