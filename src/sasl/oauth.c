/* oauth.c: access tokens as logins: XOAUTH2 (Google's and Microsoft's) and OAUTHBEARER (RFC 7628).
 *
 *     C: user=joe^Aauth=Bearer TOKEN^A^A                          XOAUTH2
 *     C: n,a=joe,^Ahost=imap.example.org^Aport=143^Aauth=Bearer TOKEN^A^A     OAUTHBEARER
 *     S: {"status":"invalid_token",...}                           only when it refuses; it waits
 * for C: (empty), or ^A                                           before it says so in its own
 * protocol's words
 */
#include "sasl/mech.h"
#include "sasl/oauth_error.h"

#include <string.h>

/* ^A separates, and a token is made of printable characters (RFC 6750 section 2.1). */
static bool oauth_start(SaslClient *client, GError **error)
{
    Bytes token = secret_reveal(client->params.token);
    for (size_t i = 0; i < token.len; i++) {
        if (token.data[i] <= ' ' || token.data[i] > '~') {
            return error_fail(
                error, POSTERN_ERROR_AUTH,
                "octet %zu of the access token is none that a token may have (RFC 6750): is "
                "there more in the token command's output than the token?",
                i + 1);
        }
    }
    if (token.len == 0) {
        return error_fail(error, POSTERN_ERROR_AUTH, "the access token is empty");
    }
    if (strchr(sasl_user(client), '\001')) {
        return error_fail(error, POSTERN_ERROR_AUTH, "the user name has a control character (^A)");
    }
    return true;
}

/* The second challenge is the error object; `more` acknowledges it. */
static Secret *take_error(SaslClient *client, Bytes challenge, const char *more, GError **error)
{
    if (client->steps > 1) {
        return sasl_nothing_more(client, error);
    }
    client->complaint = oauth_error_words(challenge);
    return sasl_open_text(more);
}

static Secret *xoauth2_step(SaslClient *client, const SaslInput *in, GError **error)
{
    if (client->steps > 0) {
        return take_error(client, in->challenge, "", error);
    }
    g_autofree char *front = g_strdup_printf("user=%s\001auth=Bearer ", sasl_user(client));
    return secret_wrap(bytes_of(front), client->params.token, BYTES_LITERAL("\001\001"));
}

static Secret *oauthbearer_step(SaslClient *client, const SaslInput *in, GError **error)
{
    const SaslParams *p = &client->params;
    if (client->steps > 0) {
        return take_error(client, in->challenge, "\001", error);
    }
    const char *name = p->authzid && *p->authzid ? p->authzid : sasl_user(client);
    g_autoptr(GString) front = g_string_new("n,");
    if (*name) {
        g_string_append(front, "a=");
        sasl_append_name(front, name);
    }
    g_string_append(front, ",\001");
    if (p->host) {
        g_string_append_printf(front, "host=%s\001", p->host);
    }
    if (p->port) {
        g_string_append_printf(front, "port=%u\001", p->port);
    }
    g_string_append(front, "auth=Bearer ");
    return secret_wrap(bytes_of_string(front), p->token, BYTES_LITERAL("\001\001"));
}

/* Success after an error object contradicts itself. */
static bool oauth_finish(SaslClient *client, bool has_additional, Bytes additional, GError **error)
{
    (void)has_additional;
    (void)additional;
    if (client->steps > 1) {
        return error_fail(error, POSTERN_ERROR_PROTOCOL,
                          "the server says it is done after it refused the token (%s)",
                          client->complaint ? client->complaint : "no reason given");
    }
    return true;
}

const SaslRunner sasl_run_xoauth2 = {
    .start = oauth_start, .step = xoauth2_step, .finish = oauth_finish};
const SaslRunner sasl_run_oauthbearer = {
    .start = oauth_start, .step = oauthbearer_step, .finish = oauth_finish};
