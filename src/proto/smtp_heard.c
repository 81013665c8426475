#include "proto/smtp_heard.h"

#include <string.h>

#include "base/escape.h"

enum {
    SHOWN_MAX = 200,
    CODE_CLOSING = 421,
    CODE_TOO_MANY = 452, /* RFC 5321 4.5.3.1.10 */
};

/* A reply that is still to come. */
struct SmtpAwaited {
    SmtpHeard heard;
    SmtpLeg *leg; /* or NULL */
    char *to;     /* what it answers */
};

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

static void decide(SmtpLeg *leg, const CodeReply *reply, SmtpFate fate)
{
    leg->accepted = false;
    leg->recipient->fate = fate;
    keep(&leg->recipient->answer, reply);
}

/* What was said to the whole is said to everyone who had not been answered for yet. */
static void decide_open(SmtpTransaction *t, const CodeReply *reply, SmtpFate fate)
{
    for (size_t i = 0; i < t->n_legs; i++) {
        if (t->legs[i].recipient->fate == SMTP_NOT_TRIED) {
            decide(&t->legs[i], reply, fate);
        }
    }
}

static bool unexpected(const CodeReply *reply, const char *to, GError **error)
{
    g_autofree char *shown_to = escape_line_max(bytes_of(to), SHOWN_MAX);
    g_autofree char *words = code_reply_words(reply);
    g_autofree char *shown = escape_line_max(bytes_of(words), SHOWN_MAX);
    return error_fail(error, POSTERN_ERROR_PROTOCOL, "\"%s\" is no answer to %s", shown, shown_to);
}

bool smtp_heard_mail(SmtpTransaction *t, SmtpLeg *leg, const CodeReply *reply, GError **error)
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

bool smtp_heard_rcpt(SmtpTransaction *t, SmtpLeg *leg, const CodeReply *reply, GError **error)
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

bool smtp_heard_data(SmtpTransaction *t, SmtpLeg *leg, const CodeReply *reply, GError **error)
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

bool smtp_heard_end(SmtpTransaction *t, SmtpLeg *leg, const CodeReply *reply, GError **error)
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

bool smtp_heard_end_for(SmtpTransaction *t, SmtpLeg *leg, const CodeReply *reply, GError **error)
{
    keep(&t->result->end, reply);
    if (reply->code >= 300 && reply->code < 400) {
        return unexpected(reply, "the end of the text", error);
    }
    t->ended = true;
    decide(leg, reply, fate_of(reply->code));
    return true;
}

bool smtp_stays_open(SmtpTransaction *t, const CodeReply *reply, GError **error)
{
    if (reply->code != CODE_CLOSING) {
        return true;
    }
    decide_open(t, reply, SMTP_LATER);
    g_autofree char *words = code_reply_words(reply);
    g_autofree char *shown = escape_line_max(bytes_of(words), SHOWN_MAX);
    return error_fail(error, POSTERN_ERROR_TEMPFAIL, "the server closes the session: \"%s\"",
                      shown);
}

void smtp_awaited_free(SmtpAwaited *a)
{
    g_free(a->to);
    g_free(a);
}

static bool hear(SmtpTransaction *t, GError **error)
{
    SmtpAwaited *a = g_queue_pop_head(&t->awaited);
    g_auto(CodeReply) reply = {0};
    wire_await_reply(t->s->wire, a->to);
    bool ok = code_reply(t->s->wire, false, &reply, error);
    if (ok && reply.code < 200) {
        ok = unexpected(&reply, a->to, error);
    } else if (ok) {
        ok = a->heard(t, a->leg, &reply, error) && smtp_stays_open(t, &reply, error);
    }
    smtp_awaited_free(a);
    return ok;
}

bool smtp_hear_all(SmtpTransaction *t, GError **error)
{
    if (!wire_release(t->s->wire, error)) {
        return false;
    }
    while (!g_queue_is_empty(&t->awaited)) {
        if (!hear(t, error)) {
            return false;
        }
        if (!g_queue_is_empty(&t->awaited)) {
            /* A server that answers one by one and has not set TCP_NODELAY keeps its next answer
             * back until this one is acknowledged; a delayed ACK makes that 40 ms a message. */
            wire_acknowledge(t->s->wire);
        }
    }
    if (t->pipelining) {
        wire_hold(t->s->wire);
    }
    return true;
}

void smtp_await(SmtpTransaction *t, const char *to, SmtpHeard heard, SmtpLeg *leg)
{
    SmtpAwaited *a = g_new0(SmtpAwaited, 1);
    *a = (SmtpAwaited){heard, leg, g_strdup(to)};
    g_queue_push_tail(&t->awaited, a);
}

bool smtp_say(SmtpTransaction *t, const char *command, SmtpHeard heard, SmtpLeg *leg,
              GError **error)
{
    if (!wire_send_line(t->s->wire, bytes_of(command), error)) {
        return false;
    }
    smtp_await(t, command, heard, leg);
    bool now = !t->pipelining || g_queue_get_length(&t->awaited) >= SMTP_AWAITED_MAX;
    return !now || smtp_hear_all(t, error);
}
