/* smtp_mail.h: a mail transaction over a session of SMTP, Submission or LMTP (RFC 5321, 2033), with
 * PIPELINING (2920), CHUNKING (3030), SIZE (1870), 8BITMIME (6152), SMTPUTF8 (6531), DSN (3461),
 * REQUIRETLS (8689), LIMITS (9422), AUTH= (4954), ENHANCEDSTATUSCODES (2034).
 *
 * The session must have climbed to STAGE_CAPABILITIES at least. One transaction is in flight at a
 * time: Dovecot's submission service falls over a MAIL behind "BDAT ... LAST". */
#pragma once

#include "proto/session.h"
#include "proto/smtp_offers.h"

/* One reply of the server to one recipient or to the whole. */
typedef struct {
    unsigned code;     /* 250, 550; 0: none came */
    char enhanced[12]; /* "5.1.1", or "" */
    char *text;        /* its words, raw, lines joined by LF; may be NULL */
} SmtpAnswer;

void smtp_answer_clear(SmtpAnswer *answer);

typedef enum {
    SMTP_NOT_TRIED, /* nothing was decided: the transaction ended before, or was stopped */
    SMTP_ACCEPTED,  /* the server took responsibility */
    SMTP_LATER,     /* 4xx */
    SMTP_REFUSED,   /* 5xx */
    SMTP_UNKNOWN,   /* the connection broke between the end of the text and the reply: it may have
                       been taken */
} SmtpFate;

typedef struct {
    const char *address; /* without angle brackets; UTF-8 needs smtputf8 */
    const char *notify;  /* "NEVER" or "SUCCESS,FAILURE,DELAY", or NULL */
    const char *orcpt;   /* "rfc822;joe@example.org": xtext-encoded by smtp_mail; or NULL */
    /* Set by the transaction. */
    SmtpFate fate;
    SmtpAnswer answer; /* what decided its fate: to MAIL, RCPT, DATA or the text */
} SmtpRecipient;

typedef enum {
    SMTP_STOP_NEVER,
    SMTP_STOP_AFTER_MAIL,
    SMTP_STOP_AFTER_RCPT,
    SMTP_STOP_AFTER_DATA, /* 354 came: the session must be closed without another word */
} SmtpStop;

typedef struct {
    const char *sender; /* "" is the null reverse-path */
    SmtpRecipient *recipients;
    size_t n_recipients;
    Bytes text;     /* line ends are CRLF: see smtp_text_check(), whose failure is this one's */
    bool eight_bit; /* text has octets above 127: BODY=8BITMIME is said */
    bool smtputf8;  /* an address or header needs SMTPUTF8 */
    bool require_tls;
    const char *ret;   /* "FULL", "HDRS", or NULL */
    const char *envid; /* xtext-encoded by smtp_mail; or NULL */
    const char *auth;  /* the AUTH= parameter (RFC 4954 5): an address or "<>", or NULL */
    bool all_or_none;  /* a refused recipient ends the transaction before the text */
    bool no_pipelining, no_chunking; /* for tests and odd servers */
    SmtpStop stop;
} SmtpMail;

typedef struct {
    SmtpAnswer mail, data, end; /* to MAIL; to DATA; to the end of the text (LMTP: the last) */
    size_t accepted;            /* recipients with SMTP_ACCEPTED */
    unsigned transactions;      /* how many it took: more than one past RCPTMAX, or after a 452 */
} SmtpMailResult;

void smtp_mail_result_clear(SmtpMailResult *result);

/* Runs one transaction; more where the server takes only so many recipients at once, in a new
 * session (session_renew()) where it takes only so many transactions in one. What the server says
 * no to is told in the fates and answers, not as an error; fails only when the session can no
 * longer be used (EOF, TIMEOUT, PROTOCOL; TEMPFAIL for a 421), with the fates telling how far it
 * came, or DATA when the server does not offer what the mail needs, or the mail is not well-formed
 * (nothing was sent). After a transaction that was not completed RSET has been said. Suspends. */
bool smtp_mail(Session *s, SmtpMail *mail, SmtpMailResult *ret, GError **error);
