/* imap_source_fetch.c: messages out of an IMAP folder: UID FETCH of several at a time, several
 * commands under way within the window, bodies streamed as they come.
 *
 * What stayed open after its command was answered (a server that gave up in the middle, that puts
 * the UID behind the body, that refused one of several) is asked for once more, one at a time. */
#include <string.h>

#include "fetch/imap_source.h"

enum { COMMAND_COUNT = 50 };

typedef enum { OPEN, UNDER_WAY, DONE } State;

/* One command that has no answer yet: messages [from, to) of the round. */
typedef struct {
    ImapTag tag;
    size_t from, to;
} Asked;

struct ImapFetching {
    ImapSource *s;
    const SourceMessage *const *messages;
    size_t n, next;     /* next to be asked for */
    uint8_t *states;    /* of each message */
    GHashTable *by_uid; /* of those under way: UID -> index + 1 */
    GQueue *asked;      /* of Asked, oldest first */
    bool single;        /* a later round: one message a command */
    bool alone;         /* the last round: one command at a time, too */
    bool unclear;       /* a body came that could be told from no UID in front of it */
    bool header_only;
    SourceWindow window;
    const SourceSink *sink;
    size_t current; /* index + 1 of the message whose body came in the response under way */
    uint64_t octets;
};

/* --- asking --- */

static bool send_command(ImapFetching *f, Asked *asked, GError **error)
{
    ImapSource *s = f->s;
    g_autoptr(ImapSet) set = imap_set_new();
    for (size_t i = asked->from; i < asked->to; i++) {
        if (f->states[i] == UNDER_WAY) {
            imap_set_add(set, f->messages[i]->number);
        }
    }
    imap_set_tidy(set);
    size_t at = 0;
    g_autofree char *text = imap_set_text(set, &at, IMAP_COMMAND_MAX);
    asked->tag = imap_next_tag(s->base.session);
    return wire_sendf(s->wire, error, "%s UID FETCH %s (UID BODY.PEEK[%s])", asked->tag.text, text,
                      f->header_only ? "HEADER" : "");
}

static bool takes_more(const ImapFetching *f, const Asked *asked, size_t bytes)
{
    size_t count = asked->to - asked->from;
    if (f->next >= f->n || (count && (f->single || count >= COMMAND_COUNT))) {
        return false;
    }
    /* Several commands share the window: one that asked for all of it would leave a pause. */
    return source_window_open(&f->window, f->messages[f->next]->size) &&
           (!count || bytes < f->window.max_bytes / 4);
}

/* The next command, as far as the window lets it; none when there is nothing to ask. Suspends. */
static bool ask_some(ImapFetching *f, bool *ret_asked, GError **error)
{
    Asked asked = {.from = f->next, .to = f->next};
    size_t bytes = 0;
    *ret_asked = false;
    while (takes_more(f, &asked, bytes)) {
        const SourceMessage *message = f->messages[f->next];
        if (f->states[f->next] == OPEN) {
            f->states[f->next] = UNDER_WAY;
            g_hash_table_insert(f->by_uid, GUINT_TO_POINTER(message->number),
                                GSIZE_TO_POINTER(f->next + 1));
            source_window_add(&f->window, message->size);
            bytes += MIN(message->size, f->window.max_bytes);
            *ret_asked = true;
        } else if (!*ret_asked) {
            asked.from++;
        }
        asked.to = ++f->next;
    }
    if (!*ret_asked) {
        return true;
    }
    g_queue_push_tail(f->asked, g_memdup2(&asked, sizeof asked));
    return send_command(f, g_queue_peek_tail(f->asked), error);
}

static bool ask(ImapFetching *f, GError **error)
{
    if (!g_queue_is_empty(f->asked) && (f->alone || !source_window_roomy(&f->window))) {
        return true;
    }
    bool more = true;
    wire_hold(f->s->wire);
    while (more) {
        if (!ask_some(f, &more, error)) {
            return false;
        }
        more &= !f->alone;
    }
    return wire_release(f->s->wire, error);
}

/* --- taking --- */

