/* scram_keys.c: see scram_keys.h. */
#include "sasl/scram_keys.h"

#include <string.h>

static const struct {
    const char *name;
    DigestKind kind;
} hashes[] = {
    {"SCRAM-SHA-1", DIGEST_SHA1},
    {"SCRAM-SHA-256", DIGEST_SHA256},
    {"SCRAM-SHA-512", DIGEST_SHA512},
};

DigestKind scram_digest(const char *mechanism)
{
    size_t len = strlen(mechanism) - (g_str_has_suffix(mechanism, "-PLUS") ? strlen("-PLUS") : 0);
    size_t i = 0;
    while (strlen(hashes[i].name) != len || strncmp(hashes[i].name, mechanism, len) != 0) {
        i++;
        g_assert(i < G_N_ELEMENTS(hashes)); /* a row of mechanisms.c without one here */
    }
    return hashes[i].kind;
}

static Bytes key_bytes(DigestKind kind, const uint8_t *key)
{
    return (Bytes){(const char *)key, digest_size(kind)};
}

void scram_keys(DigestKind kind, const Secret *password, Bytes salt, unsigned iterations,
                ScramKeys *ret)
{
    uint8_t salted[DIGEST_MAX];
    ret->kind = kind;
    digest_pbkdf2(kind, secret_reveal(password), salt, iterations, salted, digest_size(kind));
    digest_hmac(kind, key_bytes(kind, salted), BYTES_LITERAL("Client Key"), ret->client);
    digest_compute(kind, key_bytes(kind, ret->client), ret->stored);
    digest_hmac(kind, key_bytes(kind, salted), BYTES_LITERAL("Server Key"), ret->server);
    secret_wipe(salted, sizeof(salted));
}

void scram_keys_clear(ScramKeys *keys)
{
    secret_wipe(keys, sizeof(*keys));
}

/* b ^= HMAC(StoredKey, AuthMessage): the way from the key to the proof, and back. */
static void mix_in_signature(const ScramKeys *keys, Bytes auth_message, uint8_t *b)
{
    uint8_t signature[DIGEST_MAX];
    digest_hmac(keys->kind, key_bytes(keys->kind, keys->stored), auth_message, signature);
    for (size_t i = 0; i < digest_size(keys->kind); i++) {
        b[i] ^= signature[i];
    }
    secret_wipe(signature, sizeof(signature));
}

void scram_client_proof(const ScramKeys *keys, Bytes auth_message, uint8_t proof[DIGEST_MAX])
{
    memcpy(proof, keys->client, digest_size(keys->kind));
    mix_in_signature(keys, auth_message, proof);
}

bool scram_proof_holds(const ScramKeys *keys, Bytes auth_message, Bytes proof)
{
    size_t n = digest_size(keys->kind);
    uint8_t key[DIGEST_MAX], digest[DIGEST_MAX];
    if (proof.len != n) {
        return false;
    }
    memcpy(key, proof.data, n);
    mix_in_signature(keys, auth_message, key);
    digest_compute(keys->kind, key_bytes(keys->kind, key), digest);
    secret_wipe(key, sizeof(key));
    return digest_same(digest, keys->stored, n);
}

void scram_server_signature(const ScramKeys *keys, Bytes auth_message, uint8_t out[DIGEST_MAX])
{
    digest_hmac(keys->kind, key_bytes(keys->kind, keys->server), auth_message, out);
}
