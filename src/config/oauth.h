/* oauth.h: OAuth 2.0 tokens for XOAUTH2 and OAUTHBEARER: got once by a person (RFC 8628, RFC 7636
 * with RFC 8252), kept, refreshed when they are old.
 *
 *   oauth_presets.c   the large providers
 *   oauth_json.c      what providers answer, and what is kept, as JSON (pure)
 *   oauth_form.c      requests, and redirects that come back (pure)
 *   oauth_store.c     what is kept: a file, or a command
 *   oauth_client.c    asking providers
 *   oauth.c           the token of an account
 *
 * Tokens, codes and client secrets are Secrets; no message holds one. */
#pragma once

#include "base/secret.h"
#include "io/https.h"

/* Where a provider is asked. Owns its strings; any may be NULL. */
typedef struct {
    char *issuer;
    char *authorization, *token, *device, *revocation; /* endpoints, https */
    char *scope;                                       /* what to ask for when nobody says */
} OauthProvider;

void oauth_provider_clear(OauthProvider *provider);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(OauthProvider, oauth_provider_clear)

typedef struct {
    const char *name; /* "google" */
    const char *title;
    const char *issuer, *authorization, *token, *device, *revocation, *scope;
    const char *redirect_host; /* what the provider wants loopback to be called; NULL: 127.0.0.1 */
    const char *hint;          /* what one has to know before */
} OauthPreset;

extern const OauthPreset oauth_presets[]; /* ended by a row without a name */
const OauthPreset *oauth_preset_find(const char *name);
/* Copies a row. */
void oauth_provider_of_preset(const OauthPreset *preset, OauthProvider *ret);

/* What is kept of a login. Owns everything. */
typedef struct {
    char *name;     /* as accounts.conf's `oauth` names it */
    char *provider; /* a preset's name or the issuer, for `list` */
    char *client_id, *scope, *token_endpoint, *revocation_endpoint;
    char *authorization_endpoint, *device_endpoint; /* for the next login */
    char *ca_file;       /* to verify the provider with; NULL: the system's trust store */
    char *store_command; /* keeps the secrets instead of the file; or NULL */
    int64_t expires_at;  /* of the access token, seconds since the epoch; 0: not told */
    Secret *client_secret, *access_token, *refresh_token; /* any may be NULL */
} OauthGrant;

void oauth_grant_free(OauthGrant *grant);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OauthGrant, oauth_grant_free)

/* How the network is reached: dial is borrowed. */
typedef struct {
    const DialPlan *dial;
    const char *ca_file, *ca_path;
    double timeout; /* seconds for each request; 0: 60 */
} OauthNet;

/* --- the store --- */

/* Letters, digits and ".@_+-", not beginning with a dot, at most 100. USAGE. */
bool oauth_name_check(const char *name, GError **error);
/* Reads what is kept; with `secrets` the secrets too, which may run the store's command. NO_INPUT
 * when there is nothing of that name, saying how to log in; CONFIG when the file is not private or
 * not ours. Suspends. */
OauthGrant *oauth_load(const char *name, bool secrets, GError **error);
/* Writes it, durably, 0600. Suspends. */
bool oauth_save(const OauthGrant *grant, GError **error);
/* Takes it away, from the store's command too. Suspends. */
bool oauth_remove(const OauthGrant *grant, GError **error);
/* Writes a token and a line end: for `auth oauth token`, whose job that is. IO. */
bool oauth_print(int fd, const Secret *token, GError **error);
/* Names, sorted; g_strfreev(). */
char **oauth_names(GError **error);
/* Holds the lock of a name, for as long as the descriptor is open (close(2) it); -1. TIMEOUT.
 * Suspends. */
int oauth_lock(const char *name, Deadline deadline, GError **error);

/* --- asking providers; all suspend --- */

/* Endpoints by .well-known (OpenID Connect Discovery, else RFC 8414); those *provider has already
 * stay. PROTOCOL when it is no such document, or is another issuer's. */
bool oauth_discover(const OauthNet *net, OauthProvider *provider, GError **error);

/* One device login (RFC 8628). */
typedef struct {
    Secret *device_code;
    char *user_code, *verification_uri, *verification_uri_complete; /* the last may be NULL */
    double interval; /* seconds between two questions */
    Deadline expires;
} OauthDevice;

void oauth_device_clear(OauthDevice *device);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(OauthDevice, oauth_device_clear)

bool oauth_device_start(const OauthNet *net, const OauthGrant *grant, const char *endpoint,
                        OauthDevice *ret, GError **error);
/* Asks until the person has agreed (then the grant holds tokens), has refused (AUTH), or the code
 * has expired (AUTH). */
bool oauth_device_wait(const OauthNet *net, OauthDevice *device, OauthGrant *grant, GError **error);

/* A login by the browser (RFC 8252): what is sent along, and checked when it comes back. */
typedef struct {
    char *state;
    Secret *verifier; /* RFC 7636 */
    char *redirect_uri;
} OauthBrowser;

void oauth_browser_init(OauthBrowser *browser, const char *redirect_uri);
void oauth_browser_clear(OauthBrowser *browser);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(OauthBrowser, oauth_browser_clear)
/* The address to open. The caller frees it. */
char *oauth_browser_url(const OauthBrowser *browser, const OauthGrant *grant, const char *endpoint,
                        const char *user);
/* Trades the code for tokens. */
bool oauth_browser_finish(const OauthNet *net, const OauthBrowser *browser, const Secret *code,
                          OauthGrant *grant, GError **error);

/* Gets a new access token, whatever the old one's age; the provider may give a new refresh token
 * too. AUTH when it will not: a person has to log in again. */
bool oauth_refresh(const OauthNet *net, OauthGrant *grant, GError **error);
/* RFC 7009; true also when the provider has no such endpoint. */
bool oauth_revoke(const OauthNet *net, const OauthGrant *grant, GError **error);

/* --- the whole --- */

/* A token that holds for a minute at least, refreshed if need be; of several processes that find it
 * old one refreshes. The caller owns it. Suspends. */
Secret *oauth_token(const OauthNet *net, const char *name, GError **error);
