/* auth_oauth.h: the parts of `postern auth oauth`. Internal to cmd/auth_oauth*.c. */
#pragma once

#include "cmd/auth.h"
#include "config/oauth.h"

typedef struct {
    const AuthOptions *options;
    OauthNet net;
    OauthGrant *grant;
    const char *redirect_host;
    const char *issuer; /* to compare what comes back with, or NULL */
} OauthLogin;

/* Each asks a person and fills the grant with tokens. Suspends. */
bool auth_oauth_by_device(const OauthLogin *login, GError **error);
bool auth_oauth_by_browser(const OauthLogin *login, GError **error);
