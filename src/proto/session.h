/* session.h: ONE ladder for every verb:
 *
 *   connect -> [TLS] -> greet -> capabilities -> [ask for TLS -> upgrade -> forget -> capabilities]
 * -> policy -> [auth]
 *
 * A verb fills a SessionPlan and climbs as far as it needs; when a rung breaks, the Session tells
 * which and what was learnt. */
#pragma once

#include "io/dial.h"
#include "proto/caps.h"
#include "proto/protos.h"
#include "proto/target.h"
#include "proto/wire.h"
#include "sasl/sasl.h"

typedef enum {
    STAGE_NONE,
    STAGE_CONNECT, /* a stream, and TLS where the scheme has it from the start */
    STAGE_GREETING,
    STAGE_CAPABILITIES, /* those before TLS */
    STAGE_STARTTLS,     /* the server agreed to upgrade */
    STAGE_TLS,          /* and the handshake is done and verified, capabilities asked again */
    STAGE_AUTH,
} Stage;

/* "connect", "greeting", ... as --stop-after takes them. */
const char *stage_name(Stage stage);
bool stage_parse(const char *text, Stage *ret, GError **error);

/* How credentials are come by, only when they are needed. */
typedef struct {
    const char *user;    /* or NULL */
    const char *authzid; /* or NULL */
    Secret *(*password)(void *user,
                        GError **error); /* the caller of it owns the secret; may be NULL */
    Secret *(*token)(void *user, GError **error); /* may be NULL: no token at hand */
    void *callback_user;
} Credentials;

typedef struct {
    const Target *target;
    DialPlan dial; /* host, port, unix_path are filled from the target */
    TlsPlan tls;
    Credentials credentials;
    const char *const *auth; /* --auth, NULL-terminated, or NULL */
    bool allow_cleartext_auth;
    bool no_initial_response;
    const char *channel_binding; /* the only type used ("tls-exporter", ...); NULL: sasl/ chooses */
    double auth_wait;            /* seconds; 0: 2 s */
    const char *ehlo;            /* NULL: this host's name, or an address literal */
    double timeout;              /* seconds; 0: 60 */
    WireObserver observer;       /* may be NULL */
    void *observer_user;
} SessionPlan;

typedef enum {
    TLS_OFFER_UNKNOWN,
    TLS_OFFER_YES,
    TLS_OFFER_MISSING,
    TLS_OFFER_MANGLED,
    TLS_OFFER_REFUSED,
    TLS_OFFER_INJECTED,
    TLS_OFFER_PREAUTH
} TlsOffer;

typedef struct Session {
    const SessionPlan *plan; /* borrowed */
    const Proto *proto;
    Wire *wire;    /* NULL before connect; stays after a failure as long as it can be read */
    Stage reached; /* the last rung that holds */
    Stage trying;  /* the rung that was being climbed when it failed */
    DialResult dialled;
    char *greeting;    /* first line, raw bytes as text, or NULL */
    bool preauth;      /* IMAP PREAUTH */
    Caps *caps_before; /* before TLS, or NULL */
    Caps *caps;        /* those in force now, or NULL */
    TlsOffer tls_offer;
    char *tls_answer; /* the server's words to the request for TLS, raw, or NULL */
    size_t injected;  /* octets that came before the handshake */
    TlsPeer *peer;    /* or NULL; also after a failed verification */
    struct DanePlan
        *dane; /* the TlsPlan with TLSA records: it lives as long as the connection made by it */
    const char *auth_used; /* "SCRAM-SHA-256-PLUS", "USER/PASS", ... once authenticated */
    char *auth_answer;     /* the server's words */
    unsigned tag;          /* IMAP: number of the last tag */
    unsigned mails;        /* SMTP: transactions begun */
    bool fresh_tls; /* TLS was just started and the capabilities have not been asked for since */
    gint64 connect_us, greeting_us; /* how long each took */
    /* POP3 and IMAP, set before the climb by whoever kept what session_remember() gave, borrowed;
     * NULL or "": nothing. Inside verified TLS the login then goes out with the first flight, by
     * what the server could do the last time. `guessed` tells that it did, `changed` that the
     * server says other things now. A login that fails after a guess may have failed for it. */
    const char *remembered;
    bool guessed, changed;
    /* POP3, set before the climb: UTF8 (RFC 6856) is sent ahead of the login where the server
     * offers it. A refusal is no failure: `utf8_refused` has the server's words, raw, else NULL. */
    bool wants_utf8;
    char *utf8_refused;
    /* Still to be read, in this order, ahead of all other answers. */
    bool owes_greeting, owes_caps, owes_utf8;
    unsigned owed_tag; /* IMAP: the tag of the latter */
    bool told_caps;    /* IMAP: since this was last made false */
    /* POP3, set before the climb: commands without arguments, NULL-terminated, that go out with the
     * login's last message where the server announces PIPELINING. `after_login_sent` tells whether
     * they did: then their answers are the next to be read. After a refused login the session is of
     * no more use. */
    const char *const *after_login;
    bool after_login_sent;
} Session;

/* No I/O. The plan must outlive the session. */
Session *session_new(const SessionPlan *plan);
/* The same over a stream that is there already (a test's script, a pipe): nothing is dialled. Takes
 * the stream. */
Session *session_new_over(const SessionPlan *plan, Stream *stream);
/* Climbs to `upto` (inclusive). TLS is part of the way wherever the plan demands it. May be called
 * again to go further. On failure *error says what was being done, to whom, what was said, and what
 * to try. Suspends. */
bool session_climb(Session *s, Stage upto, GError **error);
/* Asks for TLS now and upgrades, whatever the plan demanded (talk's /starttls, RFC dialects through
 * the row). With already_agreed, the request has been typed by hand and accepted: only the
 * handshake is done. Suspends. */
bool session_upgrade(Session *s, bool already_agreed, GError **error);
/* The capabilities in force, for `remembered` of a later session; NULL when they are not to be
 * relied on: nothing but verified TLS makes them the server's own. The caller frees it. */
char *session_remember(const Session *s);
/* Authenticates with one named mechanism, or the strongest (NULL). Suspends. */
bool session_auth(Session *s, const char *mechanism, GError **error);
/* Ends it politely and climbs as far as before over a new connection: for what a server takes only
 * so often in one. What was borrowed from the session is gone. Fails as session_climb(). Suspends.
 */
bool session_renew(Session *s, GError **error);
/* Polite end (QUIT, LOGOUT), close_notify; failures are no matter. Suspends. */
void session_quit(Session *s);
/* Closes; NULL is fine. */
void session_free(Session *s);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Session, session_free)

/* May a password travel here? Verified TLS, an SSH way to the host itself, or a unix socket (law
 * 5). */
bool session_is_private(const Session *s);
/* "mail.example.org:110 (127.0.0.1)" for messages. The caller frees it. */
char *session_whom(const Session *s);
