/* smtp_mail.c: one transaction is one or two flights. With PIPELINING everything up to where an
 * answer is needed leaves in one write; with CHUNKING that includes a short text. */
#include "proto/smtp_mail.h"

#include <inttypes.h>
#include <string.h>

#include "base/escape.h"
#include "proto/code_reply.h"
#include "proto/smtp_path.h"
#include "proto/smtp_text.h"

enum {
    ONE_FLIGHT_MAX =
        256 * 1024,    /* a text not longer than this goes along before MAIL is answered */
    AWAITED_MAX = 200, /* replies outstanding: all fit into the buffers of any connection, so that
                          neither side waits for the other to read (RFC 2920 3.1) */
    SHOWN_MAX = 200,
    END_SECONDS = 600, /* RFC 5321 4.5.3.2.6 */
    CODE_CLOSING = 421,
    CODE_TOO_MANY = 452, /* RFC 5321 4.5.3.1.10 */
};

typedef struct {
    SmtpRecipient *recipient;
    bool accepted; /* by the reply to RCPT */
    bool too_many; /* it was one more than the server takes at once */
} Leg;

typedef struct Transaction Transaction;

/* A reply that is still to come. */
typedef struct {
    bool (*heard)(Transaction *t, Leg *leg, const CodeReply *reply, GError **error);
    Leg *leg;      /* or NULL */
    char *awaited; /* for the message of a wait that fails */
} Awaited;

struct Transaction {
    Session *s;
    SmtpMail *mail;
    SmtpMailResult *result;
    SmtpOffers offers;
    bool pipelining, chunking;
    Leg *legs;
    size_t n_legs, accepted;
    bool mail_ok, data_ok;
    bool text_sent; /* all of it has left: from here on silence means UNKNOWN */
    bool ended;     /* and was answered, or is not to be sent */
    GQueue awaited; /* of Awaited */
};

void smtp_answer_clear(SmtpAnswer *answer)
{
    g_free(answer->text);
    *answer = (SmtpAnswer){0};
}

void smtp_mail_result_clear(SmtpMailResult *result)
{
    smtp_answer_clear(&result->mail);
    smtp_answer_clear(&result->data);
    smtp_answer_clear(&result->end);
}

static void keep(SmtpAnswer *answer, const CodeReply *reply)
{
    smtp_answer_clear(answer);
    answer->code = (unsigned)reply->code;
    memcpy(answer->enhanced, reply->enhanced, sizeof answer->enhanced);
    answer->text = g_strdup(reply->text->str);
}

static SmtpFate fate_of(int code)
{
    return code < 400 ? SMTP_ACCEPTED : code < 500 ? SMTP_LATER : SMTP_REFUSED;
}

static void decide(Leg *leg, const CodeReply *reply, SmtpFate fate)
{
    leg->accepted = false;
    leg->recipient->fate = fate;
    keep(&leg->recipient->answer, reply);
}

/* What was said to the whole is said to everyone who had not been answered for yet. */
static void decide_open(Transaction *t, const CodeReply *reply, SmtpFate fate)
{
    for (size_t i = 0; i < t->n_legs; i++) {
        if (t->legs[i].recipient->fate == SMTP_NOT_TRIED) {
            decide(&t->legs[i], reply, fate);
        }
    }
}

static bool unexpected(const CodeReply *reply, const char *to, GError **error)
{
    g_autofree char *words = code_reply_words(reply);
    g_autofree char *shown = escape_line_max(bytes_of(words), SHOWN_MAX);
    return error_fail(error, POSTERN_ERROR_PROTOCOL, "\"%s\" is no answer to %s", shown, to);
}

/* --- hearing --- */

static bool heard_mail(Transaction *t, Leg *leg, const CodeReply *reply, GError **error)
{
    (void)leg;
    keep(&t->result->mail, reply);
    if (reply->code >= 300 && reply->code < 400) {
        return unexpected(reply, "MAIL", error);
    }
    t->mail_ok = reply->code < 300;
    if (!t->mail_ok) {
        decide_open(t, reply, fate_of(reply->code));
    }
    return true;
}

