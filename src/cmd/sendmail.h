/* sendmail.h: what the files of `postern sendmail` share: sendmail.c (the words, one message) and
 * sendmail_session.c (-bs). */
#pragma once

#include "cmd/send.h"

typedef struct {
    SendOptions send;      /* what the words say of the way */
    const char *sender;    /* -f; "<>" for nobody; NULL: the header's */
    const char *full_name; /* -F */
    GPtrArray *recipients; /* of char*, borrowed */
    bool take_recipients, dot_is_text, put_aside;
    char mode; /* of -b; 'q' for -q */
} Sendmail;

extern const Command cmd_sendmail;

/* Hands over one message as the words ask. Gives the exit status. */
int sendmail_message(Sendmail *s, GByteArray *raw);
void sendmail_clear(Sendmail *s);
/* SMTP on standard input and output, each message handed over as it comes. */
int sendmail_session(Sendmail *s);
