/* decode.h: which mechanism and which step a piece of an authentication exchange is, and its
 * fields. Pure; a fuzz target. */
#pragma once

#include "base/bytes.h"

typedef struct {
    char *name;  /* "nonce", "user", "password" */
    char *value; /* escaped; "*****" when secret and not to be shown */
    bool secret;
} SaslField;

typedef struct {
    const char *mechanism; /* "SCRAM", "DIGEST-MD5", ...; NULL: not recognised */
    char *step;            /* "server challenge", "client response", "initial response", in words */
    GPtrArray *fields;     /* of SaslField, in the order they stand */
    char *error_words;     /* an OAuth error object, or a SCRAM e=, in words; NULL when none */
} SaslDecoded;

void sasl_decoded_free(SaslDecoded *decoded);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SaslDecoded, sasl_decoded_free)

/* `raw` is already out of base64. hint is the mechanism when it is known ("PLAIN"), else NULL; as
 * both answers of LOGIN look alike it may also be "LOGIN user" or "LOGIN password" (plain "LOGIN"
 * is masked). from_server when known to come from the server. What can be guessed against (digests,
 * proofs) counts as secret too. Never NULL. */
SaslDecoded *sasl_decode(Bytes raw, const char *hint, bool from_server, bool show_secrets);
/* One line: "SCRAM client first message: user=joe, nonce=fyko+d2lbbFgONRv9qkxdawL". The caller
 * frees it. */
char *sasl_decoded_line(const SaslDecoded *decoded);
