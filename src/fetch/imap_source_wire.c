/* imap_source_wire.c: responses and commands of an IMAP source: what comes is read piece by piece,
 * so that no message is ever in memory as a whole. */
#include <string.h>

#include "base/escape.h"
#include "fetch/imap_source.h"

enum {
    RESPONSE_MAX = 2 * 1024 * 1024, /* without bodies: SEARCH and VANISHED can be long */
    IDLE_TALK_MAX = 3 * 1000 * 1000,
};

char *imap_source_words(const ImapSource *s)
{
    return escape_line_max(bytes_of_array(s->whole), SOURCE_WORDS_MAX);
}

bool imap_source_has(const ImapSource *s, const char *capability)
{
    return caps_has(s->base.session->caps, capability);
}

/* --- one response --- */

static bool add(ImapSource *s, Bytes part, GError **error)
{
    if (s->whole->len + part.len > RESPONSE_MAX) {
        return error_fail(error, POSTERN_ERROR_LIMIT,
                          "the server sent a response of more than %d octets", RESPONSE_MAX);
    }
    g_byte_array_append(s->whole, (const uint8_t *)part.data, (guint)part.len);
    return true;
}

/* Status responses end in words for people, which may end in anything: "{5}" too. */
static bool may_have_literals(Bytes begun)
{
    ImapResponse response;
    imap_parse_response(begun, &response);
    return response.kind == IMAP_UNTAGGED && response.status == IMAP_DATA;
}

static bool is_body(const ImapSource *s, ImapFetch *so_far)
{
    ImapResponse response;
    imap_parse_response(bytes_of_array(s->whole), &response);
    return bytes_equal_ci(response.word, "FETCH") && imap_parse_fetch(response.rest, so_far) &&
           so_far->body_kind == IMAP_BODY_BEHIND;
}

/* In place of the body's length stands NIL: what comes behind it is read as ever. */
static bool take_body(ImapSource *s, const ImapFetch *so_far, uint64_t octets, GError **error)
{
    const uint8_t *open = memrchr(s->whole->data, '{', s->whole->len);
    open -= open > s->whole->data && open[-1] == '~'; /* literal8, RFC 3516 */
    g_byte_array_set_size(s->whole, (guint)(open - s->whole->data));
    s->streamed = true;
    return add(s, BYTES_LITERAL("NIL "), error) && imap_source_body(s, so_far, octets, error);
}

static bool take_literal(ImapSource *s, uint64_t octets, GError **error)
{
    Bytes literal;
    ImapFetch so_far;
    if (is_body(s, &so_far)) {
        return take_body(s, &so_far, octets, error);
    }
    return add(s, BYTES_LITERAL("\r\n"), error) &&
           wire_exact(s->wire, octets, RESPONSE_MAX, &literal, error) && add(s, literal, error);
}

static bool read_response(ImapSource *s, GError **error)
{
    Bytes line;
    uint64_t octets;
    g_byte_array_set_size(s->whole, 0);
    s->streamed = false;
    while (wire_line(s->wire, &line, error)) {
        if (!add(s, line, error)) {
            return false;
        }
        ImapLineEnd end = imap_line_end(line, &octets);
        if (end == IMAP_LINE_ENDS || !may_have_literals(bytes_of_array(s->whole))) {
            return true;
        }
        if (end == IMAP_LINE_NONSENSE) {
            g_autofree char *words = imap_source_words(s);
            return error_fail(error, POSTERN_ERROR_LIMIT,
                              "the server announced a literal of an impossible length: \"%s\"",
                              words);
        }
        if (!take_literal(s, octets, error)) {
            return false;
        }
    }
    return false;
}

/* --- what concerns every command --- */

static bool heed_validity(ImapSource *s, uint32_t validity, GError **error)
{
    if (s->selecting) {
        s->validity = validity;
    } else if (validity != s->validity) {
        return error_fail(error, POSTERN_ERROR_PROTOCOL,
                          "the server has renumbered the messages of %s meanwhile (UIDVALIDITY %u, "
                          "now %u): begin anew",
                          s->folder ? s->folder : "the folder", s->validity, validity);
    }
    return true;
}

