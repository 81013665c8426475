/* digest_terms.h: what both sides of DIGEST-MD5 compute (RFC 2831 section 2.1.2.1). Internal to
 * sasl/. */
#pragma once

#include "base/secret.h"

typedef struct {
    const char *nonce, *cnonce, *uri, *authzid; /* authzid: NULL for none */
} DigestTerms;

/* H(A1) in hex, with qop=auth and md5-sess: who has it can log in under this nonce. The caller
 * frees it. `realm` may be NULL. */
Secret *digest_session_key(const char *user, const char *realm, const Secret *password,
                           const DigestTerms *terms);
/* The response in hex: of the client with the method AUTHENTICATE, of the server (rspauth) with "".
 * The caller frees it. */
char *digest_response(const Secret *key, const char *method, const DigestTerms *terms);

/* ISO 8859-1 of a UTF-8 text, if all of it has one; else NULL. The caller frees it. */
GString *digest_latin1(Bytes text);
/* A name or password as it is hashed: in ISO 8859-1 where it fits, each for itself; what is not
 * UTF-8 as it is. The caller frees it. */
Secret *digest_hashed_form(Bytes text);