static bool heard_rcpt(Transaction *t, Leg *leg, const CodeReply *reply, GError **error)
{
    if (reply->code >= 300 && reply->code < 400) {
        return unexpected(reply, "RCPT", error);
    }
    if (!t->mail_ok) {
        return true; /* "503 need MAIL": the answer to MAIL is the one that counts */
    }
    if (reply->code < 300) {
        leg->accepted = true;
        t->accepted++;
        keep(&leg->recipient->answer, reply);
    } else {
        decide(leg, reply, fate_of(reply->code));
        leg->too_many = reply->code == CODE_TOO_MANY;
    }
    return true;
}

static bool heard_data(Transaction *t, Leg *leg, const CodeReply *reply, GError **error)
{
    (void)leg;
    keep(&t->result->data, reply);
    if (reply->code < 300) {
        return unexpected(reply, "DATA", error);
    }
    t->data_ok = reply->code < 400;
    if (!t->data_ok && t->accepted) {
        decide_open(t, reply, fate_of(reply->code));
    }
    t->ended = !t->data_ok;
    return true;
}

/* To the whole text: SMTP. */
static bool heard_end(Transaction *t, Leg *leg, const CodeReply *reply, GError **error)
{
    (void)leg;
    keep(&t->result->end, reply);
    if (reply->code >= 300 && reply->code < 400) {
        return unexpected(reply, "the end of the text", error);
    }
    t->ended = true;
    if (t->accepted) { /* else it says that nobody was there to get it */
        decide_open(t, reply, fate_of(reply->code));
    }
    return true;
}

/* For one recipient: LMTP (RFC 2033 4.2). */
static bool heard_end_for(Transaction *t, Leg *leg, const CodeReply *reply, GError **error)
{
    keep(&t->result->end, reply);
    if (reply->code >= 300 && reply->code < 400) {
        return unexpected(reply, "the end of the text", error);
    }
    t->ended = true;
    decide(leg, reply, fate_of(reply->code));
    return true;
}

/* "421 closing": nothing that is undecided will be taken any more. */
static bool closing(Transaction *t, const CodeReply *reply, GError **error)
{
    decide_open(t, reply, SMTP_LATER);
    g_autofree char *words = code_reply_words(reply);
    g_autofree char *shown = escape_line_max(bytes_of(words), SHOWN_MAX);
    return error_fail(error, POSTERN_ERROR_TEMPFAIL, "the server closes the session: \"%s\"",
                      shown);
}

static void awaited_free(Awaited *a)
{
    g_free(a->awaited);
    g_free(a);
}

static bool hear(Transaction *t, GError **error)
{
    Awaited *a = g_queue_pop_head(&t->awaited);
    g_auto(CodeReply) reply = {0};
    wire_await(t->s->wire, a->awaited);
    bool ok = code_reply(t->s->wire, false, &reply, error);
    if (ok && reply.code < 200) {
        ok = unexpected(&reply, a->awaited, error);
    } else if (ok) {
        ok = a->heard(t, a->leg, &reply, error) &&
             (reply.code != CODE_CLOSING || closing(t, &reply, error));
    }
    awaited_free(a);
    return ok;
}

static bool hear_all(Transaction *t, GError **error)
{
    if (!wire_release(t->s->wire, error)) {
        return false;
    }
    while (!g_queue_is_empty(&t->awaited)) {
        if (!hear(t, error)) {
            return false;
        }
    }
    if (t->pipelining) {
        wire_hold(t->s->wire);
    }
    return true;
}

