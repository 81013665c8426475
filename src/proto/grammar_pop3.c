/* grammar_pop3.c: POP3 dialogues (RFC 1939, 2449, 5034). */
#include <string.h>

#include "proto/dialogue_grammar.h"
#include "proto/pop3_parse.h"

static bool has_body(const char *verb, bool has_argument)
{
    static const char *const always[] = {"CAPA", "RETR", "TOP", NULL};
    static const char *const without_argument[] = {"LIST", "UIDL", "AUTH", "LANG", NULL};
    return g_strv_contains(always, verb) ||
           (!has_argument && g_strv_contains(without_argument, verb));
}

/* An APOP digest is no password, but one can be guessed against it. */
static const SecretCommand secrets[] = {{"PASS", 0, true}, {"APOP", 1, false}, {NULL, 0, false}};

static void command(const Dialogue *d, Bytes line, SentLine *sent, Pending *pending)
{
    size_t at = grammar_verb(line, sent, pending);
    (void)d;
    pending->tls = sent->asks_tls = !strcmp(sent->verb, "STLS");
    pending->quits = sent->quits = !strcmp(sent->verb, "QUIT");
    pending->body = has_body(sent->verb, at < line.len);
    if (!strcmp(sent->verb, "AUTH") && at < line.len) {
        grammar_auth(line, at, sent, pending);
    } else {
        grammar_secret_commands(line, secrets, sent);
    }
}

static void receive_body(Dialogue *d, Bytes unit, ReceivedUnit *ret)
{
    ret->is_body = true;
    ret->ends_body = bytes_equal(unit, BYTES_LITERAL("."));
    if (ret->ends_body) {
        d->in_body = false;
        grammar_done(d, ret);
    }
}

static void accepted(Dialogue *d, const Pending *front, ReceivedUnit *ret)
{
    ret->outcome = front->quits ? OUTCOME_BYE : OUTCOME_OK;
    d->bye |= front->quits;
    d->handshake |= front->tls && !ret->unsolicited;
    if (front->body && !ret->unsolicited) {
        d->in_body = true;
    } else {
        grammar_done(d, ret);
    }
}

static void receive(Dialogue *d, Bytes unit, ReceivedUnit *ret)
{
    Pop3Line line;
    Pending *front = grammar_answers(d, ret);
    if (d->in_body) {
        receive_body(d, unit, ret);
        return;
    }
    pop3_parse_line(unit, &line);
    memcpy(ret->response_code, line.code, sizeof ret->response_code);
    if (line.status == POP3_OK) {
        accepted(d, front, ret);
    } else if (line.status == POP3_ERR) {
        ret->outcome = pop3_code_temporary(line.code) ? OUTCOME_TEMPORARY : OUTCOME_REFUSED;
        d->bye |= d->greeting;
        grammar_done(d, ret);
    } else if (line.status == POP3_CONTINUE && front->auth) {
        ret->outcome = OUTCOME_CONTINUE;
        grammar_hold_for_response(d, line.text, ret);
    }
}

static const char *const commands[] = {"CAPA", "STLS", "USER", "PASS", "APOP", "AUTH",
                                       "STAT", "LIST", "UIDL", "RETR", "TOP",  "DELE",
                                       "RSET", "NOOP", "LANG", "UTF8", "QUIT", NULL};

const DialogueGrammar grammar_pop3 = {
    .greets = true,
    .commands = commands,
    .command = command,
    .receive = receive,
};
