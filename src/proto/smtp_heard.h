/* smtp_heard.h: the replies within a mail transaction: which are still to come, and what each of
 * them decides for whom (RFC 5321 4.3, RFC 2033 4.2). */
#pragma once

#include "proto/code_reply.h"
#include "proto/smtp_transaction.h"

/* Replies outstanding at most: all fit into the buffers of any connection, so that neither side
 * waits for the other to read (RFC 2920 3.1). */
enum { SMTP_AWAITED_MAX = 200 };

typedef struct {
    Session *s;
    SmtpMail *mail;
    SmtpMailResult *result;
    const SmtpOffers *offers;
    bool pipelining, chunking;
    SmtpLeg *legs;
    size_t n_legs, accepted;
    bool mail_ok, data_ok;
    bool text_sent; /* all of it has left: from here on silence means UNKNOWN */
    bool ended;     /* and was answered, or is not to be sent */
    GQueue awaited; /* of SmtpAwaited */
} SmtpTransaction;

typedef struct SmtpAwaited SmtpAwaited;
void smtp_awaited_free(SmtpAwaited *a);

/* Takes in one reply. PROTOCOL when it is none to that command. Does not suspend. */
typedef bool (*SmtpHeard)(SmtpTransaction *t, SmtpLeg *leg, const CodeReply *reply, GError **error);

bool smtp_heard_mail(SmtpTransaction *t, SmtpLeg *leg, const CodeReply *reply, GError **error);
bool smtp_heard_rcpt(SmtpTransaction *t, SmtpLeg *leg, const CodeReply *reply, GError **error);
bool smtp_heard_data(SmtpTransaction *t, SmtpLeg *leg, const CodeReply *reply, GError **error);
/* To the whole text: SMTP. */
bool smtp_heard_end(SmtpTransaction *t, SmtpLeg *leg, const CodeReply *reply, GError **error);
/* For one recipient: LMTP. */
bool smtp_heard_end_for(SmtpTransaction *t, SmtpLeg *leg, const CodeReply *reply, GError **error);
/* False, with TEMPFAIL, for "421 closing": nothing that is undecided will be taken any more. */
bool smtp_stays_open(SmtpTransaction *t, const CodeReply *reply, GError **error);

/* A reply is to come; `to` is what it answers. */
void smtp_await(SmtpTransaction *t, const char *to, SmtpHeard heard, SmtpLeg *leg);
/* Says one command; without pipelining, or when enough are outstanding, its answer is heard at
 * once. Suspends. */
bool smtp_say(SmtpTransaction *t, const char *command, SmtpHeard heard, SmtpLeg *leg,
              GError **error);
/* Hears all that are outstanding. Suspends. */
bool smtp_hear_all(SmtpTransaction *t, GError **error);
