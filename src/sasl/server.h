/* server.h: authentication mechanisms (RFC 4422), the server's side: for the sandbox. Bytes in,
 * bytes out; knows no protocol and does no network I/O.
 *
 * Who logs in is told by sasl_server_user() once the verdict is SASL_ACCEPTED. A mechanism with
 * data for the success itself (SCRAM's proof) sends it as a challenge and wants an empty answer, as
 * every protocol can do that. GSSAPI finds its
 * keytab by $KRB5_KTNAME. */
#pragma once

#include "sasl/sasl.h"

typedef struct SaslServer SaslServer;

/* What the server knows. All borrowed as long as the SaslServer lives. */
typedef struct {
    const char *service, *host; /* "imap", "mail.example.org" */
    const char *realm;          /* DIGEST-MD5; NULL: the host */
    /* The password of a user, owned by the caller of it; NULL: there is no such user. */
    Secret *(*password)(void *user, const char *name);
    /* Is this access token good for `name` ("" when the client named nobody)? *ret_name is who it
     * is for, NULL: `name`; *ret_why what is wrong with it, for a log, or NULL; owned by the
     * caller. May be NULL: no token is. */
    bool (*token)(void *user, const char *name, const Secret *token, char **ret_name,
                  char **ret_why);
    void *user;
    bool accept_any; /* every password the server gets to see is right, and every CRAM-MD5 answer */
    const char *certificate_name; /* who the client's verified certificate is for, or NULL */
    GByteArray *(*binding)(void *user,
                           const char *type); /* the caller frees; NULL: not inside TLS */
    void *binding_user;
    bool offers_plus;    /* the -PLUS form was offered: a client that says it was not ("y") was
                            lied to on the way, and is refused */
    unsigned iterations; /* SCRAM; 0: 4096 */
    bool spoil_proof;    /* on purpose: prove with a wrong password what the client must check */
    const char *fixed_nonce; /* only for published vectors and tests */
} SaslServerParams;

typedef enum {
    SASL_CONTINUE, /* send the challenge, and hand over the answer */
    SASL_ACCEPTED,
    SASL_REJECTED, /* wrong credentials */
    SASL_BROKEN,   /* not what the mechanism's specification says */
} SaslVerdict;

typedef struct {
    SaslVerdict verdict;
    GByteArray *challenge; /* CONTINUE: raw, before base64 */
    char *why;             /* REJECTED, BROKEN, and remarks on ACCEPTED: one sentence for a log,
                              escaped, without a secret; or NULL */
} SaslServerStep;
void sasl_server_step_clear(SaslServerStep *step);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SaslServerStep, sasl_server_step_clear)

/* Names of the mechanisms that have a server's side, strongest first, ended by NULL. */
extern const char *const sasl_server_mechanisms[];

/* NULL when the mechanism is unknown, has no server's side, or cannot run here (a -PLUS form
 * outside TLS, EXTERNAL without a certificate); *error (AUTH) says why. */
SaslServer *sasl_server_new(const char *mechanism, const SaslServerParams *params, GError **error);
void sasl_server_free(SaslServer *server);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SaslServer, sasl_server_free)
const SaslMechanism *sasl_server_mechanism(const SaslServer *server);

/* One step. `response` is NULL when the client gave no initial response; an empty one ("=") is
 * given as such. Fails only for reasons of this machine's (no thread, cancelled). Suspends (GSSAPI
 * only).
 */
bool sasl_server_step(SaslServer *server, const Secret *response, SaslServerStep *step,
                      Deadline deadline, GError **error);

/* Who has logged in (the authorization identity where one was given), once ACCEPTED; before, who is
 * claimed to, or NULL. Borrowed. */
const char *sasl_server_user(const SaslServer *server);
/* What travelled the password's own way: tells a log that a password was seen in the clear. */
bool sasl_server_saw_password(const SaslServer *server);
