/* digest.h: message digests, HMAC, PBKDF2, random bytes; thin over OpenSSL's EVP. */
#pragma once

#include "base/secret.h"

typedef enum { DIGEST_MD5, DIGEST_SHA1, DIGEST_SHA256, DIGEST_SHA384, DIGEST_SHA512 } DigestKind;
#define DIGEST_MAX 64

/* Length in bytes of what a digest gives. */
size_t digest_size(DigestKind kind);
/* Writes digest_size() bytes. Never fails: the algorithms are built in. */
void digest_compute(DigestKind kind, Bytes data, uint8_t out[DIGEST_MAX]);
void digest_hmac(DigestKind kind, Bytes key, Bytes data, uint8_t out[DIGEST_MAX]); /* RFC 2104 */
void digest_hmac_secret(DigestKind kind, const Secret *key, Bytes data, uint8_t out[DIGEST_MAX]);
/* RFC 8018. iterations is at least 1, at most INT_MAX: the caller bounds what a peer asks for. */
void digest_pbkdf2(DigestKind kind, Bytes password, Bytes salt, unsigned iterations, uint8_t *out,
                   size_t out_len);
/* Cryptographically random. Never fails: without randomness the program stops. */
void digest_random(void *out, size_t len);
/* A digest of data that comes in pieces. digest_finish() writes digest_size() bytes and frees it.
 */
typedef struct Digest Digest;
Digest *digest_new(DigestKind kind);
void digest_update(Digest *digest, Bytes piece);
void digest_finish(Digest *digest, uint8_t out[DIGEST_MAX]);
/* Same time whatever differs. */
bool digest_same(const void *a, const void *b, size_t len);
