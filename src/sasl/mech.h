/* mech.h: how a mechanism's file plugs into sasl/: one SaslRunner, named in its row of
 * mechanisms.c. Internal to sasl/. */
#pragma once

#include "sasl/sasl.h"

typedef struct {
    bool has_challenge; /* false: the initial response is wanted */
    Bytes challenge;
    Deadline deadline;
} SaslInput;

typedef struct SaslRunner {
    size_t state_size; /* zeroed memory at client->state; 0: none */
    /* Checks what of the parameters only this mechanism knows how to check; may be NULL. */
    bool (*start)(SaslClient *client, GError **error);
    /* Answers one challenge; client->steps counts those before. */
    Secret *(*step)(SaslClient *client, const SaslInput *in, GError **error);
    /* The server says "done": is it? NULL for mechanisms that prove nothing. */
    bool (*finish)(SaslClient *client, bool has_additional, Bytes additional, GError **error);
    char *(*awaits)(const SaslClient *client); /* may be NULL */
    void (*clear)(void *state);                /* frees what state points to; may be NULL */
    bool may_begin; /* server-first, but an initial response is understood widely (LOGIN) */
} SaslRunner;

struct SaslClient {
    const SaslMechanism *mechanism;
    SaslParams params; /* what it points to is borrowed */
    void *state;
    unsigned steps;
    const char
        *hint; /* for decoding what was just answered, where the mechanism's name is not enough */
    char *complaint;
};

extern const SaslRunner sasl_run_plain, sasl_run_login, sasl_run_cram_md5, sasl_run_external,
    sasl_run_anonymous;
extern const SaslRunner sasl_run_scram, sasl_run_digest_md5, sasl_run_ntlm, sasl_run_xoauth2,
    sasl_run_oauthbearer;
extern const SaslRunner sasl_run_gssapi;

/* Fails with PROTOCOL: the server goes on asking where the mechanism has nothing more to say.
 * Returns NULL. */
Secret *sasl_nothing_more(const SaslClient *client, GError **error);
/* The params' user name, "" when there is none. */
const char *sasl_user(const SaslClient *client);
/* Appends a "saslname" (RFC 5801, RFC 5802): a comma and an equals sign, which would end the field,
 * as =2C and =3D. */
void sasl_append_name(GString *out, const char *name);
/* A text as a Secret; `text` itself is no secret. */
Secret *sasl_open_text(const char *text);
