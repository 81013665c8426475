/* server_oauth.c: access tokens as logins: XOAUTH2 (Google's and Microsoft's) and OAUTHBEARER (RFC
 * 7628), the server's side. A token that is refused is told by an error object, which the client
 * acknowledges before it hears the refusal. */
#include <string.h>

#include "sasl/server_mech.h"

typedef struct {
    bool refused; /* the error object is out */
    char *why;    /* or NULL */
} OauthServer;

static void oauth_clear(void *memory)
{
    OauthServer *state = memory;
    g_free(state->why);
}

/* The value of "name=value" among fields that end in ^A; false when there is none. */
static bool find_field(Bytes fields, const char *name, Bytes *ret)
{
    while (fields.len > 0) {
        gssize end = bytes_index(fields, '\001');
        Bytes field = bytes_sub(fields, 0, end < 0 ? fields.len : (size_t)end);
        if (bytes_starts_ci(field, name)) {
            *ret = bytes_sub(field, strlen(name), SIZE_MAX);
            return true;
        }
        fields = bytes_sub(fields, field.len + 1, SIZE_MAX);
    }
    return false;
}

/* The client has acknowledged it. */
static bool reject_token(const OauthServer *state, SaslServerStep *step)
{
    return sasl_reject(step, "the access token is not good%s%s", state->why ? ": " : "",
                       state->why ? state->why : "");
}

static bool refuse_token(OauthServer *state, SaslServerStep *step)
{
    static const char object[] = "{\"status\":\"401\",\"schemes\":\"bearer\",\"scope\":\"mail\"}";
    state->refused = true;
    return sasl_challenge(step, bytes_of(object));
}

static bool judge(SaslServer *server, Bytes user, Bytes auth, SaslServerStep *step)
{
    const SaslServerParams *p = &server->params;
    if (!bytes_starts_ci(auth, "Bearer ") || !sasl_claim(server, user, BYTES_NONE)) {
        return sasl_broken(step, "the field auth is not \"Bearer TOKEN\"");
    }
    Bytes text = bytes_trim(bytes_sub(auth, strlen("Bearer "), SIZE_MAX));
    g_autoptr(Secret) token = secret_new(text.data ? text.data : "", text.len);
    g_autofree char *name = NULL;
    OauthServer *state = server->state;
    bool good =
        text.len > 0 &&
        (p->accept_any || (p->token && p->token(p->user, server->user, token, &name, &state->why)));
    if (!good) {
        return refuse_token(state, step);
    }
    if (name) {
        sasl_claim(server, bytes_of(name), BYTES_NONE);
    }
    return sasl_accept(server, step);
}

/* user=NAME^Aauth=Bearer TOKEN^A^A */
static bool xoauth2_step(SaslServer *server, bool has_response, Bytes response,
                         SaslServerStep *step, Deadline deadline, GError **error)
{
    const OauthServer *state = server->state;
    Bytes user, auth;
    (void)has_response;
    (void)deadline;
    (void)error;
    if (state->refused) {
        return reject_token(state, step);
    }
    if (!find_field(response, "user=", &user) || !find_field(response, "auth=", &auth)) {
        return sasl_broken(step, "XOAUTH2 wants user=NAME^Aauth=Bearer TOKEN^A^A");
    }
    return judge(server, user, auth, step);
}

/* The name in "n,a=NAME," with =2C and =3D undone in place of the caller's copy. */
static void read_gs2_name(char *name)
{
    char *out = name;
    for (const char *in = name; *in; out++) {
        bool escaped = in[0] == '=' && in[1] && in[2];
        *out = !escaped ? *in : g_ascii_strncasecmp(in, "=2C", 3) == 0 ? ',' : '=';
        in += escaped ? 3 : 1;
    }
    *out = '\0';
}

/* n,a=NAME,^Ahost=...^Aport=...^Aauth=Bearer TOKEN^A^A */
static bool oauthbearer_step(SaslServer *server, bool has_response, Bytes response,
                             SaslServerStep *step, Deadline deadline, GError **error)
{
    const OauthServer *state = server->state;
    (void)has_response;
    (void)deadline;
    (void)error;
    if (state->refused) {
        return reject_token(state, step);
    }
    gssize end = bytes_index(response, '\001');
    Bytes header = bytes_sub(response, 0, end < 0 ? 0 : (size_t)end), auth;
    if ((!bytes_starts(header, "n,") && !bytes_starts(header, "y,")) ||
        !find_field(bytes_sub(response, header.len + 1, SIZE_MAX), "auth=", &auth)) {
        return sasl_broken(step, "OAUTHBEARER wants a GS2 header and the field auth");
    }
    Bytes rest = bytes_sub(header, 2, SIZE_MAX);
    gssize comma = bytes_index(rest, ',');
    Bytes field = bytes_sub(rest, 0, comma < 0 ? rest.len : (size_t)comma);
    g_autofree char *name =
        bytes_dup(bytes_starts(field, "a=") ? bytes_sub(field, 2, SIZE_MAX) : BYTES_NONE);
    read_gs2_name(name);
    return judge(server, bytes_of(name), auth, step);
}

const SaslServerRunner sasl_serve_xoauth2 = {.name = "XOAUTH2",
                                             .state_size = sizeof(OauthServer),
                                             .client_first = true,
                                             .step = xoauth2_step,
                                             .clear = oauth_clear};
const SaslServerRunner sasl_serve_oauthbearer = {.name = "OAUTHBEARER",
                                                 .state_size = sizeof(OauthServer),
                                                 .client_first = true,
                                                 .step = oauthbearer_step,
                                                 .clear = oauth_clear};
