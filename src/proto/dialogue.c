/* dialogue.c: whose turn it is. What a line means is in the families' grammars. */
#include "proto/dialogue.h"

#include <string.h>

#include "proto/dialogue_grammar.h"

enum { PENDING_MAX = 4096 }; /* a person pipelines a few; a script goes in lock-step */

static const Pending the_greeting = {.verb = ""};

Dialogue *dialogue_new(const Proto *proto)
{
    Dialogue *d = g_new0(Dialogue, 1);
    d->proto = proto;
    d->grammar = proto->grammar;
    d->pending = g_array_new(FALSE, FALSE, sizeof(Pending));
    d->greeting = d->grammar && d->grammar->greets;
    return d;
}

void dialogue_free(Dialogue *d)
{
    if (d) {
        g_array_unref(d->pending);
        g_free(d);
    }
}

Expect dialogue_expects(const Dialogue *d)
{
    if (d->handshake) {
        return EXPECT_HANDSHAKE;
    }
    if (d->payload) {
        return EXPECT_PAYLOAD;
    }
    if (d->response) {
        return EXPECT_RESPONSE;
    }
    if (d->idle) {
        return EXPECT_IDLE;
    }
    if (d->greeting || d->pending->len) {
        return EXPECT_REPLY;
    }
    return d->bye ? EXPECT_NOTHING : EXPECT_COMMAND;
}

uint64_t dialogue_wants_octets(const Dialogue *d)
{
    return d->wants_octets;
}

uint64_t dialogue_payload_octets(const Dialogue *d)
{
    return dialogue_expects(d) == EXPECT_PAYLOAD ? d->payload_octets : 0;
}

size_t dialogue_pending(const Dialogue *d)
{
    return d->pending->len;
}

/* After these the server's answer makes the next line data, a handshake, or a command. */
static bool changes_the_turn(const Pending *pending)
{
    static const char *const verbs[] = {"DATA", "POST", "IHAVE", "IDLE", NULL};
    bool asks = pending->literal || g_strv_contains(verbs, pending->verb);
    return pending->tls || (asks && !pending->given);
}

Turn dialogue_turn(const Dialogue *d)
{
    Turn turn = TURN_FREE;
    for (guint i = 0; i < d->pending->len; i++) {
        const Pending *pending = &g_array_index(d->pending, Pending, i);
        if (changes_the_turn(pending)) {
            return TURN_AWAIT;
        }
        if (pending->auth && !pending->unasked) {
            turn = TURN_AWAIT_CHALLENGE;
        }
    }
    return turn;
}

const char *const *dialogue_commands(const Dialogue *d)
{
    static const char *const none[] = {NULL};
    return d->grammar ? d->grammar->commands : none;
}

char *dialogue_complete_command(Dialogue *d, const char *line)
{
    bool completes = d->grammar && d->grammar->complete && !d->payload && !d->response && !d->idle;
    return completes ? d->grammar->complete(d, line) : g_strdup(line);
}

void dialogue_reset_after_tls(Dialogue *d)
{
    g_array_set_size(d->pending, 0);
    d->payload = d->by_octets = d->response = d->idle = d->handshake = d->in_body = false;
    d->behind_literal = false;
    d->payload_octets = d->wants_octets = 0;
    d->multi_code = 0;
    d->recipients = 0;
    d->greeting = d->grammar && (d->grammar->greets_after_tls || d->greeting);
}

/* --- what the person sends --- */

size_t grammar_word_at(Bytes line, size_t from, unsigned n)
{
    size_t i = from;
    for (unsigned word = 0;; word++) {
        while (i < line.len && (line.data[i] == ' ' || line.data[i] == '\t')) {
            i++;
        }
        if (word == n || i >= line.len) {
            return MIN(i, line.len);
        }
        bool quoted = line.data[i] == '"';
        for (i += quoted; i < line.len; i++) {
            if (quoted ? line.data[i] == '"' : line.data[i] == ' ' || line.data[i] == '\t') {
                break;
            }
            i += quoted && line.data[i] == '\\';
        }
        i += quoted;
    }
}

static void upper(Bytes word, char *out, size_t size)
{
    size_t len = MIN(word.len, size - 1);
    for (size_t i = 0; i < len; i++) {
        out[i] = g_ascii_toupper(word.data[i]);
    }
    out[len] = '\0';
}

size_t grammar_verb(Bytes line, SentLine *sent, Pending *pending)
{
    size_t start = grammar_word_at(line, 0, 0);
    Bytes rest = bytes_sub(line, start, line.len);
    Bytes word = bytes_word(&rest);
    upper(word, sent->verb, sizeof sent->verb);
    upper(word, pending->verb, sizeof pending->verb);
    sent->is_command = true;
    return grammar_word_at(line, start, 1);
}

