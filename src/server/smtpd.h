/* smtpd.h: the SMTP, submission and LMTP server: what its files share. Internal to server/. */
#pragma once

#include "server/sandbox_inside.h"

typedef struct {
    char *address;
    char *orcpt, *notify; /* as given, or NULL */
} SmtpRcpt;

typedef struct {
    Guest *g;
    bool lmtp;
    bool greeted, extended; /* HELO or EHLO/LHLO was said; EHLO */
    bool mail;              /* MAIL was taken */
    char *from;
    GPtrArray *rcpts;   /* of SmtpRcpt */
    GByteArray *chunks; /* BDAT so far */
    bool chunking;      /* a BDAT was taken: DATA is out of order */
    uint64_t declared;  /* SIZE= */
    bool require_tls;   /* REQUIRETLS */
    bool utf8, binary;  /* SMTPUTF8, BODY=BINARYMIME */
    unsigned errors;
} Smtpd;

typedef struct {
    const char *verb;
    const char *help;
    /* Replies; false only when the session cannot go on. May suspend. */
    bool (*run)(Smtpd *s, Bytes args, GError **error);
} SmtpdCommand;

extern const SmtpdCommand smtpd_commands[]; /* ended by a row whose verb is NULL */

void smtpd_reset(Smtpd *s);
/* Notes the address of MAIL and RCPT for faults that are about it, before the command is done. */
void smtpd_note_address(Smtpd *s, Bytes args);
bool smtpd_mail(Smtpd *s, Bytes args, GError **error);
bool smtpd_rcpt(Smtpd *s, Bytes args, GError **error);
bool smtpd_data(Smtpd *s, Bytes args, GError **error);
bool smtpd_bdat(Smtpd *s, Bytes args, GError **error);