static bool heed_code(ImapSource *s, const ImapResponse *r, GError **error)
{
    uint64_t number;
    Bytes args = r->code_args;
    bool has_number = bytes_number(bytes_trim(args), UINT64_MAX, &number);
    if (!strcmp(r->code, "UIDVALIDITY") && has_number && number <= UINT32_MAX) {
        return heed_validity(s, (uint32_t)number, error);
    }
    if (!strcmp(r->code, "UIDNEXT") && has_number && number <= UINT32_MAX) {
        s->uid_next = (uint32_t)number;
    } else if (!strcmp(r->code, "HIGHESTMODSEQ") && has_number) {
        s->modseq = number;
    } else if (!strcmp(r->code, "READ-ONLY")) {
        s->read_only = true;
    } else if (!strcmp(r->code, "PERMANENTFLAGS") && s->selecting) {
        g_free(s->permanent);
        s->permanent = bytes_dup(args);
    } else if (!strcmp(r->code, "ALERT")) { /* RFC 3501 7.1: people must be shown it */
        g_autofree char *words = escape_line_max(r->text, SOURCE_WORDS_MAX);
        wire_note(s->wire, WIRE_WARNING, "the server says: %s", words);
    }
    return true;
}

static void heed_vanished(ImapSource *s, Bytes rest)
{
    g_autoptr(ImapSet) gone = imap_set_new();
    if (!bytes_starts(rest, "(") && imap_set_parse(gone, bytes_trim(rest), IMAP_SET_RANGES_MAX)) {
        uint64_t count = imap_set_count(gone);
        s->exists -= MIN(count, s->exists);
    }
}

static void heed_enabled(ImapSource *s, Bytes rest)
{
    while (rest.len) {
        Bytes word = bytes_word(&rest);
        s->utf8 |= bytes_equal_ci(word, "UTF8=ACCEPT");
        s->qresync |= bytes_equal_ci(word, "QRESYNC");
    }
}

static void heed_data(ImapSource *s, const ImapResponse *r)
{
    if (r->has_number && bytes_equal_ci(r->word, "EXISTS")) {
        s->news |= r->number > s->exists;
        s->exists = r->number;
    } else if (r->has_number && bytes_equal_ci(r->word, "EXPUNGE")) {
        s->exists -= s->exists > 0;
    } else if (bytes_equal_ci(r->word, "VANISHED")) {
        heed_vanished(s, r->rest);
    } else if (bytes_equal_ci(r->word, "ENABLED")) {
        heed_enabled(s, r->rest);
    }
}

static bool heed(ImapSource *s, const ImapResponse *r, GError **error)
{
    if (r->kind == IMAP_UNTAGGED && r->status == IMAP_DATA) {
        heed_data(s, r);
        return true;
    }
    if (r->kind == IMAP_UNTAGGED && r->status == IMAP_BYE) {
        g_autofree char *words = imap_source_words(s);
        bool later = imap_code_temporary(r->code);
        return error_fail(error, later ? POSTERN_ERROR_TEMPFAIL : POSTERN_ERROR_EOF,
                          "the server ended the session: \"%s\"", words);
    }
    return heed_code(s, r, error);
}

/* What was kept back goes out before anybody waits for an answer. */
static bool read_and_parse(ImapSource *s, ImapResponse *ret, GError **error)
{
    if (!wire_release(s->wire, error) || !read_response(s, error)) {
        return false;
    }
    wire_acknowledge(s->wire);
    imap_parse_response(bytes_of_array(s->whole), ret);
    if (ret->kind == IMAP_GARBAGE) {
        g_autofree char *words = imap_source_words(s);
        return error_fail(error, POSTERN_ERROR_PROTOCOL, "\"%s\" is no IMAP response", words);
    }
    return heed(s, ret, error);
}

/* Is it the answer to ENABLE? A refusal is no matter. */
static bool answers_enable(ImapSource *s, const ImapResponse *response)
{
    if (response->kind != IMAP_TAGGED || !s->enabling.text[0] ||
        !bytes_equal(response->tag, bytes_of(s->enabling.text))) {
        return false;
    }
    s->enabling = (ImapTag){""};
    return true;
}

