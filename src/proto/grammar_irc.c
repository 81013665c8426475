/* grammar_irc.c: IRC. There are no replies to wait for: what the server says comes when it comes.
 * Only STARTTLS is followed, and what must not be shown. */
#include <string.h>

#include "proto/dialogue_grammar.h"
#include "proto/irc_parse.h"

static const SecretCommand secrets[] = {{"PASS", 0, true},
                                        {"OPER", 1, true},
                                        {"PRIVMSG NickServ", 1, true},
                                        {"NICKSERV IDENTIFY", 0, true},
                                        {NULL, 0, false}};

/* "AUTHENTICATE PLAIN" names a mechanism, "AUTHENTICATE *" and "+" are words of the exchange;
 * everything else is a response. */
static void peek_authenticate(Bytes line, size_t at, SentLine *sent)
{
    Bytes argument = bytes_sub(line, at, line.len);
    const SaslMechanism *mechanism = sasl_mechanism_find(bytes_trim(argument));
    sent->mechanism = mechanism ? mechanism->name : NULL;
    if (!mechanism && argument.len > 1) {
        grammar_secret_from(line, at, true, sent);
    }
}

static void command(const Dialogue *d, Bytes line, SentLine *sent, Pending *pending)
{
    size_t at = grammar_verb(line, sent, pending);
    (void)d;
    pending->tls = sent->asks_tls = !strcmp(sent->verb, "STARTTLS");
    sent->quits = !strcmp(sent->verb, "QUIT");
    if (!strcmp(sent->verb, "AUTHENTICATE")) {
        peek_authenticate(line, at, sent);
    } else {
        grammar_secret_commands(line, secrets, sent);
    }
}

static void command_sent(Dialogue *d, Bytes line, Pending *pending)
{
    (void)line;
    if (pending->tls) {
        grammar_push(d, pending);
    }
}

static bool is_one_of(Bytes command_word, const char *const *words)
{
    for (; *words; words++) {
        if (bytes_equal_ci(command_word, *words)) {
            return true;
        }
    }
    return false;
}

static void receive(Dialogue *d, Bytes unit, ReceivedUnit *ret)
{
    static const char *const refusals[] = {"691", "421", "451", NULL};
    IrcMessage message;
    grammar_answers(d, ret);
    bool parsed = irc_parse(unit, &message);
    if (!grammar_front(d) || !parsed) {
        ret->unsolicited = true;
        d->bye |= parsed && bytes_equal_ci(message.command, "ERROR");
        return;
    }
    if (bytes_equal_ci(message.command, "670")) {
        ret->outcome = OUTCOME_OK;
        d->handshake = true;
        grammar_done(d, ret);
    } else if (is_one_of(message.command, refusals)) {
        ret->outcome = OUTCOME_REFUSED;
        grammar_done(d, ret);
    } else {
        ret->unsolicited = true;
    }
}

static const char *const commands[] = {
    "CAP",     "STARTTLS", "AUTHENTICATE", "PASS",  "NICK", "USER",   "JOIN",    "PART",
    "PRIVMSG", "NOTICE",   "PING",         "PONG",  "MOTD", "LUSERS", "VERSION", "LIST",
    "NAMES",   "WHO",      "WHOIS",        "TOPIC", "MODE", "OPER",   "QUIT",    NULL};

const DialogueGrammar grammar_irc = {
    .commands = commands,
    .command = command,
    .command_sent = command_sent,
    .receive = receive,
};
