/* oauth.c: the token of a login, whoever asks for it. */
#include "config/oauth.h"

#include <unistd.h>

/* A login at a mail server and what follows it shall not begin with a token that is about to end.
 */
#define MARGIN_SECONDS 60
/* Another process may be refreshing: its request may take its time. */
#define LOCK_SECONDS 90

static bool is_fresh(const OauthGrant *grant)
{
    int64_t now = g_get_real_time() / G_USEC_PER_SEC;
    return grant->access_token &&
           (grant->expires_at == 0 || grant->expires_at - now > MARGIN_SECONDS);
}

static Secret *take(OauthGrant *grant)
{
    return g_steal_pointer(&grant->access_token);
}

/* Under the lock the file is read again: who waited for it finds the other's token. */
static Secret *refresh_locked(const OauthNet *net, const char *name, GError **error)
{
    g_autoptr(OauthGrant) grant = oauth_load(name, true, error);
    if (!grant) {
        return NULL;
    }
    if (is_fresh(grant)) {
        return take(grant);
    }
    OauthNet own = *net;
    own.ca_file = grant->ca_file;
    own.ca_path = NULL;
    return oauth_refresh(&own, grant, error) && oauth_save(grant, error) ? take(grant) : NULL;
}

Secret *oauth_token(const OauthNet *net, const char *name, GError **error)
{
    g_autoptr(OauthGrant) grant = oauth_load(name, true, error);
    if (!grant || is_fresh(grant)) {
        return grant ? take(grant) : NULL;
    }
    int lock = oauth_lock(name, deadline_in(LOCK_SECONDS), error);
    if (lock < 0) {
        return NULL;
    }
    Secret *token = refresh_locked(net, name, error);
    close(lock);
    return token;
}