void grammar_secret_from(Bytes line, size_t from, bool cleartext, SentLine *sent)
{
    if (from < line.len) {
        sent->has_secret = true;
        sent->secret_from = from;
        sent->secret_len = line.len - from;
        sent->is_cleartext_password |= cleartext;
    }
}

void grammar_auth(Bytes line, size_t at, SentLine *sent, Pending *pending)
{
    Bytes rest = bytes_sub(line, at, line.len);
    Bytes name = bytes_word(&rest);
    if (name.len > 1 && name.data[0] == '"' && name.data[name.len - 1] == '"') {
        name = bytes_sub(name, 1, name.len - 2);
    }
    const SaslMechanism *mechanism = sasl_mechanism_find(name);
    bool cleartext = mechanism && mechanism->cleartext;
    pending->auth = true;
    pending->mechanism = sent->mechanism = mechanism ? mechanism->name : NULL;
    sent->is_cleartext_password |= cleartext;
    size_t initial = grammar_word_at(line, at, 1);
    if (!bytes_equal(bytes_sub(line, initial, line.len), BYTES_LITERAL("="))) {
        grammar_secret_from(line, initial, cleartext, sent);
    }
}

/* Does the line begin with these words? Gives where the next begins, or 0. */
static size_t behind_words(Bytes line, const char *words)
{
    Bytes wanted = bytes_of(words);
    size_t at = grammar_word_at(line, 0, 0);
    while (wanted.len) {
        g_autofree char *word = bytes_dup(bytes_word(&wanted));
        Bytes rest = bytes_sub(line, at, line.len);
        if (!bytes_equal_ci(bytes_word(&rest), word)) {
            return 0;
        }
        at = grammar_word_at(line, at, 1);
    }
    return at;
}

void grammar_secret_commands(Bytes line, const SecretCommand *table, SentLine *sent)
{
    for (; table->words; table++) {
        size_t at = behind_words(line, table->words);
        if (at) {
            grammar_secret_from(line, grammar_word_at(line, at, table->arguments), table->cleartext,
                                sent);
            return;
        }
    }
}

static bool is_cancel(Bytes line)
{
    return bytes_equal(line, BYTES_LITERAL("*")) || bytes_equal(line, BYTES_LITERAL("\"*\""));
}

static void peek_response(const Pending *held, Bytes line, SentLine *ret)
{
    ret->is_response = true;
    ret->mechanism = held->mechanism;
    if (!is_cancel(line) && !bytes_equal(line, BYTES_LITERAL("="))) {
        const SaslMechanism *mechanism =
            held->mechanism ? sasl_mechanism_find(bytes_of(held->mechanism)) : NULL;
        grammar_secret_from(line, 0, mechanism && mechanism->cleartext, ret);
    }
}

static bool is_command_word(const Dialogue *d, Bytes word)
{
    for (size_t i = 0; d->grammar->commands[i]; i++) {
        if (bytes_equal_ci(word, d->grammar->commands[i])) {
            return true;
        }
    }
    return false;
}

static Pending *newest(const Dialogue *d)
{
    return d->pending->len ? &g_array_index(d->pending, Pending, d->pending->len - 1) : NULL;
}

/* A response to a server that has not asked: some stay silent after AUTH PLAIN; or it was typed
 * ahead. */
static bool is_unasked_response(const Dialogue *d, Bytes line)
{
    const Pending *last = newest(d);
    return last && last->auth && line.len && bytes_index(line, ' ') < 0 &&
           !is_command_word(d, line);
}

void dialogue_peek(const Dialogue *d, Bytes line, SentLine *ret)
{
    *ret = (SentLine){0};
    Pending pending = {0};
    if (!d->grammar) {
        return;
    }
    if (d->payload) {
        ret->is_payload = true;
        if (d->by_octets && d->grammar->payload) {
            d->grammar->payload(d, line, ret);
        }
    } else if (d->response) {
        peek_response(&d->held, line, ret);
    } else if (is_unasked_response(d, line)) {
        peek_response(newest(d), line, ret);
    } else if (d->idle && bytes_equal_ci(bytes_trim(line), "DONE")) {
        ret->is_command = ret->idles_done = true;
        g_strlcpy(ret->verb, "DONE", sizeof ret->verb);
    } else {
        d->grammar->command(d, line, ret, &pending);
    }
}

void grammar_push(Dialogue *d, const Pending *pending)
{
    if (d->pending->len < PENDING_MAX) {
        g_array_append_vals(d->pending, pending, 1);
    }
}

