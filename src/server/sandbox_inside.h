/* sandbox_inside.h: what the files of server/ know of a Sandbox. Internal to server/. */
#pragma once

#include "server/guest.h"
#include "tls/public_key.h"

struct Sandbox {
    const SandboxPlan *plan;
    TlsMint *mint;
    TlsServer *tls;
    char *ca_file, *own_dir; /* own_dir: a temporary one, to be removed */
    GPtrArray *client_files; /* of char*: certificates for the users, with their keys */
    char *socket_dir; /* the same, where the directory's path is too long for a socket; or NULL */
    MailStore *store;
    GPtrArray *doors;      /* of Door */
    GPtrArray *tokens;     /* of SandboxUser: a token for a name */
    TlsPublicKey *jwt_key; /* or, for HS256 and its kin, */
    Secret *jwt_secret;
    Sched *sched;
    unsigned long sessions; /* so far */
    unsigned taken;         /* messages */
    unsigned guests;        /* at this moment */
    bool full;              /* --exit-after: no more are awaited */
    bool stopping;
    unsigned failed_tls;  /* handshakes that came to nothing */
    GPtrArray *conduct;   /* of SandboxConduct */
    GPtrArray *arrivals;  /* of Arrived, the last ones: for `serve wait` */
    GPtrArray *waiters;   /* of int*: descriptors to be told of the next one */
    unsigned long so_far; /* arrivals, those that are forgotten too */
};

/* A message that was taken in, a reference; its file may have another name by now, or be gone. */
typedef struct {
    Mail *mail;
    MailFolder *inbox;
} Arrived;
enum { ARRIVALS_MAX = 1000 };
void arrived_free(gpointer arrived);
/* Remembers it, and wakes who waits for it. */
void sandbox_remember(Sandbox *box, MailFolder *inbox, Mail *mail);
/* Remembers what came when the directory was served before, as far as it still lies in an INBOX. */
void sandbox_remember_old(Sandbox *box);

/* The control socket in the directory: not for clients. */
extern const Service control_service;

/* A file of the sandbox's directory. The caller frees it. */
char *sandbox_file(const Sandbox *box, const char *name);
/* Finds or makes the authority; makes what it certifies. CANT_CREATE, DATA, USAGE. */
bool sandbox_make_tls(Sandbox *box, GError **error);

/* One listening socket and the service behind it. */
typedef struct {
    Sandbox *box;
    const Service *service;
    Listener *listener;
} Door;

/* As guest_tell(), for text that is ready. */
void guest_tell_bytes(Guest *g, SandboxEventKind kind, Bytes text, bool masked);
/* As SaslServerParams' token(). */
bool sandbox_token_is_good(Sandbox *box, const char *name, const Secret *token, char **ret_name,
                           char **ret_why);
/* Reads plan->token_file and plan->jwt_key_file. NO_INPUT, DATA. */
bool sandbox_read_tokens(Sandbox *box, GError **error);
/* The same for tokens that are signed, at the moment `now`, in seconds since the epoch (jwt.c). */
bool sandbox_jwt_is_good(const Sandbox *box, const char *name, const Secret *token, int64_t now,
                         char **ret_name, char **ret_why);
bool sandbox_read_jwt_key(Sandbox *box, GError **error);
/* What faults make of the certificate and of TLS. USAGE. */
bool sandbox_fault_tls(const Sandbox *box, TlsMintPlan *mint, TlsServerPlan *tls, GError **error);
bool sandbox_fault_revoked(const Sandbox *box);
/* Is the certificate to be by an authority that nobody knows? */
bool sandbox_fault_stranger(const Sandbox *box);
/* The first fault that makes the certificate bad, or NULL. */
const char *sandbox_fault_certificate(const Sandbox *box);
/* Puts behind the answer to STARTTLS what a fault wants there. */
void guest_inject(Guest *g);
/* What a fault does in place of a handshake: then it fails. Suspends. */
bool guest_fault_handshake(Guest *g, GError **error);
/* Compares the command that is begun with what the client was tempted to do. Suspends. */
bool guest_judge_command(Guest *g, GError **error);
/* What it has withstood. */
void guest_judge_end(Guest *g);
/* The largest message that is taken. */
uint64_t sandbox_max_size(const Sandbox *box);
/* A message was taken in: counted for exit_after. */
void sandbox_took_mail(Sandbox *box);

bool smtpd_serve(Guest *g, GError **error);
bool lmtpd_serve(Guest *g, GError **error);
bool pop3d_serve(Guest *g, GError **error);
bool imapd_serve(Guest *g, GError **error);
bool httpsd_serve(Guest *g, GError **error);
bool echod_serve(Guest *g, GError **error);
bool replayd_serve(Guest *g, GError **error);
