/* oauth_form.h: form-encoded requests, and the request a browser brings back. Pure. */
#pragma once

#include "base/secret.h"

/* One field; the value is one of the two, a field without a value is left out. */
typedef struct {
    const char *name;
    const char *value;
    const Secret *secret;
} OauthField;

/* "name=value&...", percent-encoded; ended by a row without a name. The caller owns it. */
Secret *oauth_form(const OauthField *fields);

/* The same behind "?" or "&" of an address; no secrets in it. The caller frees it. */
char *oauth_url(const char *endpoint, const OauthField *fields);
/* The S256 challenge of a verifier (RFC 7636 section 4.2); no secret. The caller frees it. */
char *oauth_challenge(const Secret *verifier);
/* Base64 as RFC 4648 section 5 has it, without padding. The caller frees it. */
char *oauth_base64url(const void *data, size_t len);

/* What the browser was sent back with. */
typedef struct {
    bool is_callback; /* a GET of our path; else it wants something else (favicon.ico) */
    char *state, *error, *error_description, *issuer; /* any may be NULL */
    Secret *code;
} OauthRedirect;

void oauth_redirect_clear(OauthRedirect *redirect);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(OauthRedirect, oauth_redirect_clear)

/* Reads the request line "GET /PATH?code=...&state=... HTTP/1.1". False when it is no request of
 * HTTP/1. A parameter that is given twice counts as not given. */
bool oauth_redirect_parse(Bytes line, const char *path, OauthRedirect *ret);