/* Index + 1 of the message that a response speaks of; 0: of none that was asked for. */
static size_t find(const ImapFetching *f, const ImapFetch *fetch)
{
    if (fetch->has_uid) {
        return GPOINTER_TO_SIZE(g_hash_table_lookup(f->by_uid, GUINT_TO_POINTER(fetch->uid)));
    }
    /* The UID may come behind the body: it can be only this one, if it is alone. */
    const Asked *asked = g_queue_peek_head(f->asked);
    return f->alone && asked && f->states[asked->from] == UNDER_WAY ? asked->from + 1 : 0;
}

static bool skip(ImapSource *s, uint64_t octets, GError **error)
{
    Bytes there;
    while (octets) {
        if (!wire_peek(s->wire, &there, error)) {
            return false;
        }
        octets -= wire_take(s->wire, (size_t)MIN(octets, there.len)).len;
    }
    return true;
}

static bool stream(ImapFetching *f, uint64_t octets, GError **error)
{
    Bytes there;
    const SourceSink *sink = f->sink;
    while (octets) {
        if (!wire_peek(f->s->wire, &there, error)) {
            return false;
        }
        Bytes piece = bytes_sub(there, 0, (size_t)MIN(octets, there.len));
        if (!sink->data(sink->user, piece, error)) {
            return false;
        }
        octets -= wire_take(f->s->wire, piece.len).len;
    }
    return true;
}

bool imap_source_body(ImapSource *s, const ImapFetch *so_far, uint64_t octets, GError **error)
{
    ImapFetching *f = s->fetching;
    size_t found = f ? find(f, so_far) : 0;
    if (f && f->current) {
        return error_fail(error, POSTERN_ERROR_PROTOCOL,
                          "the server sent two bodies in one response");
    }
    if (!found) {
        if (f) {
            f->unclear |= !so_far->has_uid;
        }
        return skip(s, octets, error);
    }
    const SourceMessage *message = f->messages[found - 1];
    f->current = found;
    f->octets = octets;
    if (!f->sink->begin(f->sink->user, message, error) || !stream(f, octets, error)) {
        return error_prefix(error, "message %u", message->number);
    }
    return true;
}

/* The message is settled: it came, or will not come. */
static bool settle(ImapFetching *f, size_t index, SourceEnd how, const char *said, GError **error)
{
    const SourceMessage *message = f->messages[index];
    f->states[index] = DONE;
    g_hash_table_remove(f->by_uid, GUINT_TO_POINTER(message->number));
    source_window_remove(&f->window, message->size);
    return f->sink->end(f->sink->user, message, how, said, error);
}

static bool came_whole(ImapFetching *f, size_t index, uint64_t octets, GError **error)
{
    /* A message that was announced and is not there: nobody may take that for its text. */
    bool empty = !octets && f->messages[index]->size && !f->header_only;
    return settle(f, index, empty ? SOURCE_REFUSED : SOURCE_COMPLETE,
                  empty ? "the server gave nothing of it" : NULL, error);
}

static bool take_streamed(ImapFetching *f, const ImapFetch *fetch, GError **error)
{
    size_t index = f->current - 1;
    f->current = 0;
    if (fetch->has_uid && fetch->uid != f->messages[index]->number) {
        return error_fail(error, POSTERN_ERROR_PROTOCOL,
                          "the server sent message %u where %u was asked for", fetch->uid,
                          f->messages[index]->number);
    }
    return came_whole(f, index, f->octets, error);
}

/* Octet for octet: a NUL, which no quoted string may hold, does not end it. */
static GByteArray *unquote(Token body)
{
    GByteArray *out = g_byte_array_sized_new((guint)body.text.len);
    for (size_t i = 0; i < body.text.len; i++) {
        i += body.kind == TOKEN_QUOTED && body.text.data[i] == '\\' && i + 1 < body.text.len;
        g_byte_array_append(out, (const uint8_t *)body.text.data + i, 1);
    }
    return out;
}

/* A body that came as a quoted string, or in place as NIL. */
static bool take_text(ImapFetching *f, size_t index, const ImapFetch *fetch, GError **error)
{
    const SourceSink *sink = f->sink;
    if (fetch->body_kind == IMAP_BODY_NIL) {
        return settle(f, index, SOURCE_REFUSED, "the server gave NIL in its place", error);
    }
    g_autoptr(GByteArray) unquoted = unquote(fetch->body);
    return sink->begin(sink->user, f->messages[index], error) &&
           (!unquoted->len || sink->data(sink->user, bytes_of_array(unquoted), error)) &&
           came_whole(f, index, unquoted->len, error);
}

