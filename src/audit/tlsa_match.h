/* tlsa_match.h: TLSA records against a chain, without a connection (RFC 6698 2.1, RFC 7671 5):
 * which certificate does a record speak of? Pure; a fuzz target (it reads a certificate's DER). */
#pragma once

#include "tls/peer.h"

/* "leaf", "issuer 1", ... or "" where it matches none. Usages 1 and 3 speak of the leaf, 0 and 2 of
 * an issuer (a leaf that signed itself is its own). Whether the chain then verifies is another
 * question. The caller frees it. `chain` is of TlsCertificate, the leaf first. */
char *tlsa_match(const TlsaRecord *record, const GPtrArray *chain);

/* What is wrong with the record itself: an unknown usage, selector or matching type, a digest of
 * the wrong length. NULL: nothing. The caller frees it. */
char *tlsa_mistake(const TlsaRecord *record);

/* "3 1 1 0a1b2c3d..." The caller frees it. */
char *tlsa_text(const TlsaRecord *record);

/* The SubjectPublicKeyInfo within a certificate's DER, borrowed; empty when it is not to be found.
 */
Bytes tlsa_spki(Bytes der);
