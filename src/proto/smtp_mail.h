/* smtp_mail.h: a mail transaction over a session of SMTP, Submission or LMTP (RFC 5321, 2033), with
 * PIPELINING (2920), CHUNKING (3030), SIZE (1870), 8BITMIME (6152), SMTPUTF8 (6531), DSN (3461),
 * REQUIRETLS (8689), LIMITS (9422), AUTH= (4954), ENHANCEDSTATUSCODES (2034).
 *
 * The session must have climbed to STAGE_CAPABILITIES at least. One transaction is in flight at a
 * time: Dovecot's submission service falls over a MAIL behind "BDAT ... LAST". */
#pragma once

#include "proto/session.h"

/* One reply of the server to one recipient or to the whole. */
typedef struct {
    unsigned code;     /* 250, 550; 0: none came */
    char enhanced[12]; /* "5.1.1", or "" */
    char *text;        /* its words, raw, lines joined by LF; may be NULL */
} SmtpAnswer;

void smtp_answer_clear(SmtpAnswer *answer);

typedef enum {
    SMTP_NOT_TRIED, /* the transaction ended before it was its turn */
    SMTP_ACCEPTED,  /* the server took responsibility */
    SMTP_LATER,     /* 4xx */
    SMTP_REFUSED,   /* 5xx */
    SMTP_UNKNOWN,   /* the connection broke between the end of the text and the reply: it may have
                       been taken */
} SmtpFate;

typedef struct {
    const char *address; /* without angle brackets; UTF-8 needs smtputf8 */
    const char *notify;  /* "NEVER" or "SUCCESS,FAILURE,DELAY", or NULL */
    const char *orcpt;   /* xtext-encoded by smtp_mail; NULL */
    SmtpFate fate;       /* set by the transaction */
    SmtpAnswer answer;   /* to RCPT, or (LMTP, or the end) to the text */
} SmtpRecipient;

typedef struct {
    const char *sender; /* "" is the null reverse-path */
    SmtpRecipient *recipients;
    size_t n_recipients;
    Bytes text;     /* with CRLF line ends and nothing else: bare CR, bare LF or NUL fail with DATA
                       unless allow_binary is negotiable; see smtp_mail_check_text() */
    bool eight_bit; /* text has bytes above 127: BODY=8BITMIME is needed */
    bool smtputf8;  /* an address or header needs SMTPUTF8 */
    bool require_tls;
    const char *ret;                 /* "FULL", "HDRS", or NULL */
    const char *envid;               /* or NULL */
    const char *auth;                /* the AUTH= parameter, or NULL */
    bool all_or_none;                /* a refused recipient ends the transaction before the text */
    bool no_pipelining, no_chunking; /* for tests and odd servers */
} SmtpMail;

typedef struct {
    SmtpAnswer mail, data, end; /* to MAIL; to DATA; to the end of the text (LMTP: the last) */
    size_t accepted;            /* recipients with SMTP_ACCEPTED */
} SmtpMailResult;

void smtp_mail_result_clear(SmtpMailResult *result);

/* Runs one transaction. What the server says no to is told in the fates and answers, not as an
 * error; fails only when the session can no longer be used (EOF, TIMEOUT, PROTOCOL, 421), with the
 * fates telling how far it came, or when the server lacks what the mail needs (DATA: nothing was
 * sent). After a transaction that was not completed RSET has been sent. Suspends. */
bool smtp_mail(Session *s, SmtpMail *mail, SmtpMailResult *ret, GError **error);