static void await(Transaction *t, const char *to,
                  bool (*heard)(Transaction *, Leg *, const CodeReply *, GError **), Leg *leg)
{
    Awaited *a = g_new0(Awaited, 1);
    g_autofree char *shown = escape_line_max(bytes_of(to), SHOWN_MAX);
    *a = (Awaited){heard, leg, g_strdup_printf("a reply to %s", shown)};
    g_queue_push_tail(&t->awaited, a);
}

/* Says one command; without pipelining its answer is heard at once. */
static bool say(Transaction *t, const char *command,
                bool (*heard)(Transaction *, Leg *, const CodeReply *, GError **), Leg *leg,
                GError **error)
{
    if (!wire_send_line(t->s->wire, bytes_of(command), error)) {
        return false;
    }
    await(t, command, heard, leg);
    bool now = !t->pipelining || g_queue_get_length(&t->awaited) >= AWAITED_MAX;
    return !now || hear_all(t, error);
}

/* --- saying --- */

static char *mail_command(const Transaction *t)
{
    const SmtpMail *mail = t->mail;
    GString *line = g_string_new(NULL);
    g_string_printf(line, "MAIL FROM:<%s>", mail->sender);
    if (t->offers.size) {
        g_string_append_printf(line, " SIZE=%zu", mail->text.len);
    }
    if (mail->eight_bit && t->offers.eight_bit) {
        g_string_append(line, " BODY=8BITMIME");
    }
    if (mail->smtputf8) {
        g_string_append(line, " SMTPUTF8");
    }
    if (mail->require_tls) {
        g_string_append(line, " REQUIRETLS");
    }
    if (mail->ret && t->offers.dsn) {
        g_string_append_printf(line, " RET=%s", mail->ret);
    }
    if (mail->envid && t->offers.dsn) {
        g_autofree char *encoded = smtp_xtext(mail->envid);
        g_string_append_printf(line, " ENVID=%s", encoded);
    }
    if (mail->auth && t->offers.auth) {
        g_autofree char *encoded = smtp_xtext(mail->auth);
        g_string_append_printf(line, " AUTH=%s", encoded);
    }
    return g_string_free(line, FALSE);
}

static char *rcpt_command(const Transaction *t, const SmtpRecipient *recipient)
{
    GString *line = g_string_new(NULL);
    g_string_printf(line, "RCPT TO:<%s>", recipient->address);
    if (recipient->notify && t->offers.dsn) {
        g_string_append_printf(line, " NOTIFY=%s", recipient->notify);
    }
    if (recipient->orcpt && t->offers.dsn) {
        const char *semicolon = strchr(recipient->orcpt, ';');
        const char *address = semicolon ? semicolon + 1 : recipient->orcpt;
        g_autofree char *encoded = smtp_xtext(address);
        g_string_append_printf(line, " ORCPT=%.*s%s", (int)(address - recipient->orcpt),
                               recipient->orcpt, encoded);
    }
    return g_string_free(line, FALSE);
}

static bool is_lmtp(const Transaction *t)
{
    return t->s->proto == &proto_lmtp;
}

/* LMTP answers for each recipient that it took; both answer once when there is none. */
static void await_end(Transaction *t)
{
    if (!is_lmtp(t) || !t->accepted) {
        await(t, "the end of the text", heard_end, NULL);
        return;
    }
    for (size_t i = 0; i < t->n_legs; i++) {
        if (t->legs[i].accepted) {
            g_autofree char *what =
                g_strdup_printf("the end of the text for <%s>", t->legs[i].recipient->address);
            await(t, what, heard_end_for, &t->legs[i]);
        }
    }
}

static bool put_chunk(Transaction *t, GError **error)
{
    return wire_sendf(t->s->wire, error, "BDAT %zu LAST", t->mail->text.len) &&
           (!t->mail->text.len || wire_send_bytes(t->s->wire, t->mail->text, false, error));
}

/* Waiting for the verdict takes as long as the server's filters need, unless we were told how long
 * to wait. */