static bool take_fetch(ImapFetching *f, const ImapResponse *response, GError **error)
{
    ImapFetch fetch;
    bool parsed = imap_parse_fetch(response->rest, &fetch);
    if (f->current) {
        g_autofree char *words = parsed ? NULL : imap_source_words(f->s);
        return parsed
                   ? take_streamed(f, &fetch, error)
                   : error_fail(error, POSTERN_ERROR_PROTOCOL,
                                "what the server sent behind a message is broken: \"%s\"", words);
    }
    size_t found =
        parsed && !f->s->streamed && fetch.body_kind != IMAP_BODY_NONE ? find(f, &fetch) : 0;
    return !found || take_text(f, found - 1, &fetch, error);
}

/* --- answers to commands --- */

static bool is_gone(const ImapResponse *response)
{
    return response->status == IMAP_OK || !strcmp(response->code, "EXPUNGEISSUED") ||
           !strcmp(response->code, "NONEXISTENT");
}

/* What a command asked for and did not bring: OK means it is not there any more. After a refusal of
 * several, or when it is not clear what came, each is asked for once more. */
static bool settle_command(ImapFetching *f, const Asked *asked, const ImapResponse *response,
                           GError **error)
{
    g_autofree char *words = imap_source_words(f->s);
    bool gone = is_gone(response);
    for (size_t i = asked->from; i < asked->to; i++) {
        if (f->states[i] != UNDER_WAY) {
            continue;
        }
        bool refused = response->status != IMAP_OK;
        if (!f->alone && (f->unclear || (refused && !f->single))) {
            f->states[i] = OPEN;
            g_hash_table_remove(f->by_uid, GUINT_TO_POINTER(f->messages[i]->number));
            source_window_remove(&f->window, f->messages[i]->size);
        } else if (!settle(f, i, gone ? SOURCE_GONE : SOURCE_REFUSED, gone ? NULL : words, error)) {
            return false;
        }
    }
    return true;
}

static bool take_answer(ImapFetching *f, const ImapResponse *response, GError **error)
{
    for (GList *link = f->asked->head; link; link = link->next) {
        Asked *asked = link->data;
        if (bytes_equal(response->tag, bytes_of(asked->tag.text))) {
            bool ok = settle_command(f, asked, response, error);
            g_free(asked);
            g_queue_delete_link(f->asked, link);
            return ok;
        }
    }
    g_autofree char *words = imap_source_words(f->s);
    return error_fail(error, POSTERN_ERROR_PROTOCOL, "\"%s\" answers no command that is under way",
                      words);
}

static bool take_one(ImapFetching *f, GError **error)
{
    ImapResponse response;
    if (!imap_source_read(f->s, &response, error)) {
        return false;
    }
    if (response.kind == IMAP_TAGGED) {
        return take_answer(f, &response, error);
    }
    return !bytes_equal_ci(response.word, "FETCH") || take_fetch(f, &response, error);
}

/* --- rounds --- */

static bool round_of(ImapFetching *f, bool single, bool alone, GError **error)
{
    f->single = single;
    f->alone = alone;
    f->next = 0;
    do {
        if (!ask(f, error) || (!g_queue_is_empty(f->asked) && !take_one(f, error))) {
            return false;
        }
    } while (!g_queue_is_empty(f->asked) || f->next < f->n);
    return true;
}

bool imap_source_fetch(Source *source, const SourceMessage *const *messages, size_t n,
                       const SourceFetchPlan *plan, const SourceSink *sink, GError **error)
{
    ImapFetching f = {
        .s = (ImapSource *)source,
        .messages = messages,
        .n = n,
        .states = g_new0(uint8_t, n),
        .by_uid = g_hash_table_new(NULL, NULL),
        .asked = g_queue_new(),
        .header_only = plan && plan->header_only,
        .window = source_window(plan),
        .sink = sink,
    };
    f.s->fetching = &f;
    bool ok = round_of(&f, false, false, error) &&
              (f.unclear || round_of(&f, true, false, error)) && round_of(&f, true, true, error);
    f.s->fetching = NULL;
    g_queue_free_full(f.asked, g_free);
    g_hash_table_unref(f.by_uid);
    g_free(f.states);
    return ok;
}
