/* pop3d.h: what the files of the POP3 server share. Internal to server/. */
#pragma once

#include "server/sandbox_inside.h"

/* A message as it was when the session began. */
typedef struct {
    Mail *mail; /* a reference */
    bool gone;  /* marked by DELE */
} Pop3dMail;

typedef struct {
    Guest *g;
    char *challenge;    /* APOP's, from the greeting */
    char *user;         /* named by USER */
    MailFolder *folder; /* NULL before the login; locked */
    GArray *mails;      /* of Pop3dMail */
    unsigned errors;
} Pop3d;

/* A multi-line body: dots at the beginnings of lines doubled, a line end at its end where there is
 * none, the lone dot. Suspends. */
bool pop3d_send_body(Guest *g, Bytes text, GError **error);
/* The header, the empty line, and so many lines of the body. Pure; borrowed from text. */
Bytes pop3d_top(Bytes text, uint64_t lines);
