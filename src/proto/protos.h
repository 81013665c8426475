/* protos.h: one registry row a protocol. To add one: a file with its functions, and a row in
 * protos.c. */
#pragma once

#include "base/bytes.h"
#include "base/error.h"
#include "sasl/sasl.h"

struct Session;
struct DialogueGrammar;

typedef struct AuthReply {
    enum { AUTH_CHALLENGE, AUTH_ACCEPTED, AUTH_REFUSED } kind;
    Bytes data; /* CHALLENGE: base64 (may be empty); ACCEPTED: base64 of additional data, if
                   has_data */
    bool has_data;
    Bytes text;     /* the server's words */
    bool temporary; /* REFUSED: try again later ([IN-USE], 454, [UNAVAILABLE]) */
} AuthReply;

/* How a SASL exchange is framed (RFC 4422 4); the exchange itself is in auth_exchange.c, once. */
typedef struct {
    const char *service;   /* GSSAPI and DIGEST-MD5 service name */
    bool initial_response; /* the command may carry one ... */
    const char
        *initial_needs; /* ... if the server has this capability (IMAP: "SASL-IR"); NULL: always */
    bool proof_is_challenge; /* what proves the server comes as a challenge, never with the verdict
                              */
    size_t max_command;      /* longest command line with an initial response; 0: no limit */
    /* What goes ahead of a login, once there is a way to log in. May be NULL. */
    bool (*prepare)(struct Session *s, GError **error);
    /* Sends "AUTH MECH [initial]" in the protocol's form; initial is base64 ("=" when empty) or
     * NULL. */
    bool (*begin)(struct Session *s, const char *mechanism, const Secret *initial, GError **error);
    /* Sends one base64 response line (NULL: the cancel "*"). */
    bool (*respond)(struct Session *s, const Secret *base64, GError **error);
    /* Reads the server's turn: a challenge (base64, borrowed), or the verdict. */
    bool (*reply)(struct Session *s, AuthReply *reply, GError **error);
    /* The protocol's own ways: "USER/PASS", "APOP", "LOGIN command"; what of it this server would
     * take, NULL-terminated, static. May be NULL. */
    const char *const *(*own_ways)(struct Session *s);
    bool (*own_auth)(struct Session *s, const char *way, GError **error);
    /* What is to be done once authenticated: IMAP asks for the capabilities again unless it was
     * told. May be NULL. */
    bool (*authenticated)(struct Session *s, GError **error);
} AuthFraming;

typedef struct Proto {
    const char *name;  /* "pop3" */
    const char *title; /* "POP3" */
    const char *rfc;   /* "RFC 1939" */
    const char
        *tls_command; /* what a person types to upgrade: "STLS"; NULL: none, or no line protocol */
    bool line_based;  /* false: tcp, tls, ldap, postgres, mysql, xmpp: talk sends what is typed and
                         shows what comes */
    /* Each may be NULL: nothing to do. All work on a Session's wire and fill the Session. All
     * suspend. */
    bool (*greet)(struct Session *s, GError **error);
    bool (*capabilities)(struct Session *s, GError **error);
    /* Asks for the upgrade. True: the server agreed and the handshake is next. Otherwise sets
     * s->tls_offer, s->tls_answer and *error (INSECURE). When the offer is known to be missing it
     * does not ask. */
    bool (*ask_tls)(struct Session *s, GError **error);
    void (*quit)(struct Session *s);
    const AuthFraming *auth;
    const struct DialogueGrammar *grammar; /* for talk; NULL: no dialogue is followed */
} Proto;

/* The rows, one file a family. */
extern const Proto proto_smtp, proto_submission, proto_lmtp; /* smtp.c, lmtp.c */
extern const Proto proto_pop3, proto_imap, proto_sieve;      /* pop3.c, imap.c, sieve.c */
extern const Proto proto_ftp, proto_nntp, proto_irc;         /* ftp.c, nntp.c, irc.c */
extern const Proto proto_xmpp, proto_xmpp_server; /* xmpp.c: names "xmpp", "xmpp-server" */
extern const Proto proto_ldap, proto_postgres, proto_mysql; /* ldap.c, postgres.c, mysql.c */
extern const Proto proto_https, proto_tls, proto_tcp; /* plain.c: nothing is spoken by itself */

extern const Proto *const protos[]; /* NULL-terminated */
/* By name, exactly; NULL when there is none. */
const Proto *proto_find(const char *name);
