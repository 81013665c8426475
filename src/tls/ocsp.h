/* ocsp.h: the stapled OCSP answer (RFC 6066 section 8, RFC 6960). Private to tls/. */
#pragma once

#include <openssl/ssl.h>

#include "tls/peer.h"

/* Asks for a staple. */
void tls_ocsp_ask(SSL *ssl);
/* Reads the staple, if there is one: its words, whether signature and times hold, and until when.
 * *status is static, NULL when nothing was stapled. `chain` is as built by verification. */
typedef struct {
    const char *status; /* "good", "revoked", "unknown", "unreadable", "refused" */
    bool valid;
    gint64 next_update;
} TlsStaple;
TlsStaple tls_ocsp_read(SSL *ssl, STACK_OF(X509) * chain);
