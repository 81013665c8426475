/* grammar_sieve.c: ManageSieve dialogues (RFC 5804). */
#include <string.h>

#include "proto/dialogue_grammar.h"
#include "proto/sieve_parse.h"

/* --- what a person types --- */

static void command(const Dialogue *d, Bytes line, SentLine *sent, Pending *pending)
{
    size_t at = grammar_verb(line, sent, pending);
    (void)d;
    pending->tls = sent->asks_tls = !strcmp(sent->verb, "STARTTLS");
    pending->quits = sent->quits = !strcmp(sent->verb, "LOGOUT");
    if (!strcmp(sent->verb, "AUTHENTICATE") && at < line.len) {
        grammar_auth(line, at, sent, pending);
    }
}

/* Literals from a client never wait (RFC 5804 section 4: only "{n+}"). */
static void wait_or_give(Dialogue *d, Bytes line, Pending *pending)
{
    uint64_t octets;
    bool sync;
    d->payload = d->by_octets = false;
    if (token_literal_announced(line, &octets, &sync)) {
        d->held = *pending;
        d->payload = d->by_octets = true;
        d->payload_octets = octets;
    } else {
        grammar_push(d, pending);
    }
}

static void command_sent(Dialogue *d, Bytes line, Pending *pending)
{
    wait_or_give(d, line, pending);
}

/* A literal may be the initial response. */
static void payload(const Dialogue *d, Bytes line, SentLine *sent)
{
    if (d->held.auth) {
        const SaslMechanism *mechanism =
            d->held.mechanism ? sasl_mechanism_find(bytes_of(d->held.mechanism)) : NULL;
        grammar_secret_from(line, 0, mechanism && mechanism->cleartext, sent);
    }
}

static void payload_sent(Dialogue *d, Bytes rest)
{
    wait_or_give(d, rest, &d->held);
}

/* --- what the server says --- */

static Outcome outcome_of(const SieveResponse *response)
{
    switch (response->status) {
    case SIEVE_OK:
        return OUTCOME_OK;
    case SIEVE_NO:
        return strcmp(response->code, "TRYLATER") ? OUTCOME_REFUSED : OUTCOME_TEMPORARY;
    case SIEVE_BYE:
        return OUTCOME_BYE;
    default:
        return OUTCOME_NONE;
    }
}

static void finish(Dialogue *d, ReceivedUnit *ret, Outcome outcome)
{
    const Pending *front = grammar_answers(d, ret);
    ret->outcome = outcome;
    d->handshake |= outcome == OUTCOME_OK && front->tls && !ret->unsolicited;
    d->bye |= outcome == OUTCOME_BYE || (outcome == OUTCOME_OK && front->quits);
    grammar_done(d, ret);
}

/* A status line whose text is a literal ends behind it. */
static Outcome status_before_literal(Bytes unit)
{
    static const struct {
        const char *word;
        Outcome outcome;
    } words[] = {{"OK", OUTCOME_OK}, {"NO", OUTCOME_REFUSED}, {"BYE", OUTCOME_BYE}};
    Bytes word = bytes_word(&unit);
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        if (bytes_equal_ci(word, words[i].word)) {
            return words[i].outcome;
        }
    }
    return OUTCOME_NONE;
}

static void receive_rest(Dialogue *d, ReceivedUnit *ret)
{
    Outcome outcome = d->literal_outcome;
    d->literal_outcome = OUTCOME_NONE;
    ret->is_body = ret->ends_body = true;
    if (outcome != OUTCOME_NONE) {
        finish(d, ret, outcome);
    } else if (grammar_front(d) && grammar_front(d)->auth) {
        grammar_hold_for_response(d, BYTES_NONE, ret); /* the literal before it was the challenge */
        ret->is_challenge = false;
        ret->outcome = OUTCOME_CONTINUE;
    }
}

static bool literal_begins(Dialogue *d, Bytes unit)
{
    uint64_t octets;
    bool sync;
    if (!token_literal_announced(unit, &octets, &sync)) {
        return false;
    }
    d->wants_octets = octets;
    d->behind_literal = octets == 0;
    return true;
}

static void receive(Dialogue *d, Bytes unit, ReceivedUnit *ret)
{
    Pending *front = grammar_answers(d, ret);
    bool rest = d->behind_literal;
    d->behind_literal = false;
    if (literal_begins(d, unit)) {
        d->literal_outcome = rest ? d->literal_outcome : status_before_literal(unit);
        ret->is_body = ret->ends_body = rest;
        return;
    }
    if (rest) {
        receive_rest(d, ret);
        return;
    }
    SieveResponse response;
    sieve_parse_response(unit, &response);
    memcpy(ret->response_code, response.code, sizeof ret->response_code);
    if (response.status == SIEVE_DATA && front->auth && !d->greeting) {
        ret->outcome = OUTCOME_CONTINUE;
        grammar_hold_for_response(d, response.first.text, ret);
    } else if (response.status == SIEVE_DATA) {
        ret->is_body = true;
    } else if (response.status != SIEVE_GARBAGE) {
        finish(d, ret, outcome_of(&response));
    }
}

static const char *const commands[] = {
    "CAPABILITY", "STARTTLS",  "AUTHENTICATE", "HAVESPACE",    "PUTSCRIPT",   "LISTSCRIPTS",
    "SETACTIVE",  "GETSCRIPT", "DELETESCRIPT", "RENAMESCRIPT", "CHECKSCRIPT", "NOOP",
    "LOGOUT",     NULL};

const DialogueGrammar grammar_sieve = {
    .greets = true,
    .greets_after_tls = true,
    .commands = commands,
    .command = command,
    .command_sent = command_sent,
    .payload = payload,
    .payload_sent = payload_sent,
    .receive = receive,
};