static bool hear_end(Transaction *t, GError **error)
{
    Wire *w = t->s->wire;
    double usual = wire_timeout(w);
    wire_set_timeout(w, t->s->plan->timeout > 0 ? usual : MAX(usual, END_SECONDS));
    bool ok = wire_release(w, error);
    t->text_sent |= ok;
    ok = ok && hear_all(t, error);
    wire_set_timeout(w, usual);
    return ok;
}

/* May the text leave before the envelope is answered? */
static bool in_one_flight(const Transaction *t)
{
    return t->pipelining && t->chunking && !t->mail->all_or_none && !t->mail->stop && !is_lmtp(t) &&
           t->mail->text.len <= ONE_FLIGHT_MAX && t->n_legs < AWAITED_MAX - 2;
}

static bool say_envelope(Transaction *t, GError **error)
{
    g_autofree char *mail = mail_command(t);
    if (t->pipelining) {
        wire_hold(t->s->wire);
    }
    if (!say(t, mail, heard_mail, NULL, error)) {
        return false;
    }
    if (t->mail->stop == SMTP_STOP_AFTER_MAIL) {
        return hear_all(t, error);
    }
    for (size_t i = 0; i < t->n_legs; i++) {
        /* Once MAIL's answer is known to be a no, the rest need not be said. */
        bool known = g_queue_is_empty(&t->awaited);
        if (known && !t->mail_ok) {
            return true;
        }
        g_autofree char *rcpt = rcpt_command(t, t->legs[i].recipient);
        if (!say(t, rcpt, heard_rcpt, &t->legs[i], error)) {
            return false;
        }
    }
    return true;
}

/* Is somebody there to get the text, and is it to be sent? */
static bool wanted(const Transaction *t)
{
    return t->mail_ok && t->accepted && !(t->mail->all_or_none && t->accepted < t->n_legs) &&
           t->mail->stop != SMTP_STOP_AFTER_MAIL && t->mail->stop != SMTP_STOP_AFTER_RCPT;
}

static bool send_chunk(Transaction *t, GError **error)
{
    if (!put_chunk(t, error)) {
        return false;
    }
    await_end(t);
    return hear_end(t, error);
}

/* Behind a 354. When nobody was accepted the lone dot ends what should not have begun (RFC 2920
 * 3.1). */
static bool send_dotted(Transaction *t, GError **error)
{
    if (t->mail->stop == SMTP_STOP_AFTER_DATA) {
        return true;
    }
    wire_hold(t->s->wire);
    if (!smtp_text_send(t->s->wire, wanted(t) ? t->mail->text : BYTES_NONE, error)) {
        return false;
    }
    await_end(t);
    return hear_end(t, error);
}

static bool send_data(Transaction *t, GError **error)
{
    return say(t, "DATA", heard_data, NULL, error) && hear_all(t, error) &&
           (!t->data_ok || send_dotted(t, error));
}

static bool converse(Transaction *t, GError **error)
{
    if (!say_envelope(t, error)) {
        return false;
    }
    if (in_one_flight(t)) {
        if (!put_chunk(t, error)) {
            return false;
        }
        await_end(t);
        return hear_end(t, error);
    }
    /* DATA may be asked along with the envelope: it does no harm when nobody is accepted. */
    bool along = t->pipelining && !t->chunking && !t->mail->all_or_none && !t->mail->stop;
    if (along) {
        return send_data(t, error);
    }
    if (!hear_all(t, error)) {
        return false;
    }
    if (!wanted(t)) {
        return true;
    }
    bool chunk = t->chunking && t->mail->stop != SMTP_STOP_AFTER_DATA;
    return chunk ? send_chunk(t, error) : send_data(t, error);
}

/* --- the end --- */

static bool reset(Transaction *t, GError **error)
{
    g_auto(CodeReply) reply = {0};
    if (!wire_sendf(t->s->wire, error, "RSET") || !code_reply(t->s->wire, false, &reply, error)) {
        return false;
    }
    return reply.code != CODE_CLOSING || closing(t, &reply, error);
}

