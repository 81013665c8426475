/* smtp_transaction.h: one mail transaction, inside smtp_mail.c's rounds: MAIL, RCPT for some of the
 * recipients, the text (RFC 5321 3.3). */
#pragma once

#include "proto/smtp_mail.h"
#include "proto/smtp_offers.h"

/* A recipient's part in it. */
typedef struct {
    SmtpRecipient *recipient;
    bool accepted; /* by the reply to RCPT */
    bool too_many; /* it was one more than the server takes at once */
} SmtpLeg;

/* Some of a mail's recipients, at a server that offers this. */
typedef struct {
    const SmtpOffers *offers;
    SmtpMail *mail;
    SmtpLeg *legs; /* zero but for `recipient` */
    size_t n;
} SmtpRound;

/* Runs it; fails as smtp_mail() does. Suspends. */
bool smtp_transaction(Session *s, const SmtpRound *round, SmtpMailResult *result, GError **error);
