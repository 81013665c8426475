/* grammar_imap.c: IMAP dialogues (RFC 3501, 9051): tags, literals both ways, IDLE, AUTHENTICATE. */
#include <string.h>

#include "proto/dialogue_grammar.h"
#include "proto/imap_parse.h"
#include "proto/tokens.h"

static const char *const commands[] = {
    "CAPABILITY", "STARTTLS", "LOGIN",    "AUTHENTICATE", "ID",          "ENABLE",
    "NAMESPACE",  "LIST",     "LSUB",     "STATUS",       "SELECT",      "EXAMINE",
    "CREATE",     "DELETE",   "RENAME",   "SUBSCRIBE",    "UNSUBSCRIBE", "APPEND",
    "FETCH",      "STORE",    "COPY",     "MOVE",         "UID",         "SEARCH",
    "SORT",       "THREAD",   "EXPUNGE",  "CLOSE",        "UNSELECT",    "CHECK",
    "IDLE",       "NOOP",     "GETQUOTA", "GETQUOTAROOT", "COMPRESS",    "LOGOUT",
    NULL};

static bool is_command_word(Bytes word)
{
    for (size_t i = 0; commands[i]; i++) {
        if (bytes_equal_ci(word, commands[i])) {
            return true;
        }
    }
    return false;
}

/* --- tags --- */

/* "a1 NOOP", "a XFOO": what stands in front of a command, or looks more like a tag than like one.
 */
static bool has_tag(const char *line)
{
    Bytes rest = bytes_of(line);
    Bytes first = bytes_word(&rest);
    Bytes second = bytes_word(&rest);
    if (is_command_word(first) || !second.len) {
        return false;
    }
    bool digits = false;
    for (size_t i = 0; i < first.len; i++) {
        digits |= g_ascii_isdigit(first.data[i]);
    }
    return is_command_word(second) || digits || first.len <= 2;
}

static char *complete(Dialogue *d, const char *line)
{
    if (!*line || has_tag(line)) {
        return g_strdup(line);
    }
    return g_strdup_printf("A%03u %s", d->next_tag + 1, line);
}

/* --- what a person types --- */

/* Arguments of LOGIN from `at`: how many are complete before a literal or the end; *password is
 * where the second begins. */
static unsigned login_arguments(Bytes line, size_t at, unsigned before, size_t *password)
{
    uint64_t octets;
    bool sync, literal = token_literal_announced(line, &octets, &sync);
    unsigned complete = before;
    *password = line.len;
    for (at = grammar_word_at(line, at, 0); at < line.len; at = grammar_word_at(line, at, 1)) {
        bool last = grammar_word_at(line, at, 1) >= line.len;
        if (last && literal) {
            break;
        }
        if (complete == 1 && *password == line.len) {
            *password = at;
        }
        complete++;
    }
    return complete;
}

static void peek_login(Bytes line, size_t at, SentLine *sent, Pending *pending)
{
    size_t password;
    pending->arguments = login_arguments(line, at, 0, &password);
    grammar_secret_from(line, password, true, sent);
    sent->is_cleartext_password = true; /* with literals the password only comes later: it is warned
                                           of before the name goes */
}

static void command(const Dialogue *d, Bytes line, SentLine *sent, Pending *pending)
{
    Bytes rest = line;
    Bytes tag = bytes_word(&rest);
    (void)d;
    memcpy(pending->tag, tag.data, tag.len < sizeof pending->tag ? tag.len : 0);
    size_t at = line.len - rest.len;
    size_t argument = at + grammar_verb(rest, sent, pending);
    pending->tls = sent->asks_tls = !strcmp(sent->verb, "STARTTLS");
    pending->quits = sent->quits = !strcmp(sent->verb, "LOGOUT");
    if (!strcmp(sent->verb, "AUTHENTICATE")) {
        grammar_auth(line, argument, sent, pending);
    } else if (!strcmp(sent->verb, "LOGIN")) {
        peek_login(line, argument, sent, pending);
    }
}

/* The line of a command, or the rest of one: a literal at its end makes the server ask for it, or
 * not ("{n+}"). */
static void wait_or_give(Dialogue *d, Bytes line, Pending *pending)
{
    uint64_t octets;
    bool sync = true;
    bool literal = token_literal_announced(line, &octets, &sync);
    pending->literal = literal ? octets + 1 : 0; /* 0 is "none" */
    d->payload = d->by_octets = false;
    if (literal && !sync) {
        d->held = *pending;
        d->payload = d->by_octets = true;
        d->payload_octets = octets;
        return;
    }
    grammar_push(d, pending);
}

static void command_sent(Dialogue *d, Bytes line, Pending *pending)
{
    char ours[BRACKET_CODE_SIZE];
    g_snprintf(ours, sizeof ours, "A%03u", d->next_tag + 1);
    d->next_tag += strcmp(pending->tag, ours) == 0; /* a tag counts once it was sent */
    wait_or_give(d, line, pending);
}

static bool is_login(const Dialogue *d)
{
    return !strcmp(d->held.verb, "LOGIN");
}

