/* sasl.h: authentication mechanisms (RFC 4422), the client's side: bytes in, bytes out. Knows no
 * protocol and does no network I/O (a GSSAPI step runs on a helper thread, because Kerberos
 * resolves and waits for itself).
 *
 * A SaslClient answers challenges. What it answers is a Secret; what may be shown of it is in
 * `shown`. A mechanism that proves the server too is not done before that proof was checked:
 * sasl_client_finish() says so. */
#pragma once

#include "base/deadline.h"
#include "base/error.h"
#include "base/secret.h"

typedef enum {
    SASL_STRENGTH_DEAD,
    SASL_STRENGTH_CLEARTEXT,
    SASL_STRENGTH_WEAK,
    SASL_STRENGTH_GOOD,
    SASL_STRENGTH_BEST
} SaslStrength;

/* One row a mechanism; the dead ones are rows too, with no way to run them. */
typedef struct {
    const char *name; /* "SCRAM-SHA-256-PLUS" */
    SaslStrength strength;
    int rank;           /* higher is tried first */
    bool client_first;  /* has an initial response */
    bool cleartext;     /* a passive eavesdropper learns the password or token */
    bool proves_server; /* the client can check that the server knows the secret too */
    bool needs_binding; /* a -PLUS mechanism */
    bool needs_password, needs_token, needs_ticket, needs_certificate, needs_user;
    bool own_way; /* a protocol's own way (APOP, USER/PASS, the LOGIN command), not a SASL mechanism
                   */
    bool supported;          /* Postern can do it */
    const char *rfc;         /* "RFC 7677" */
    const char *verdict;     /* one sentence */
    const char *explanation; /* `auth explain`: paragraphs, one a line: steps, what travels, who
                                learns what */
    const struct SaslRunner *run; /* sasl/mech.h; NULL for dead ones and a protocol's own ways */
} SaslMechanism;

/* The table, ended by a row whose name is NULL; strongest first. */
extern const SaslMechanism sasl_mechanisms[];
/* Case does not matter; NULL when unknown. */
const SaslMechanism *sasl_mechanism_find(Bytes name);

/* What the client may use. All borrowed as long as the SaslClient lives. */
typedef struct {
    const char *service;    /* "imap", "pop", "smtp", "sieve" (GSSAPI, DIGEST-MD5) */
    const char *host;       /* the server's name */
    uint16_t port;          /* OAUTHBEARER names it; 0: left out */
    const char *user;       /* authentication identity; may be NULL (EXTERNAL, GSSAPI) */
    const char *authzid;    /* act as; NULL: as oneself */
    const char *realm;      /* DIGEST-MD5, NTLM domain; NULL: the server's */
    const Secret *password; /* or NULL */
    const Secret *token;    /* OAuth access token, or NULL */
    GByteArray *(*binding)(
        void *user, const char *type); /* channel binding data by type, or NULL; the caller frees */
    void *binding_user;
    bool inside_tls;
    bool server_has_plus; /* the server offered the -PLUS form of what runs: "y" downgrade detection
                             (RFC 5802 6) */
    const char
        *fixed_nonce; /* only for published vectors and tests: instead of a random client nonce */
} SaslParams;

/* What is chosen among what the server offers. */
typedef struct {
    const char *const *forced; /* NULL-terminated --auth list in order of preference, or NULL */
    bool encrypted;            /* inside verified TLS, or a way of equal worth (design.md, law 5) */
    bool allow_cleartext;      /* --allow-cleartext-auth */
    bool have_password, have_token, have_certificate, have_binding, have_user;
    bool (*have_ticket)(void); /* files are read for it: asked only where it decides; NULL: none */
} SaslPolicy;

/* The strongest of `offered` (NULL-terminated names as the server gave them) that the policy
 * allows. Fails with AUTH or INSECURE and a message that goes through everything offered and says
 * of each why not (dead, unsupported, no credentials, would send the password in the clear).
 * ANONYMOUS is only taken when forced. `also` are protocol-own ways such as "USER/PASS" or "LOGIN
 * command", judged as cleartext, or "APOP", judged weak; may be NULL. Returned name is from the
 * table or from `also`. */
const char *sasl_choose(const char *const *offered, const char *const *also,
                        const SaslPolicy *policy, GError **error);

/* Is a Kerberos credentials cache with a ticket at hand? Cheap; does not talk to a KDC. */
bool sasl_have_ticket(void);

typedef struct SaslClient SaslClient;

/* Fails with AUTH (no such mechanism, credentials missing, a password SASLprep refuses). */
SaslClient *sasl_client_new(const char *mechanism, const SaslParams *params, GError **error);
void sasl_client_free(SaslClient *client);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SaslClient, sasl_client_free)

typedef struct {
    Secret *response; /* raw, before base64; may be of length 0 */
    char *shown;      /* decoded, escaped, secret parts as *****; for the annotation */
} SaslStep;
void sasl_step_clear(SaslStep *step);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SaslStep, sasl_step_clear)

/* One step. `challenge` is decoded; has_challenge is false for the initial response of a
 * client-first mechanism (calling a server-first one so fails with BUG). Fails with AUTH or
 * PROTOCOL; when the server's proof is wrong, with INSECURE saying that this may be a false server.
 * Suspends (GSSAPI only). */
bool sasl_client_step(SaslClient *client, bool has_challenge, Bytes challenge, SaslStep *step,
                      Deadline deadline, GError **error);

/* To be called when the server says that authentication succeeded: fails with INSECURE when the
 * mechanism proves the server and that proof has not been seen. `additional` is data that came with
 * the success reply (RFC 4422 3.6), or BYTES_NONE. */
bool sasl_client_finish(SaslClient *client, bool has_additional, Bytes additional, GError **error);

/* What the server has still to say to prove itself ("v=...", "rspauth=..."), once the client's own
 * proof was computed; NULL when there is nothing of the kind. No secret, but it can be guessed
 * against. The caller frees it. */
char *sasl_client_awaits(const SaslClient *client);
/* Why the server refuses, when it said so inside the exchange (an OAuth error object, a SCRAM e=),
 * or what is known to make servers refuse here (another type of channel binding, another character
 * set), in words, escaped; NULL when there is neither. Borrowed until the next step. To be put into
 * the message of the failure reply that follows. */
const char *sasl_client_complaint(const SaslClient *client);

/* Writes base64 of a response and a line feed to fd: the one way a response leaves as text, for
 * `postern auth`, whose very purpose it is. Fails with IO. */
bool sasl_disclose(const Secret *response, int fd, GError **error);

/* APOP (RFC 1939 7): the 32 hex digits for a greeting's "<...>" challenge. The caller frees the
 * string (it is no secret: but it can be guessed against, so it is shown masked in transcripts). */
char *sasl_apop_digest(Bytes challenge, const Secret *password);
/* The "<...>" with an @ in it that a greeting carries, or BYTES_NONE. Only printable ASCII without
 * blanks counts: the known attack on APOP (CVE-2007-1558) needs challenges that are no message-id.
 */
Bytes sasl_apop_challenge(Bytes greeting);

/* SASLprep (RFC 4013) of a user name or password; as it is when it is not UTF-8 (told by
 * *was_8bit). Fails with AUTH for prohibited characters. */
Secret *sasl_prepare(const Secret *text, bool *was_8bit, GError **error);
