/* trust.h: the verification of a peer's certificate: what was found, and whether that is enough for
 * the plan.
 *
 * A handshake with a certificate that fails goes on, so that the facts can be told; the engine ends
 * the session before anything is sent in it. Private to tls/. */
#pragma once

#include <openssl/ssl.h>

#include "tls/plan.h"

typedef struct {
    int number; /* X509_V_ERR_ */
    int depth;
    X509 *certificate; /* owned; may be NULL */
} TlsProblem;

typedef struct {
    GArray *problems;       /* of TlsProblem, in the order they were found; NULL: none */
    STACK_OF(X509) * chain; /* as built, the leaf first; owned; may be NULL */
    char *matched_name;     /* the name of the certificate that matched, or NULL */
    char *matched_pin;      /* as tls_pins_match() says, or NULL */
    size_t tlsa_usable;
    bool checked; /* verification took place */
    bool ip;      /* the reference identity is an address */
    bool revoked; /* a stapled answer that holds says so */
} TlsTrustRecord;

void tls_trust_clear(TlsTrustRecord *record);

/* Sets store, names, DANE and callbacks on the SSL. `host` has no trailing dot. */
bool tls_trust_apply(SSL *ssl, TlsTrustRecord *record, const TlsPlan *plan, const char *host,
                     GError **error);

/* OpenSSL's callback: verifies the chain, fills the record of the SSL's connection; returns 1
 * always. */
int tls_trust_verify(X509_STORE_CTX *context, void *unused);

/* A resumed session brings no certificate: the one of the first session is verified again, against
 * today's plan. */
void tls_trust_verify_resumed(SSL *ssl);

/* Is what was found enough for the plan? Pins stand instead of PKIX; DANE is demanded beside
 * whatever else is. */
bool tls_trust_holds(const TlsTrustRecord *record, const TlsPlan *plan);
/* Must the session end when it is not? */
bool tls_trust_is_fatal(const TlsPlan *plan);
