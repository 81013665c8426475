/* server_mech.h: how the server's side of a mechanism plugs into server.c. Internal to sasl/. */
#pragma once

#include "sasl/server.h"

typedef struct {
    const char *name;
    size_t state_size; /* zeroed memory at server->state */
    bool client_first;
    bool sees_password;
    /* Checks whether it can run here; may be NULL. */
    bool (*start)(SaslServer *server, GError **error);
    /* One response; server->steps counts those before. A server-first mechanism is called for its
     * challenge too, with has_response false. Fills *step. */
    bool (*step)(SaslServer *server, bool has_response, Bytes response, SaslServerStep *step,
                 Deadline deadline, GError **error);
    void (*clear)(void *state); /* may be NULL */
} SaslServerRunner;

struct SaslServer {
    const SaslMechanism *mechanism;
    const SaslServerRunner *run;
    SaslServerParams params;
    void *state;
    unsigned steps;
    char *user;    /* as claimed */
    char *authzid; /* act as, or NULL */
    bool accepted;
};

extern const SaslServerRunner sasl_serve_plain, sasl_serve_login, sasl_serve_cram_md5,
    sasl_serve_external, sasl_serve_anonymous, sasl_serve_xoauth2, sasl_serve_oauthbearer,
    sasl_serve_digest_md5, sasl_serve_scram, sasl_serve_gssapi;

/* Each sets *step and returns true, so that `return sasl_reject(...)` reads well. */
bool sasl_challenge(SaslServerStep *step, Bytes challenge);
bool sasl_accept(SaslServer *server, SaslServerStep *step);
bool sasl_reject(SaslServerStep *step, const char *format, ...) G_GNUC_PRINTF(2, 3);
bool sasl_broken(SaslServerStep *step, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Is it the user's password? A user that is not known has none. */
bool sasl_password_is(const SaslServer *server, const char *user, Bytes password);
/* Text without NUL, in UTF-8 or not, as the name of who claims to log in. False for one with a NUL.
 */
bool sasl_claim(SaslServer *server, Bytes user, Bytes authzid);