/* What was held has been given: now it waits for its answer. */
static void release(Dialogue *d)
{
    d->payload = d->by_octets = d->response = d->idle = false;
    d->held.given = true;
    grammar_push(d, &d->held);
}

void dialogue_send_octets(Dialogue *d, uint64_t n)
{
    if (!d->payload || !d->by_octets) {
        return;
    }
    d->payload_octets -= MIN(n, d->payload_octets);
    if (!d->payload_octets && !d->grammar->payload_sent) {
        release(d); /* BDAT: nothing is behind the chunk */
    }
}

void dialogue_payload_sent(Dialogue *d)
{
    if (d->payload && !d->by_octets) {
        release(d);
    }
}

/* A line while octets are due: its line end belongs to them as far as they reach. */
static void send_octets_line(Dialogue *d, Bytes line)
{
    if (d->payload_octets >= line.len + 2) {
        dialogue_send_octets(d, line.len + 2);
        return;
    }
    Bytes rest = bytes_sub(line, (size_t)MIN(d->payload_octets, line.len), line.len);
    dialogue_send_octets(d, d->payload_octets);
    if (d->payload && d->grammar->payload_sent) {
        d->grammar->payload_sent(d, rest);
    }
}

static void send_payload(Dialogue *d, Bytes line)
{
    if (d->by_octets) {
        send_octets_line(d, line);
    } else if (bytes_equal(line, BYTES_LITERAL("."))) {
        release(d);
    }
}

static void send_command(Dialogue *d, Bytes line)
{
    SentLine sent = {0};
    Pending pending = {0};
    d->grammar->command(d, line, &sent, &pending);
    if (d->grammar->command_sent) {
        d->grammar->command_sent(d, line, &pending);
    } else {
        grammar_push(d, &pending);
    }
}

void dialogue_send(Dialogue *d, Bytes line, SentLine *ret)
{
    dialogue_peek(d, line, ret);
    if (!d->grammar) {
        return;
    }
    if (ret->is_payload) {
        send_payload(d, line);
    } else if (d->response || ret->idles_done) {
        release(d);
    } else if (ret->is_response) {
        newest(d)->unasked = true;
    } else {
        send_command(d, line);
    }
}

/* --- what comes in --- */

Pending *grammar_front(Dialogue *d)
{
    return d->pending->len ? &g_array_index(d->pending, Pending, 0) : NULL;
}

Pending *grammar_answers(Dialogue *d, ReceivedUnit *ret)
{
    Pending *front = grammar_front(d);
    bool idle = d->idle || d->payload || d->response;
    ret->unsolicited = !d->greeting && !front;
    d->answered = d->greeting || !front ? (idle ? d->held : the_greeting) : *front;
    ret->verb = d->answered.verb;
    return d->greeting || !front ? &d->answered : front;
}

void grammar_done(Dialogue *d, ReceivedUnit *ret)
{
    ret->final = !ret->unsolicited;
    if (d->greeting) {
        d->greeting = false;
    } else if (d->pending->len) {
        g_array_remove_index(d->pending, 0);
    }
}

static void hold_front(Dialogue *d)
{
    d->held = *grammar_front(d);
    g_array_remove_index(d->pending, 0);
}

void grammar_hold_for_body(Dialogue *d, ReceivedUnit *ret)
{
    if (d->greeting || !grammar_front(d)) {
        return; /* nobody asked for that */
    }
    hold_front(d);
    d->payload = true;
    d->by_octets = false;
    ret->final = true;
}

void grammar_hold_for_octets(Dialogue *d, uint64_t octets)
{
    hold_front(d);
    d->payload = d->by_octets = true;
    d->payload_octets = octets;
}

void grammar_hold_for_response(Dialogue *d, Bytes challenge, ReceivedUnit *ret)
{
    Pending *front = grammar_front(d);
    if (d->greeting || !front) {
        return;
    }
    ret->is_challenge = true;
    ret->challenge = bytes_trim(challenge);
    if (front->unasked) {
        front->unasked = false; /* it asks for what was given already */
        return;
    }
    hold_front(d);
    d->response = ret->final = true;
}

/* Octets of a literal. */
static void receive_octets(Dialogue *d, Bytes unit, ReceivedUnit *ret)
{
    grammar_answers(d, ret);
    ret->is_body = true;
    d->wants_octets -= MIN(d->wants_octets, unit.len);
    d->behind_literal = d->wants_octets == 0;
}

void dialogue_receive(Dialogue *d, Bytes unit, ReceivedUnit *ret)
{
    *ret = (ReceivedUnit){.verb = ""};
    if (!d->grammar) {
        ret->unsolicited = true;
    } else if (d->wants_octets) {
        receive_octets(d, unit, ret);
    } else {
        d->grammar->receive(d, unit, ret);
    }
}
