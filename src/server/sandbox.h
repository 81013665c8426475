/* sandbox.h: the sandbox server: services, users, faults, one coroutine a session.
 *
 * A Sandbox is made from a plan, opened (ports are bound, certificates made), and run until it is
 * told to stop. What happens is told to one observer; nothing is printed here. */
#pragma once

#include "io/listen.h"
#include "io/sched.h"
#include "server/fault.h"
#include "server/mailstore.h"
#include "tls/engine.h"
#include "tls/mint.h"

typedef struct Sandbox Sandbox;
typedef struct Guest Guest;

/* One service; a row of sandbox.c's table. */
typedef struct {
    const char *name;     /* "submissions" */
    const char *protocol; /* "smtp", "pop3", "imap", "https", "echo" */
    const char *variable; /* "SUBMISSIONS_PORT" */
    uint16_t offset;      /* from the base port */
    bool implicit_tls;
    bool on_request; /* --https, --tls-echo: only when asked for */
    /* Talks with one client until it is done. Suspends. */
    bool (*serve)(Guest *guest, GError **error);
} Service;

extern const Service services[]; /* ended by a row whose name is NULL */

typedef struct {
    char *name;
    Secret *password;
} SandboxUser;

typedef enum {
    SANDBOX_CONNECTED, /* text: who */
    SANDBOX_RECEIVED,  /* a line, decoded where it was base64 of a login */
    SANDBOX_SENT,
    SANDBOX_TLS,     /* text: version and suite, or why it failed */
    SANDBOX_LOGIN,   /* text: user and mechanism, or why not */
    SANDBOX_MAIL,    /* a message was taken in; text: from, to, octets */
    SANDBOX_PAYLOAD, /* text: "1234 octets"; the body itself is in `payload` */
    SANDBOX_FAULT,   /* a fault was done; text: which */
    SANDBOX_CONDUCT, /* what the client did wrong, or well, where a fault tempted it */
    SANDBOX_CLOSED,  /* text: why, and how long it was there */
} SandboxEventKind;

typedef struct {
    SandboxEventKind kind;
    unsigned long session;
    const char *service, *peer, *user; /* user: NULL before login */
    bool encrypted;
    bool masked; /* text has ***** for a secret */
    Bytes text;  /* raw: whoever shows it escapes it */
    Bytes payload;
    int64_t at_us; /* real time */
} SandboxEvent;

typedef struct {
    const char *directory;    /* NULL: memory */
    const char *bind;         /* NULL: 127.0.0.1 */
    const char *host;         /* its name; NULL: "localhost" */
    uint16_t base_port;       /* 0: free ports */
    const char *lmtp_socket;  /* unix path beside the port, or NULL */
    GPtrArray *users;         /* of SandboxUser */
    bool accept_any;          /* any user with any password */
    const char *token_file;   /* lines "USER TOKEN" for OAUTHBEARER and XOAUTH2 */
    const char *jwt_key_file; /* who signs tokens: a public key, PEM, or a shared secret */
    const char *jwt_issuer, *jwt_audience; /* what such tokens have to say; NULL: anything */
    const char *const *mechanisms;         /* NULL: all */
    const char *cert_file, *key_file;      /* NULL: made */
    TlsVersion tls_min, tls_max;
    const char *const *on_request; /* names of services */
    GPtrArray *faults;             /* of Fault */
    uint64_t max_size;             /* of a message; 0: 50 MB */
    bool cleartext_auth;           /* passwords are asked for and taken outside TLS too */
    bool show_secrets;
    bool discard;      /* messages are taken and forgotten */
    GPtrArray *script; /* of SandboxStep: what the one service, "transcript", says; or NULL */
    /* Answers "report text" and "report json" on the control socket; the caller frees it. */
    char *(*report)(const Sandbox *box, bool json);
    void (*observer)(void *user, const SandboxEvent *event); /* must not suspend; may be NULL */
    void *observer_user;
    unsigned exit_after; /* messages; 0: never */
} SandboxPlan;

/* One step of a conversation that was recorded and is served again. */
typedef enum {
    SANDBOX_STEP_SAYS,    /* the server says these octets */
    SANDBOX_STEP_EXPECTS, /* the client says a line like this */
    SANDBOX_STEP_PAYLOAD, /* the client sends a body or literal, however long it is now */
    SANDBOX_STEP_TLS,
} SandboxStepKind;

typedef struct {
    SandboxStepKind kind;
    bool masked; /* EXPECTS: there is a secret in it; what comes is not shown either */
    GBytes *octets;
} SandboxStep;

/* The plan is borrowed. Binds, makes or reads the authority. USAGE, CANT_CREATE, NO_INPUT. */
Sandbox *sandbox_open(const SandboxPlan *plan, GError **error);
void sandbox_free(Sandbox *box);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Sandbox, sandbox_free)

/* The port of a service, 0: it is not there. */
uint16_t sandbox_port(const Sandbox *box, const Service *service);
/* The file with the root's certificate, borrowed. */
const char *sandbox_ca_file(const Sandbox *box);
/* The certificate that the first user may show, with its key; NULL: there are no users. Borrowed.
 */
const char *sandbox_client_file(const Sandbox *box);
/* Where it is, and the control socket (control.h) in it; borrowed. */
const char *sandbox_directory(const Sandbox *box);
/* What has happened so far. */
typedef struct {
    unsigned long sessions;
    unsigned mails;
    unsigned failed_tls; /* handshakes */
} SandboxCounts;
SandboxCounts sandbox_counts(const Sandbox *box);
/* What clients did where a fault tempted them, and how often. */
typedef struct {
    char *what; /* "cleartext-password" */
    bool bad;
    unsigned times;
    char *example; /* of the first time, with who it was */
} SandboxConduct;
/* Of SandboxConduct, borrowed. */
const GPtrArray *sandbox_conduct(const Sandbox *box);
/* Did a client do what it must not? */
bool sandbox_misbehaved(const Sandbox *box);
const SandboxPlan *sandbox_plan(const Sandbox *box);

/* Serves until sandbox_stop(), or exit_after messages. Must run in a task of `sched`, as all the
 * sessions will. Suspends. */
bool sandbox_run(Sandbox *box, Sched *sched, GError **error);
void sandbox_stop(Sandbox *box);
