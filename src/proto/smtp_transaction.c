/* smtp_transaction.c: one transaction is one or two flights. With PIPELINING everything up to where
 * an answer is needed leaves in one write; with CHUNKING that includes a short text. */
#include "proto/smtp_transaction.h"

#include <string.h>

#include "proto/smtp_heard.h"
#include "proto/smtp_path.h"
#include "proto/smtp_text.h"

enum {
    ONE_FLIGHT_MAX =
        256 * 1024,    /* a text not longer than this goes along before MAIL is answered */
    END_SECONDS = 600, /* RFC 5321 4.5.3.2.6 */
};

static char *mail_command(const SmtpTransaction *t)
{
    const SmtpMail *mail = t->mail;
    GString *line = g_string_new(NULL);
    g_string_printf(line, "MAIL FROM:<%s>", mail->sender);
    if (t->offers->size) {
        g_string_append_printf(line, " SIZE=%zu", mail->text.len);
    }
    if (mail->eight_bit && t->offers->eight_bit) {
        g_string_append(line, " BODY=8BITMIME");
    }
    if (mail->smtputf8) {
        g_string_append(line, " SMTPUTF8");
    }
    if (mail->require_tls) {
        g_string_append(line, " REQUIRETLS");
    }
    if (mail->ret && t->offers->dsn) {
        g_string_append_printf(line, " RET=%s", mail->ret);
    }
    if (mail->envid && t->offers->dsn) {
        g_autofree char *encoded = smtp_xtext(mail->envid);
        g_string_append_printf(line, " ENVID=%s", encoded);
    }
    if (mail->auth && t->offers->auth) {
        g_autofree char *encoded = smtp_xtext(mail->auth);
        g_string_append_printf(line, " AUTH=%s", encoded);
    }
    return g_string_free(line, FALSE);
}

static char *rcpt_command(const SmtpTransaction *t, const SmtpRecipient *recipient)
{
    GString *line = g_string_new(NULL);
    g_string_printf(line, "RCPT TO:<%s>", recipient->address);
    if (recipient->notify && t->offers->dsn) {
        g_string_append_printf(line, " NOTIFY=%s", recipient->notify);
    }
    if (recipient->orcpt && t->offers->dsn) {
        const char *semicolon = strchr(recipient->orcpt, ';');
        const char *address = semicolon ? semicolon + 1 : recipient->orcpt;
        g_autofree char *encoded = smtp_xtext(address);
        g_string_append_printf(line, " ORCPT=%.*s%s", (int)(address - recipient->orcpt),
                               recipient->orcpt, encoded);
    }
    return g_string_free(line, FALSE);
}

static bool is_lmtp(const SmtpTransaction *t)
{
    return t->s->proto == &proto_lmtp;
}

/* LMTP answers for each recipient that it took; both answer once when there is none. */
static void await_end(SmtpTransaction *t)
{
    if (!is_lmtp(t) || !t->accepted) {
        smtp_await(t, "the end of the text", smtp_heard_end, NULL);
        return;
    }
    for (size_t i = 0; i < t->n_legs; i++) {
        if (t->legs[i].accepted) {
            g_autofree char *what =
                g_strdup_printf("the end of the text for <%s>", t->legs[i].recipient->address);
            smtp_await(t, what, smtp_heard_end_for, &t->legs[i]);
        }
    }
}

static bool put_chunk(SmtpTransaction *t, GError **error)
{
    return wire_sendf(t->s->wire, error, "BDAT %zu LAST", t->mail->text.len) &&
           (!t->mail->text.len || wire_send_bytes(t->s->wire, t->mail->text, false, error));
}

/* Waiting for the verdict takes as long as the server's filters need, unless we were told how long
 * to wait. */
static bool hear_end(SmtpTransaction *t, GError **error)
{
    Wire *w = t->s->wire;
    double usual = wire_timeout(w);
    wire_set_timeout(w, t->s->plan->timeout > 0 ? usual : MAX(usual, END_SECONDS));
    bool ok = wire_release(w, error);
    t->text_sent |= ok;
    ok = ok && smtp_hear_all(t, error);
    wire_set_timeout(w, usual);
    return ok;
}

