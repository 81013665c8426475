/* submit.h: an Outgoing handed over in a session: what the server offers decides how it travels. */
#pragma once

#include "proto/smtp_mail.h"
#include "send/outgoing.h"

/* What is asked for with the message; all borrowed. */
typedef struct {
    const char *notify, *ret, *envid, *orcpt; /* DSN (RFC 3461); NULL: not asked for */
    const char *submitter;                    /* AUTH= (RFC 4954 5), or NULL */
    bool require_tls;
    bool all_or_none;
    bool no_pipelining, no_chunking;
    SmtpStop stop;
} SubmitWishes;

/* Checks "NEVER" or a list of SUCCESS, FAILURE, DELAY; "FULL" or "HDRS"; "TYPE;ADDRESS". USAGE. */
bool submit_check_wishes(const SubmitWishes *wishes, GError **error);

/* What became of it. Owns its parts but the addresses, which are the Outgoing's. */
typedef struct {
    SmtpRecipient *recipients;
    size_t n;
    SmtpMailResult result;
    GByteArray *recoded; /* what was sent in the text's place, or NULL */
} Submission;

void submission_clear(Submission *s);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Submission, submission_clear)

/* Makes 8-bit parts of a message 7-bit; given by whoever has MIME at hand. The caller owns the
 * array. */
typedef GByteArray *(*SubmitRecode)(Bytes text, GError **error);

/* As smtp_mail(); 8-bit text goes through `recode` where the server has no 8BITMIME (NULL: DATA),
 * and so does a text with a line of more than 998 octets (NULL: it goes as it is).
 * *ret is to be cleared whatever comes back. Suspends. */
bool submit(Session *s, const Outgoing *message, const SubmitWishes *wishes, SubmitRecode recode,
            Submission *ret, GError **error);

/* The exit status of sysexits.h that fits: 0 when all were taken, 69 when one was refused, 75 when
 * one may be tried again, or may have been taken. */
int submission_status(const Submission *s);
