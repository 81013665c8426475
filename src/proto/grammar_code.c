/* grammar_code.c: dialogues of three-digit replies: SMTP and LMTP, FTP, NNTP. */
#include <string.h>

#include "proto/code_parse.h"
#include "proto/dialogue_grammar.h"

/* --- what the server says --- */

static Outcome outcome_of(int code)
{
    static const Outcome by_class[] = {OUTCOME_NONE,     OUTCOME_OK,        OUTCOME_OK,
                                       OUTCOME_CONTINUE, OUTCOME_TEMPORARY, OUTCOME_REFUSED};
    return by_class[MIN(code / 100, 5)];
}

/* One line of a reply told: false when it is none, or not the last of its reply. */
static bool last_line(Dialogue *d, Bytes unit, bool ftp, CodeLine *line, ReceivedUnit *ret)
{
    bool parsed = code_parse_line(unit, line);
    if (ftp && d->multi_code && (!parsed || line->code != d->multi_code)) {
        ret->code = d->multi_code; /* in the middle anything goes (RFC 959 section 4.2) */
        return false;
    }
    if (!parsed) {
        return false;
    }
    ret->code = line->code;
    memcpy(ret->enhanced, line->enhanced, sizeof ret->enhanced);
    d->multi_code = line->more ? line->code : 0;
    ret->outcome = outcome_of(line->code);
    return !line->more;
}

/* What a yes to STARTTLS and QUIT means. */
static void take_milestones(Dialogue *d, const Pending *front, ReceivedUnit *ret)
{
    bool yes = ret->outcome == OUTCOME_OK;
    if (yes && front->tls && !ret->unsolicited) {
        d->handshake = true;
    }
    if (yes && front->quits) {
        d->bye = true;
        ret->outcome = OUTCOME_BYE;
    }
}

static void receive_smtp(Dialogue *d, Bytes unit, ReceivedUnit *ret)
{
    CodeLine line;
    Pending *front = grammar_answers(d, ret);
    if (!last_line(d, unit, false, &line, ret)) {
        return;
    }
    d->bye |= line.code == 421; /* "closing": at any time (RFC 5321 section 3.8) */
    take_milestones(d, front, ret);
    d->recipients += line.code / 10 == 25 && !strcmp(front->verb, "RCPT");
    if (line.code == 334 && front->auth) {
        grammar_hold_for_response(d, line.text, ret);
    } else if (line.code == 354 && !ret->unsolicited) {
        front->replies =
            d->proto->grammar == &grammar_lmtp && d->recipients ? d->recipients - 1 : 0;
        grammar_hold_for_body(d, ret);
    } else if (front->replies) {
        front->replies--;
    } else {
        grammar_done(d, ret);
    }
}

static void receive_ftp(Dialogue *d, Bytes unit, ReceivedUnit *ret)
{
    CodeLine line;
    Pending *front = grammar_answers(d, ret);
    if (!last_line(d, unit, true, &line, ret)) {
        ret->is_body = d->multi_code && !code_parse_line(unit, &line);
        return;
    }
    d->bye |= line.code == 421;
    take_milestones(d, front, ret);
    if (line.code < 200) {
        ret->outcome = OUTCOME_NONE; /* preliminary: another follows */
        return;
    }
    grammar_done(d, ret);
}

/* Replies that a body follows (RFC 3977 section 3.2; 231 and 282 of others). 211 is one for
 * LISTGROUP only. */
static bool nntp_has_body(int code, const Pending *front)
{
    static const int codes[] = {100, 101, 215, 220, 221, 222, 224, 225, 230, 231, 282};
    for (size_t i = 0; i < G_N_ELEMENTS(codes); i++) {
        if (codes[i] == code) {
            return true;
        }
    }
    return code == 211 && front->body;
}

static Outcome nntp_outcome(int code)
{
    if (code == 400 || code == 403 || code == 436) {
        return OUTCOME_TEMPORARY;
    }
    return code >= 400 ? OUTCOME_REFUSED : outcome_of(code);
}

static void receive_nntp(Dialogue *d, Bytes unit, ReceivedUnit *ret)
{
    CodeLine line;
    Pending *front = grammar_answers(d, ret);
    if (d->in_body) {
        ret->is_body = true;
        ret->ends_body = bytes_equal(unit, BYTES_LITERAL("."));
        if (ret->ends_body) {
            d->in_body = false;
            grammar_done(d, ret);
        }
        return;
    }
    if (!last_line(d, unit, false, &line, ret)) {
        return;
    }
    ret->outcome = nntp_outcome(line.code);
    d->bye |= line.code == 400 || (ret->unsolicited && line.code == 205);
    if (line.code == 382 && front->tls) {
        ret->outcome = OUTCOME_OK;
    }
    take_milestones(d, front, ret);
    if (line.code == 383 && front->auth) {
        grammar_hold_for_response(d, line.text, ret);
    } else if ((line.code == 340 || line.code == 335) && !ret->unsolicited) {
        grammar_hold_for_body(d, ret);
    } else if (nntp_has_body(line.code, front) && !ret->unsolicited) {
        d->in_body = true;
    } else {
        grammar_done(d, ret);
    }
}

/* --- what a person types --- */

