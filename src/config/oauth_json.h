/* oauth_json.h: JSON of providers and of the store. Pure; a fuzz target. Internal to config/.
 *
 * What is parsed may hold tokens: the parser's own copies of it are wiped. */
#pragma once

#include "config/oauth.h"

/* The largest answer of a provider that is read. */
#define OAUTH_JSON_MAX ((size_t)256 * 1024)

/* An answer of the token endpoint (RFC 6749 section 5): tokens go into the grant, `now` is the time
 * it came, in seconds since the epoch. An answer that is an error sets *ret_code ("slow_down",
 * "invalid_grant"; the caller frees it, NULL when there is none) and *error with it in words, AUTH.
 * Else PROTOCOL. */
bool oauth_json_tokens(Bytes json, int64_t now, OauthGrant *grant, char **ret_code, GError **error);
/* RFC 8628 section 3.2. PROTOCOL, or the provider's error as above. */
bool oauth_json_device(Bytes json, OauthDevice *ret, GError **error);
/* OpenID Connect Discovery, RFC 8414: fills what *provider has not yet. PROTOCOL, also when it is
 * another issuer's than the one asked. */
bool oauth_json_metadata(Bytes json, OauthProvider *provider, GError **error);

/* What is kept. `secrets`: with them; else without. */
Secret *oauth_json_of_grant(const OauthGrant *grant, bool facts, bool secrets);
/* Adds what is in the text to the grant. DATA. */
bool oauth_json_to_grant(Bytes json, OauthGrant *grant, GError **error);
