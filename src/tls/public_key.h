/* public_key.h: signatures by other people's keys, other than those of TLS: of access tokens. */
#pragma once

#include "base/digest.h"
#include "base/error.h"

typedef struct TlsPublicKey TlsPublicKey;

typedef enum { TLS_KEY_RSA, TLS_KEY_ECDSA } TlsKeyKind;

/* From PEM: a public key or a certificate. DATA: there is none, or it is neither RSA nor ECDSA. */
TlsPublicKey *tls_public_key_read(Bytes pem, GError **error);
void tls_public_key_free(TlsPublicKey *key);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TlsPublicKey, tls_public_key_free)

TlsKeyKind tls_public_key_kind(const TlsPublicKey *key);
/* Is it the key's signature of the data? RSA: PKCS #1 v1.5; ECDSA: both numbers one behind the
 * other, as long as the curve's (RFC 7518 section 3.4). */
bool tls_public_key_verifies(const TlsPublicKey *key, DigestKind digest, Bytes data,
                             Bytes signature);