/* The transaction broke. What was accepted as far as RCPT is undecided; once the text had left, it
 * may have been taken. */
static void broken(Transaction *t)
{
    bool maybe = t->text_sent && !t->ended && (t->mail_ok || !t->result->mail.code);
    for (size_t i = 0; i < t->n_legs; i++) {
        SmtpRecipient *r = t->legs[i].recipient;
        if (r->fate == SMTP_NOT_TRIED && (maybe || (t->text_sent && t->legs[i].accepted))) {
            r->fate = SMTP_UNKNOWN;
        }
    }
}

/* Has the server forgotten the transaction by itself? The verdict on a text behind DATA ends it
 * either way (RFC 5321 4.1.1.4); behind BDAT a no leaves it open (RFC 3030 2). */
static bool completed(const Transaction *t)
{
    if (!t->ended || !t->result->end.code) {
        return false;
    }
    bool taken = false;
    for (size_t i = 0; i < t->n_legs; i++) {
        taken |= t->legs[i].recipient->fate == SMTP_ACCEPTED;
    }
    return taken || t->data_ok;
}

static bool finish(Transaction *t, bool ok, GError **error)
{
    g_queue_clear_full(&t->awaited, (GDestroyNotify)awaited_free);
    if (!ok) {
        broken(t);
        return false;
    }
    if (!wire_release(t->s->wire, error)) { /* nothing is left to send: this ends the gathering */
        return false;
    }
    if (t->mail->stop == SMTP_STOP_AFTER_DATA && t->data_ok) {
        return true; /* inside the text no command is heard */
    }
    return completed(t) || reset(t, error);
}

static bool run(Session *s, SmtpMail *mail, SmtpMailResult *result, Leg *legs, size_t n,
                GError **error)
{
    SmtpOffers offers = smtp_offers(s->caps);
    Transaction t = {
        .s = s,
        .mail = mail,
        .result = result,
        .offers = offers,
        .pipelining = offers.pipelining && !mail->no_pipelining,
        .chunking = offers.chunking && !mail->no_chunking,
        .legs = legs,
        .n_legs = n,
        .awaited = G_QUEUE_INIT,
    };
    smtp_mail_result_clear(result);
    result->transactions++;
    return finish(&t, converse(&t, error), error);
}

/* --- what fits --- */

static bool lacks(const char *what, GError **error)
{
    return error_fail(error, POSTERN_ERROR_DATA, "the server does not offer %s: nothing was sent",
                      what);
}

static bool addresses_fit(const SmtpMail *mail, bool smtputf8, GError **error)
{
    if (!smtp_path_check(mail->sender, smtputf8, error)) {
        return error_prefix(error, "the sender");
    }
    for (size_t i = 0; i < mail->n_recipients; i++) {
        const char *address = mail->recipients[i].address;
        if (!*address) {
            return error_fail(error, POSTERN_ERROR_DATA, "a recipient is empty");
        }
        if (!smtp_path_check(address, smtputf8, error)) {
            return error_prefix(error, "a recipient");
        }
    }
    return true;
}

bool smtp_mail_fits(const Session *s, const SmtpMail *mail, GError **error)
{
    SmtpOffers offers = smtp_offers(s->caps);
    if (mail->smtputf8 && !offers.smtputf8) {
        return lacks("SMTPUTF8, which this message's addresses or header need", error);
    }
    if (mail->eight_bit && !offers.eight_bit) {
        return lacks("8BITMIME, and the text has octets above 127", error);
    }
    if (mail->require_tls && !(offers.require_tls && wire_encrypted(s->wire))) {
        return lacks("REQUIRETLS over TLS (RFC 8689), which was asked for", error);
    }
    if (offers.size_max && mail->text.len > offers.size_max) {
        return error_fail(error, POSTERN_ERROR_DATA,
                          "the message has %zu octets, and the server takes at most %" PRIu64
                          ": nothing was sent",
                          mail->text.len, offers.size_max);
    }
    if (mail->all_or_none && offers.rcpt_max && mail->n_recipients > offers.rcpt_max) {
        return error_fail(error, POSTERN_ERROR_DATA,
                          "the server takes at most %" PRIu64
                          " recipients at a time, so %zu cannot be all or none: nothing was sent",
                          offers.rcpt_max, mail->n_recipients);
    }
    return addresses_fit(mail, mail->smtputf8 && offers.smtputf8, error) &&
           smtp_text_check(mail->text, error);
}

