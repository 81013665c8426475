/* sandbox_inside.h: what the files of server/ know of a Sandbox. Internal to server/. */
#pragma once

#include "server/guest.h"

struct Sandbox {
    const SandboxPlan *plan;
    TlsMint *mint;
    TlsServer *tls;
    char *ca_file, *own_dir; /* own_dir: a temporary one, to be removed */
    MailStore *store;
    GPtrArray *doors;  /* of Door */
    GPtrArray *tokens; /* of SandboxUser: a token for a name */
    Sched *sched;
    unsigned long sessions; /* so far */
    unsigned taken;         /* messages */
    unsigned guests;        /* at this moment */
    bool full;              /* --exit-after: no more are awaited */
    bool stopping;
    GPtrArray *conduct; /* of SandboxConduct */
};

/* What a client did, once a kind; counted. */
typedef struct {
    char *what; /* "cleartext-password" */
    bool bad;
    unsigned times;
    char *example; /* of the first time, with who it was */
} SandboxConduct;

/* One listening socket and the service behind it. */
typedef struct {
    Sandbox *box;
    const Service *service;
    Listener *listener;
} Door;

/* As guest_tell(), for text that is ready. */
void guest_tell_bytes(Guest *g, SandboxEventKind kind, Bytes text, bool masked);
bool sandbox_token_is_good(Sandbox *box, const char *name, const Secret *token, char **ret_name);
/* Reads plan->token_file. NO_INPUT, DATA. */
bool sandbox_read_tokens(Sandbox *box, GError **error);
/* What faults make of the certificate and of TLS. USAGE. */
bool sandbox_fault_tls(const Sandbox *box, TlsMintPlan *mint, TlsServerPlan *tls, GError **error);
bool sandbox_fault_revoked(const Sandbox *box);
/* A message was taken in: counted for exit_after. */
void sandbox_took_mail(Sandbox *box);

bool smtpd_serve(Guest *g, GError **error);
bool lmtpd_serve(Guest *g, GError **error);
bool pop3d_serve(Guest *g, GError **error);
bool imapd_serve(Guest *g, GError **error);