bool imap_source_read(ImapSource *s, ImapResponse *ret, GError **error)
{
    do {
        if (!read_and_parse(s, ret, error)) {
            return false;
        }
    } while (answers_enable(s, ret));
    return true;
}

bool imap_source_settle(ImapSource *s, GError **error)
{
    ImapResponse response;
    while (s->enabling.text[0]) {
        if (!read_and_parse(s, &response, error)) {
            return false;
        }
        answers_enable(s, &response);
    }
    return true;
}

/* --- whole answers --- */

bool imap_source_await(ImapSource *s, ImapTag tag, ImapTake take, void *user, ImapResponse *ret,
                       GError **error)
{
    for (int i = 0; i < IDLE_TALK_MAX; i++) {
        if (!imap_source_read(s, ret, error)) {
            return false;
        }
        if (ret->kind == IMAP_TAGGED && bytes_equal(ret->tag, bytes_of(tag.text))) {
            return true;
        }
        if (ret->kind == IMAP_TAGGED) {
            g_autofree char *words = imap_source_words(s);
            return error_fail(error, POSTERN_ERROR_PROTOCOL,
                              "\"%s\" answers no command that is under way", words);
        }
        if (take && !take(s, ret, user, error)) {
            return false;
        }
    }
    return error_fail(error, POSTERN_ERROR_LIMIT,
                      "the server sent %d responses and no answer to %s", IDLE_TALK_MAX, tag.text);
}

bool imap_source_refused(ImapSource *s, const ImapResponse *response, const char *what,
                         GError **error)
{
    g_autofree char *words = imap_source_words(s);
    return error_fail(error,
                      imap_code_temporary(response->code) ? POSTERN_ERROR_TEMPFAIL
                                                          : POSTERN_ERROR_UNAVAILABLE,
                      "%s: the server says \"%s\"", what, words);
}

bool imap_source_await_ok(ImapSource *s, ImapTag tag, ImapTake take, void *user, const char *what,
                          GError **error)
{
    ImapResponse response;
    return imap_source_await(s, tag, take, user, &response, error) &&
           (response.status == IMAP_OK || imap_source_refused(s, &response, what, error));
}

/* --- names in commands --- */

static bool fits_quotes(const ImapSource *s, const char *name)
{
    for (; *name; name++) {
        unsigned char c = (unsigned char)*name;
        if (c < 0x20 || c == 0x7f || (c >= 0x80 && !s->utf8)) {
            return false;
        }
    }
    return true;
}

static bool send_quoted(ImapSource *s, const char *before, const char *name, const char *after,
                        GError **error)
{
    g_autoptr(GString) line = g_string_new(before);
    g_string_append_c(line, '"');
    for (; *name; name++) {
        if (*name == '"' || *name == '\\') {
            g_string_append_c(line, '\\');
        }
        g_string_append_c(line, *name);
    }
    g_string_append_printf(line, "\"%s", after);
    return wire_send_line(s->wire, bytes_of_string(line), error);
}

static bool await_continue(ImapSource *s, const char *what, GError **error)
{
    ImapResponse response;
    do {
        if (!imap_source_read(s, &response, error)) {
            return false;
        }
    } while (response.kind == IMAP_UNTAGGED);
    return response.kind == IMAP_CONTINUE || imap_source_refused(s, &response, what, error);
}

bool imap_source_send_name(ImapSource *s, ImapTag tag, const char *before, const char *raw_name,
                           const char *after, GError **error)
{
    g_autofree char *front = g_strdup_printf("%s %s ", tag.text, before);
    if (fits_quotes(s, raw_name)) {
        return send_quoted(s, front, raw_name, after, error);
    }
    size_t len = strlen(raw_name);
    bool plus = imap_source_has(s, "LITERAL+") || (imap_source_has(s, "LITERAL-") && len <= 4096);
    g_autofree char *rest = g_strconcat(raw_name, after, NULL);
    return wire_sendf(s->wire, error, "%s{%zu%s}", front, len, plus ? "+" : "") &&
           (plus || (wire_release(s->wire, error) && await_continue(s, before, error))) &&
           wire_send_line(s->wire, bytes_of(rest), error);
}
