/* mint.h: a throwaway certificate authority for the sandbox: good certificates, and on request ones
 * that are wrong in exactly one way. Its key never leaves the process unless it is written on
 * purpose. */
#pragma once

#include "base/bytes.h"
#include "base/error.h"
#include "base/secret.h"

typedef struct TlsMint TlsMint;

/* Makes a root and an intermediate (ECDSA P-256), both valid from a day ago for twenty years. */
TlsMint *tls_mint_new(GError **error);
/* The same from what tls_mint_save() wrote; NO_INPUT, DATA. */
TlsMint *tls_mint_load(Bytes pem, GError **error);
void tls_mint_free(TlsMint *mint);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TlsMint, tls_mint_free)
/* Writes both certificates and both keys, PEM, to a file of mode 0600. CANT_CREATE. */
bool tls_mint_save(const TlsMint *mint, const char *path, GError **error);
/* The root's certificate, PEM: what clients are to trust. The caller frees it. */
char *tls_mint_root(const TlsMint *mint);
/* Both certificates: for servers that ask clients for one, of whom not all send the intermediate.
 * The caller frees it. */
char *tls_mint_authorities(const TlsMint *mint);

/* All-zero but for names is a good certificate by the intermediate. */
typedef struct {
    const char *const *names; /* DNS names and addresses, ended by NULL; the first is the subject */
    int64_t not_before,
        not_after;     /* seconds since the epoch; 0: a day ago, twenty years from now */
    unsigned rsa_bits; /* 0: ECDSA P-256 */
    bool sha1;         /* signed with SHA-1 */
    bool self_signed;
    bool without_intermediate; /* a chain that is too short */
    bool client;               /* for clients to show */
    bool must_staple;
} TlsMintPlan;

typedef struct {
    char *chain;     /* PEM: the certificate, then what leads to the root */
    Secret *key;     /* PEM */
    GBytes *revoked; /* DER: an OCSP response that says it is revoked, and since when; NULL when
                        self-signed */
    GBytes *good;    /* DER: one that says it is good */
} TlsMinted;

/* Makes a certificate. The caller frees it. BUG when OpenSSL will not. */
TlsMinted *tls_mint_issue(TlsMint *mint, const TlsMintPlan *plan, GError **error);
void tls_minted_free(TlsMinted *minted);
/* Chain and key, PEM, to a file of mode 0600. CANT_CREATE. */
bool tls_minted_save(const TlsMinted *minted, const char *path, GError **error);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TlsMinted, tls_minted_free)