static const SecretCommand secrets[] = {
    {"PASS", 0, true}, {"AUTHINFO PASS", 0, true}, {"ACCT", 0, true}, {NULL, 0, false}};

static bool second_word_is(Bytes line, size_t at, const char *word)
{
    Bytes rest = bytes_sub(line, at, line.len);
    return bytes_equal_ci(bytes_word(&rest), word);
}

static void command_smtp(const Dialogue *d, Bytes line, SentLine *sent, Pending *pending)
{
    size_t at = grammar_verb(line, sent, pending);
    (void)d;
    pending->tls = sent->asks_tls = !strcmp(sent->verb, "STARTTLS");
    pending->quits = sent->quits = !strcmp(sent->verb, "QUIT");
    if (!strcmp(sent->verb, "AUTH") && at < line.len) {
        grammar_auth(line, at, sent, pending);
    }
}

static void command_ftp(const Dialogue *d, Bytes line, SentLine *sent, Pending *pending)
{
    size_t at = grammar_verb(line, sent, pending);
    (void)d;
    pending->quits = sent->quits = !strcmp(sent->verb, "QUIT");
    pending->tls = sent->asks_tls =
        !strcmp(sent->verb, "AUTH") &&
        (second_word_is(line, at, "TLS") || second_word_is(line, at, "SSL"));
    grammar_secret_commands(line, secrets, sent);
}

static void command_nntp(const Dialogue *d, Bytes line, SentLine *sent, Pending *pending)
{
    size_t at = grammar_verb(line, sent, pending);
    (void)d;
    pending->tls = sent->asks_tls = !strcmp(sent->verb, "STARTTLS");
    pending->quits = sent->quits = !strcmp(sent->verb, "QUIT");
    pending->body = !strcmp(sent->verb, "LISTGROUP");
    if (!strcmp(sent->verb, "AUTHINFO") && second_word_is(line, at, "SASL")) {
        grammar_auth(line, grammar_word_at(line, at, 1), sent, pending);
    } else {
        grammar_secret_commands(line, secrets, sent);
    }
}

static bool starts_transaction(const Pending *pending)
{
    return !strcmp(pending->verb, "MAIL") || !strcmp(pending->verb, "RSET") ||
           !strcmp(pending->verb, "LHLO");
}

/* BDAT SIZE [LAST]: the chunk follows at once (RFC 3030 section 2). */
static void sent_smtp(Dialogue *d, Bytes line, Pending *pending)
{
    Bytes rest = line;
    uint64_t octets;
    if (starts_transaction(pending)) {
        d->recipients = 0;
    }
    bytes_word(&rest);
    bool chunk =
        !strcmp(pending->verb, "BDAT") && bytes_number(bytes_word(&rest), UINT32_MAX, &octets);
    if (chunk && d->proto->grammar == &grammar_lmtp && bytes_equal_ci(rest, "LAST")) {
        pending->replies = d->recipients ? d->recipients - 1 : 0;
    }
    if (chunk && octets) {
        d->held = *pending;
        d->payload = d->by_octets = true;
        d->payload_octets = octets;
        return;
    }
    grammar_push(d, pending);
}

static const char *const smtp_commands[] = {"EHLO", "HELO", "STARTTLS", "AUTH", "MAIL", "RCPT",
                                            "DATA", "BDAT", "RSET",     "NOOP", "VRFY", "EXPN",
                                            "ETRN", "HELP", "QUIT",     NULL};
static const char *const lmtp_commands[] = {"LHLO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA",
                                            "BDAT", "RSET",     "NOOP", "VRFY", "QUIT", NULL};
static const char *const ftp_commands[] = {"USER", "PASS", "ACCT", "AUTH", "PBSZ", "PROT", "CCC",
                                           "FEAT", "SYST", "STAT", "HELP", "NOOP", "PWD",  "CWD",
                                           "CDUP", "TYPE", "PASV", "EPSV", "LIST", "NLST", "MLST",
                                           "MLSD", "SIZE", "MDTM", "RETR", "STOR", "QUIT", NULL};
static const char *const nntp_commands[] = {
    "CAPABILITIES", "MODE",    "STARTTLS",  "AUTHINFO", "GROUP", "LISTGROUP", "LIST", "ARTICLE",
    "HEAD",         "BODY",    "STAT",      "NEXT",     "LAST",  "OVER",      "HDR",  "POST",
    "IHAVE",        "NEWNEWS", "NEWGROUPS", "DATE",     "HELP",  "QUIT",      NULL};

const DialogueGrammar grammar_smtp = {
    .greets = true,
    .commands = smtp_commands,
    .command = command_smtp,
    .command_sent = sent_smtp,
    .receive = receive_smtp,
};

const DialogueGrammar grammar_lmtp = {
    .greets = true,
    .commands = lmtp_commands,
    .command = command_smtp,
    .command_sent = sent_smtp,
    .receive = receive_smtp,
};

const DialogueGrammar grammar_ftp = {
    .greets = true,
    .commands = ftp_commands,
    .command = command_ftp,
    .receive = receive_ftp,
};

const DialogueGrammar grammar_nntp = {
    .greets = true,
    .commands = nntp_commands,
    .command = command_nntp,
    .receive = receive_nntp,
};
