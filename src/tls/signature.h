/* signature.h: the peer's signature in the handshake, by its IANA name. Private to tls/. */
#pragma once

#include <openssl/ssl.h>

/* "ecdsa_secp256r1_sha256"; below TLS 1.3, where the curve is not bound, "ecdsa_sha256". NULL: none
 * was made. The caller frees it. */
char *tls_signature_name(SSL *ssl);
