/* guest.h: one client of the sandbox, as its session sees it: lines in, replies out, TLS, login.
 *
 * Replies are gathered and sent when the session would wait for the client, so that a client that
 * sends many commands at once gets its answers in one packet. */
#pragma once

#include "proto/wire.h"
#include "sasl/server.h"
#include "server/sandbox.h"

struct Guest {
    Sandbox *box;
    const Service *service;
    Wire *wire;
    unsigned long number;
    char *peer;
    char *user; /* logged in; NULL: not yet */
    const char *mechanism;
    char command[32]; /* the one that is being done, upper case */
    char *from, *to;  /* envelope of the moment, for faults; NULL: none */
    GString *out;     /* replies that wait */
    bool encrypted;
    bool in_login; /* the last command was a login, however it ended */
    bool closing;  /* after what is in `out`, no more */
    /* What faults are at work on this command. */
    double tarpit; /* seconds between octets; 0: none */
    int64_t cut;   /* octets that may still be sent; negative: any number */
    bool drop_after;
    /* What the client was tempted to do, and has not done. */
    struct {
        bool no_tls, certificate, injected, proof, downgrade, capabilities;
    } tempted;
    bool waited, hasty; /* where an answer was injected: see conduct.c */
    bool fell_back;
    bool mechanisms_change; /* caps-change-tls was done */
};

/* The next line without its end; what waits to be sent goes out first unless a whole line is there.
 * EOF when the client has gone between commands. Suspends. */
bool guest_line(Guest *g, Bytes *line, GError **error);
/* One line (CRLF is added) to be sent. Nothing waits here. */
void guest_reply(Guest *g, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* The same for a line of base64: the observer is told what it says. */
void guest_reply_decoded(Guest *g, const char *before, Bytes raw);
/* Octets as they are: a message, a literal. Large ones go out at once. Suspends. */
bool guest_send(Guest *g, Bytes octets, GError **error);
/* Sends what waits. Suspends. */
bool guest_flush(Guest *g, GError **error);

/* Tells the observer of a body or literal that came, or went. */
void guest_tell_payload(Guest *g, Bytes payload);
/* Tells the observer. */
void guest_tell(Guest *g, SandboxEventKind kind, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* The TLS handshake, after the reply that announces it (which is flushed). What came before it is
 * thrown away and told. Suspends. */
bool guest_start_tls(Guest *g, GError **error);

/* What is listed for STARTTLS now: `word`, or what a fault makes of it; NULL: nothing. */
const char *guest_tls_word(Guest *g, const char *word);
/* Does a fault have the command refused? The reply is the protocol's. */
bool guest_tls_refused(Guest *g);

/* Is a password allowed to travel here? Always inside TLS; else only when the plan or a fault says
 * so. */
bool guest_may_show_password(const Guest *g);
/* Mechanisms to be offered now, separated by blanks. The caller frees it. */
char *guest_mechanisms(Guest *g);

/* How a protocol frames SASL: "334 %s", "+ %s". */
typedef struct {
    const char *service;   /* for GSSAPI and DIGEST-MD5: "smtp", "pop", "imap" */
    const char *challenge; /* before the base64 */
    const char *cancel;    /* what the client sends to give up: "*" */
} GuestSasl;

typedef enum {
    GUEST_LOGGED_IN,
    GUEST_LOGIN_WRONG,
    GUEST_LOGIN_BROKEN,
    GUEST_LOGIN_UNKNOWN,
    GUEST_LOGIN_IN_CLEAR, /* the mechanism gives a password away, and there is no TLS */
    GUEST_LOGIN_CANCELLED
} GuestLogin;

/* Arguments of AUTH for the observer: the mechanism, and ***** for what is behind it. The caller
 * frees it. */
char *guest_auth_words(Bytes args);
/* Tells of a line that is no command where the last command was a login: true. The line is not
 * shown. */
bool guest_tell_stray(Guest *g, Bytes line);
/* The whole exchange but for the final reply. `initial` is base64, "=" for an empty one;
 * has_initial false: none came. Suspends. */
bool guest_sasl(Guest *g, const GuestSasl *framing, Bytes mechanism, bool has_initial,
                Bytes initial, GuestLogin *ret, GError **error);
/* A password came, good or not: the client is told of when there is no TLS. */
void guest_saw_password(Guest *g, const char *how);
/* USER/PASS and the LOGIN command (`how`). Does not suspend. */
bool guest_password_is(Guest *g, const char *how, Bytes user, Bytes password);
/* POP3's own. */
bool guest_apop_is(Guest *g, Bytes challenge, Bytes user, Bytes digest);
/* Marks the session as logged in. */
void guest_logged_in(Guest *g, const char *user, const char *mechanism);

/* Reads until the client leaves; then fails with EOF. Suspends. */
bool guest_wait_until_gone(Guest *g, GError **error);
/* The fault of that name, if it is to be done now; told to the observer. */
const Fault *guest_fault(Guest *g, const char *name);

typedef enum { FAULT_NOTHING, FAULT_REPLIED, FAULT_CLOSE } FaultEffect;
/* Before a command is done, once g->command is set: judges what the client does; delays, replies
 * and drops that were asked for. REPLIED: the command is not to be done. `tag` is IMAP's, or NULL.
 * Suspends. */
bool guest_fault_at_command(Guest *g, const char *tag, FaultEffect *ret, GError **error);
/* What the client's conduct says about it, where a fault tempted it: told to the observer, counted
 * for the verdict. `bad`: it must not do that. */
void guest_conduct(Guest *g, bool bad, const char *what, const char *format, ...)
    G_GNUC_PRINTF(4, 5);
