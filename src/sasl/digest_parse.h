/* digest_parse.h: the name=value lists of DIGEST-MD5 (RFC 2831 section 7.1). Pure. */
#pragma once

#include "base/bytes.h"
#include "base/error.h"

/* Takes the next directive off the front of *rest: its name, borrowed, and its value, unquoted,
 * into `value`. Empty elements and blanks are skipped. False at the end, and where it is malformed:
 * then *ret_malformed is set. */
bool digest_directive(Bytes *rest, Bytes *ret_name, GString *value, bool *ret_malformed);

typedef struct {
    GPtrArray *realms; /* of char* */
    char *nonce;
    bool utf8;     /* charset=utf-8 */
    bool has_auth; /* qop lists "auth", or there is no qop */
    bool is_md5_sess;
    bool stale;
} DigestChallenge;

void digest_challenge_clear(DigestChallenge *c);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(DigestChallenge, digest_challenge_clear)

/* Fails with PROTOCOL. Clear *ret in either case. */
bool digest_parse_challenge(Bytes message, DigestChallenge *ret, GError **error);