/* --- rounds --- */

static size_t count_accepted(const SmtpMail *mail)
{
    size_t n = 0;
    for (size_t i = 0; i < mail->n_recipients; i++) {
        n += mail->recipients[i].fate == SMTP_ACCEPTED;
    }
    return n;
}

static const char *domain_of(const SmtpRecipient *r)
{
    const char *at = strrchr(r->address, '@');
    return at ? at + 1 : "";
}

/* Is there room for this one's domain among the first n legs? A limit of 0 is none (RFC 9422 4.3).
 */
static bool domain_fits(const Leg *legs, size_t n, const SmtpRecipient *r, uint64_t max)
{
    uint64_t others = 0;
    for (size_t i = 0; max && i < n; i++) {
        const char *domain = domain_of(legs[i].recipient);
        if (!g_ascii_strcasecmp(domain, domain_of(r))) {
            return true;
        }
        bool seen = i && !g_ascii_strcasecmp(domain, domain_of(legs[i - 1].recipient));
        others += !seen;
    }
    return !max || others < max;
}

/* Who has not been asked yet. Of a domain that comes back after another, the room is counted twice:
 * that costs a transaction, no more. */
static size_t next_round(SmtpMail *mail, Leg *legs, size_t max, uint64_t domains_max)
{
    size_t n = 0;
    for (size_t i = 0; i < mail->n_recipients && n < max; i++) {
        SmtpRecipient *r = &mail->recipients[i];
        bool left = r->fate == SMTP_NOT_TRIED && !r->answer.code;
        if (left && domain_fits(legs, n, r, domains_max)) {
            legs[n++] = (Leg){.recipient = r};
        }
    }
    return n;
}

/* Those who were too many while others were taken have their turn in the next transaction. */
static void put_back(const Leg *legs, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (legs[i].too_many) {
            legs[i].recipient->fate = SMTP_NOT_TRIED;
            smtp_answer_clear(&legs[i].recipient->answer);
        }
    }
}

bool smtp_mail(Session *s, SmtpMail *mail, SmtpMailResult *ret, GError **error)
{
    *ret = (SmtpMailResult){0};
    for (size_t i = 0; i < mail->n_recipients; i++) {
        mail->recipients[i].fate = SMTP_NOT_TRIED;
        smtp_answer_clear(&mail->recipients[i].answer);
    }
    if (!smtp_mail_fits(s, mail, error)) {
        return false;
    }
    SmtpOffers offers = smtp_offers(s->caps);
    size_t max = offers.rcpt_max ? (size_t)offers.rcpt_max : SIZE_MAX;
    g_autofree Leg *legs = g_new0(Leg, mail->n_recipients + 1);
    bool ok = true;
    size_t n;
    while (ok && (n = next_round(mail, legs, max, offers.rcpt_domain_max))) {
        if (mail->all_or_none && n < mail->n_recipients) {
            return error_fail(
                error, POSTERN_ERROR_DATA,
                "the server takes fewer domains at a time, so these recipients cannot "
                "be all or none: nothing was sent");
        }
        size_t before = ret->accepted;
        ok = run(s, mail, ret, legs, n, error);
        ret->accepted = count_accepted(mail);
        if (mail->stop || mail->all_or_none) {
            break;
        }
        if (ret->accepted > before) {
            put_back(legs, n);
        }
    }
    return ok;
}
