/* send_result.h: what became of a message and its recipients, for people and for programs. */
#pragma once

#include "send/submit.h"

/* Of recipient i: "joe@example.org: accepted (250 2.0.0 Ok: queued as 4F2A9C)"; a refusal with what
 * was refused, unless it was the recipient, and what its codes mean. Escaped; without line end,
 * several lines for a refusal. The caller frees it. */
char *send_result_line(const Submission *s, size_t i);
/* The worst of what became of them: "accepted", "partly accepted", "deferred", "refused",
 * "unknown", "not sent". Static. */
const char *send_result_word(const Submission *s);

/* What a login to a server would be good for (--check-account). */
typedef struct {
    const char *tls, *mechanism; /* NULL: none */
    uint64_t size_max;           /* in octets; 0: the server names none */
} SendAccount;

/* What is told about a message besides its recipients; each may be NULL. */
typedef struct {
    const char *message_id, *file, *server;
    const SendAccount *account;
    const Outgoing *message;
    const GError *error; /* what ended it, if anything did */
} SendResultAbout;

/* One object on one line, without line end. postern-send(1) says what is in it. The caller frees
 * it. */
char *send_result_json(const SendResultAbout *about, const Submission *s);
