/* smtp_transaction.h: one mail transaction, inside smtp_mail.c's rounds: MAIL, RCPT for some of the
 * recipients, the text (RFC 5321 3.3). */
#pragma once

#include "proto/smtp_mail.h"

/* A recipient's part in it. */
typedef struct {
    SmtpRecipient *recipient;
    bool accepted; /* by the reply to RCPT */
    bool too_many; /* it was one more than the server takes at once */
} SmtpLeg;

/* Runs it for these recipients, zero but for `recipient`; fails as smtp_mail() does. Suspends. */
bool smtp_transaction(Session *s, SmtpMail *mail, SmtpMailResult *result, SmtpLeg *legs, size_t n,
                      GError **error);
