/* dialogue.h: following a conversation that a person or a script leads: which reply is awaited and
 * when it is complete, which lines are payload, which arguments are secret. Pure: no I/O; a fuzz
 * target. `talk` and transcripts stand on it.
 *
 * Feed every line that is about to go out to dialogue_send() and every unit that came in to
 * dialogue_receive(). */
#pragma once

#include "proto/protos.h"

typedef struct Dialogue Dialogue;

typedef enum {
    EXPECT_COMMAND,   /* the person's turn: a command */
    EXPECT_REPLY,     /* the server's turn */
    EXPECT_PAYLOAD,   /* the person's turn: message data up to a lone dot (SMTP DATA, NNTP POST), or
                         literal octets (IMAP) */
    EXPECT_RESPONSE,  /* the person's turn: a base64 response in an AUTH exchange, or "*" */
    EXPECT_HANDSHAKE, /* the server agreed to STARTTLS: TLS comes next */
    EXPECT_IDLE,      /* IMAP IDLE: the server talks as it likes until DONE */
    EXPECT_NOTHING,   /* the server has said goodbye */
} Expect;

typedef struct {
    bool is_command, is_payload, is_response;
    bool has_secret; /* bytes [secret_from, secret_from+secret_len) of the line must not be shown */
    size_t secret_from, secret_len;
    bool is_cleartext_password; /* sending this outside TLS gives the password away: PASS, LOGIN,
                                   AUTH PLAIN ... */
    bool asks_tls;              /* STARTTLS, STLS, AUTH TLS */
    bool quits;
    bool idles_done;       /* DONE */
    const char *mechanism; /* AUTH: which (from the table), else NULL */
    char verb[32];         /* upper case, "" if none */
} SentLine;

typedef enum {
    OUTCOME_NONE,
    OUTCOME_OK,
    OUTCOME_REFUSED,
    OUTCOME_TEMPORARY,
    OUTCOME_CONTINUE,
    OUTCOME_BYE
} Outcome;

typedef struct {
    bool final; /* this unit completes the reply to the oldest command that waits; 334, 354 and "+"
                 * do: what the person gives then (a response, a body) is answered by a reply of its
                 * own, for the same verb */
    bool unsolicited; /* belongs to no command */
    bool is_body;     /* part of a multi-line body (RETR, LIST) or a literal: not a status line */
    bool ends_body; /* the lone dot; the rest of a response's line behind a literal: not part of the
                       body either */
    Outcome outcome;        /* for status lines */
    bool is_challenge;      /* carries a base64 challenge: `challenge` */
    Bytes challenge;        /* borrowed from the unit */
    int code;               /* SMTP, FTP, NNTP reply code, else 0 */
    char enhanced[12];      /* "2.1.0", or "" */
    char response_code[32]; /* POP3/IMAP/sieve bracket code, upper case: "IN-USE", "" if none */
    const char *verb;       /* of the command this answers; "" for a greeting; borrowed */
} ReceivedUnit;

/* Starts before the greeting (the server's turn) for protocols that have one. */
Dialogue *dialogue_new(const Proto *proto);
void dialogue_free(Dialogue *d);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Dialogue, dialogue_free)

Expect dialogue_expects(const Dialogue *d);
/* 0: the next unit from the server is a line; else that many raw octets (an IMAP literal), at most
 * UINT32_MAX. */
uint64_t dialogue_wants_octets(const Dialogue *d);
/* EXPECT_PAYLOAD: how many literal octets are still to be sent; 0: lines up to a lone dot. */
uint64_t dialogue_payload_octets(const Dialogue *d);
/* How many commands wait for their reply. */
size_t dialogue_pending(const Dialogue *d);

typedef enum { TURN_FREE, TURN_AWAIT, TURN_AWAIT_CHALLENGE } Turn;
/* May another line go out before the replies that are due? Not (AWAIT) when one of them decides
 * what that line is: the answer to STARTTLS, DATA, a literal, IDLE. AWAIT_CHALLENGE: the same for
 * AUTH, but some servers never ask for the response. */
Turn dialogue_turn(const Dialogue *d);

/* IMAP: the line with the next tag put in front if it has none; others: a copy. The tag counts as
 * used once the line was sent. The caller frees it. */
char *dialogue_complete_command(Dialogue *d, const char *line);
/* Looks at a line that is about to be sent, changing nothing: to warn before. */
void dialogue_peek(const Dialogue *d, Bytes line, SentLine *ret);
/* The line (without CRLF) was sent. */
void dialogue_send(Dialogue *d, Bytes line, SentLine *ret);
/* n octets of a literal or of a BDAT chunk went out by themselves (wire_send_bytes), not as part of
 * a line. What is behind them on the command's last line, be it nothing, goes to dialogue_send().
 */
void dialogue_send_octets(Dialogue *d, uint64_t n);
/* A whole body with its lone dot went out at once. */
void dialogue_payload_sent(Dialogue *d);
/* One unit came in: a line without its line end, or the octets that were wanted (in pieces, if need
 * be). */
void dialogue_receive(Dialogue *d, Bytes unit, ReceivedUnit *ret);
/* TLS is up: what was known from before is forgotten. */
void dialogue_reset_after_tls(Dialogue *d);
/* The commands a person can type, NULL-terminated, for completion. */
const char *const *dialogue_commands(const Dialogue *d);
