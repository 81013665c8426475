/* scram_keys.h: what both sides of SCRAM compute from a password (RFC 5802 section 3). Internal to
 * sasl/. */
#pragma once

#include "base/digest.h"
#include "base/secret.h"

typedef struct {
    DigestKind kind;
    uint8_t client[DIGEST_MAX]; /* who has it can log in */
    uint8_t stored[DIGEST_MAX]; /* its digest: what the server checks against */
    uint8_t server[DIGEST_MAX]; /* who has it can play the server */
} ScramKeys;

/* "SCRAM-SHA-256" and "SCRAM-SHA-256-PLUS" -> SHA-256; such a name is a row of mechanisms.c. */
DigestKind scram_digest(const char *mechanism);

/* The password is after SASLprep. Clear what it gives. */
void scram_keys(DigestKind kind, const Secret *password, Bytes salt, unsigned iterations,
                ScramKeys *ret);
void scram_keys_clear(ScramKeys *keys);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ScramKeys, scram_keys_clear)

/* The client's proof for an AuthMessage; and the other way round, whether it is one: constant time.
 */
void scram_client_proof(const ScramKeys *keys, Bytes auth_message, uint8_t proof[DIGEST_MAX]);
bool scram_proof_holds(const ScramKeys *keys, Bytes auth_message, Bytes proof);
void scram_server_signature(const ScramKeys *keys, Bytes auth_message, uint8_t out[DIGEST_MAX]);
