/* jwt.h: access tokens that are signed claims (RFC 7519 in the compact form of RFC 7515), taken
 * apart. Pure; a fuzz target. Nothing is verified here: see tls/public_key.h and server/tokens.c.
 */
#pragma once

#include "base/bytes.h"
#include "base/error.h"
#include "base/secret.h"

/* The largest token that is read. */
#define JWT_MAX ((size_t)64 * 1024)

typedef struct {
    char *algorithm; /* "RS256" */
    /* Names of whom it is for, the one for people first: email, preferred_username, username, sub.
     * Ended by NULL; may be empty. */
    char **names;
    char *issuer;                /* or NULL */
    char **audience;             /* ended by NULL; may be empty */
    int64_t expires, not_before; /* seconds since the epoch; 0: not said */
    Bytes signed_part;           /* borrowed from the token: what the signature is of */
    GByteArray *signature;
} Jwt;

/* False, with DATA in *error, for what is no such token, has a header that must be understood and
 * is not ("crit"), or claims of the wrong kind. Clear *ret in any case. The token itself is in no
 * message. */
bool jwt_parse(const Secret *token, Jwt *ret, GError **error);
void jwt_clear(Jwt *jwt);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Jwt, jwt_clear)