/* May the text leave before the envelope is answered? */
static bool in_one_flight(const SmtpTransaction *t)
{
    return t->pipelining && t->chunking && !t->mail->all_or_none && !t->mail->stop && !is_lmtp(t) &&
           t->mail->text.len <= ONE_FLIGHT_MAX && t->n_legs < SMTP_AWAITED_MAX - 2;
}

static bool say_envelope(SmtpTransaction *t, GError **error)
{
    g_autofree char *mail = mail_command(t);
    if (t->pipelining) {
        wire_hold(t->s->wire);
    }
    if (!smtp_say(t, mail, smtp_heard_mail, NULL, error)) {
        return false;
    }
    if (t->mail->stop == SMTP_STOP_AFTER_MAIL) {
        return smtp_hear_all(t, error);
    }
    for (size_t i = 0; i < t->n_legs; i++) {
        /* Once MAIL's answer is known to be a no, the rest need not be said. */
        bool known = g_queue_is_empty(&t->awaited);
        if (known && !t->mail_ok) {
            return true;
        }
        g_autofree char *rcpt = rcpt_command(t, t->legs[i].recipient);
        if (!smtp_say(t, rcpt, smtp_heard_rcpt, &t->legs[i], error)) {
            return false;
        }
    }
    return true;
}

/* Is somebody there to get the text, and is it to be sent? */
static bool wanted(const SmtpTransaction *t)
{
    return t->mail_ok && t->accepted && !(t->mail->all_or_none && t->accepted < t->n_legs) &&
           t->mail->stop != SMTP_STOP_AFTER_MAIL && t->mail->stop != SMTP_STOP_AFTER_RCPT;
}

static bool send_chunk(SmtpTransaction *t, GError **error)
{
    if (!put_chunk(t, error)) {
        return false;
    }
    await_end(t);
    return hear_end(t, error);
}

/* Behind a 354. When nobody was accepted the lone dot ends what should not have begun (RFC 2920
 * 3.1). */
static bool send_dotted(SmtpTransaction *t, GError **error)
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

static bool send_data(SmtpTransaction *t, GError **error)
{
    return smtp_say(t, "DATA", smtp_heard_data, NULL, error) && smtp_hear_all(t, error) &&
           (!t->data_ok || send_dotted(t, error));
}

static bool converse(SmtpTransaction *t, GError **error)
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
    if (!smtp_hear_all(t, error)) {
        return false;
    }
    if (!wanted(t)) {
        return true;
    }
    bool chunk = t->chunking && t->mail->stop != SMTP_STOP_AFTER_DATA;
    return chunk ? send_chunk(t, error) : send_data(t, error);
}

/* --- the end --- */

static bool reset(SmtpTransaction *t, GError **error)
{
    g_auto(CodeReply) reply = {0};
    if (!wire_sendf(t->s->wire, error, "RSET") || !code_reply(t->s->wire, false, &reply, error)) {
        return false;
    }
    return smtp_stays_open(t, &reply, error);
}

/* The transaction broke. What was accepted as far as RCPT is undecided; once the text had left, it
 * may have been taken. */
static void broken(SmtpTransaction *t)
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
static bool completed(const SmtpTransaction *t)
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

static bool finish(SmtpTransaction *t, bool ok, GError **error)
{
    g_queue_clear_full(&t->awaited, (GDestroyNotify)smtp_awaited_free);
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

bool smtp_transaction(Session *s, const SmtpRound *round, SmtpMailResult *result, GError **error)
{
    const SmtpOffers *offers = round->offers;
    SmtpTransaction t = {
        .s = s,
        .mail = round->mail,
        .result = result,
        .offers = offers,
        .pipelining = offers->pipelining && !round->mail->no_pipelining,
        .chunking = offers->chunking && !round->mail->no_chunking,
        .legs = round->legs,
        .n_legs = round->n,
        .awaited = G_QUEUE_INIT,
    };
    smtp_mail_result_clear(result);
    result->transactions++;
    s->mails++;
    return finish(&t, converse(&t, error), error);
}