/* Octets of a literal, and what is behind them in the same line. */
static void payload(const Dialogue *d, Bytes line, SentLine *sent)
{
    if (!is_login(d)) {
        return;
    }
    size_t octets = (size_t)MIN(d->payload_octets, line.len);
    if (d->payload_octets > 0 && d->held.arguments == 1) {
        grammar_secret_from(line, 0, true, sent);
        return;
    }
    size_t password;
    login_arguments(line, octets, d->held.arguments + 1, &password);
    grammar_secret_from(line, password, true, sent);
}

static void payload_sent(Dialogue *d, Bytes rest)
{
    size_t password;
    d->held.arguments =
        is_login(d) ? login_arguments(rest, 0, d->held.arguments + 1, &password) : 0;
    wait_or_give(d, rest, &d->held);
}

/* --- what the server says --- */

static Outcome outcome_of(const ImapResponse *response)
{
    switch (response->status) {
    case IMAP_OK:
    case IMAP_PREAUTH:
        return OUTCOME_OK;
    case IMAP_NO:
        return imap_code_temporary(response->code) ? OUTCOME_TEMPORARY : OUTCOME_REFUSED;
    case IMAP_BAD:
        return OUTCOME_REFUSED;
    case IMAP_BYE:
        return OUTCOME_BYE;
    default:
        return OUTCOME_NONE;
    }
}

static void receive_greeting(Dialogue *d, const ImapResponse *response, ReceivedUnit *ret)
{
    ret->outcome = outcome_of(response);
    d->bye |= response->status == IMAP_BYE;
    grammar_done(d, ret);
}

/* Untagged: belongs to what waits, if anything does. A NO or BAD there is a warning, and no answer
 * (RFC 3501 7.1). */
static void receive_untagged(Dialogue *d, const ImapResponse *response, ReceivedUnit *ret)
{
    if (response->status == IMAP_BYE) {
        ret->outcome = OUTCOME_BYE;
        d->bye = true;
    }
}

/* Answers come in any order, told by their tag; the oldest that has it is the one. */
static bool bring_to_front(Dialogue *d, Bytes tag)
{
    for (guint i = 0; i < d->pending->len; i++) {
        Pending found = g_array_index(d->pending, Pending, i);
        if (bytes_equal(tag, bytes_of(found.tag))) {
            g_array_remove_index(d->pending, i);
            g_array_prepend_val(d->pending, found);
            return true;
        }
    }
    return false;
}

/* An answer to what is held: IDLE that ends by itself, a literal or an exchange refused. */
static bool answers_held(Dialogue *d, Bytes tag)
{
    bool held = d->idle || d->payload || d->response;
    if (!held || !bytes_equal(tag, bytes_of(d->held.tag))) {
        return false;
    }
    d->idle = d->payload = d->by_octets = d->response = false;
    g_array_prepend_val(d->pending, d->held);
    return true;
}

static void receive_tagged(Dialogue *d, const ImapResponse *response, ReceivedUnit *ret)
{
    if (!bring_to_front(d, response->tag) && !answers_held(d, response->tag)) {
        ret->unsolicited = true;
        return;
    }
    Pending *front = grammar_answers(d, ret);
    ret->outcome = outcome_of(response);
    bool yes = response->status == IMAP_OK;
    d->handshake |= yes && front->tls;
    d->bye |= yes && front->quits;
    grammar_done(d, ret);
}

/* "+": for the one command that can be waiting for it. */
static void receive_continue(Dialogue *d, const ImapResponse *response, ReceivedUnit *ret)
{
    Pending *front = grammar_front(d);
    if (!front) {
        return;
    }
    ret->outcome = OUTCOME_CONTINUE;
    if (front->auth) {
        grammar_hold_for_response(d, response->text, ret);
    } else if (front->literal) {
        grammar_hold_for_octets(d, front->literal - 1);
        ret->final = true;
    } else if (!strcmp(front->verb, "IDLE")) {
        d->held = *front;
        g_array_remove_index(d->pending, 0);
        d->idle = ret->final = true;
    } else {
        ret->outcome = OUTCOME_NONE;
    }
}

/* A line behind a literal, and any line that ends in another. */
static bool receive_rest(Dialogue *d, Bytes unit, ReceivedUnit *ret)
{
    bool rest = d->behind_literal;
    uint64_t octets;
    bool sync;
    d->behind_literal = false;
    if (token_literal_announced(unit, &octets, &sync)) {
        d->wants_octets = octets;
        d->behind_literal = octets == 0;
    }
    ret->is_body = ret->ends_body = rest;
    return rest;
}

static void receive(Dialogue *d, Bytes unit, ReceivedUnit *ret)
{
    ImapResponse response;
    grammar_answers(d, ret);
    if (receive_rest(d, unit, ret)) {
        return;
    }
    imap_parse_response(unit, &response);
    memcpy(ret->response_code, response.code, sizeof ret->response_code);
    if (d->greeting && response.kind == IMAP_UNTAGGED) {
        receive_greeting(d, &response, ret);
    } else if (response.kind == IMAP_UNTAGGED) {
        receive_untagged(d, &response, ret);
    } else if (response.kind == IMAP_TAGGED) {
        receive_tagged(d, &response, ret);
    } else if (response.kind == IMAP_CONTINUE) {
        receive_continue(d, &response, ret);
    }
}

const DialogueGrammar grammar_imap = {
    .greets = true,
    .commands = commands,
    .command = command,
    .command_sent = command_sent,
    .payload = payload,
    .payload_sent = payload_sent,
    .receive = receive,
    .complete = complete,
};
