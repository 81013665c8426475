/* server_gssapi.c: GSSAPI with Kerberos (RFC 4752), the server's side, by libgsasl with a keytab.
 * Kerberos wants much stack and reads files: each step runs on a thread of its own. */
#include <string.h>

#include "base/escape.h"
#include "io/thread.h"
#include "sasl/gsasl_load.h"
#include "sasl/leaks.h"
#include "sasl/server_mech.h"

enum { NAME_SHOWN = 80 };

typedef struct {
    const GsaslLibrary *g;
    Gsasl *library;
    Gsasl_session *session;
    /* One step, as the thread sees it. */
    const char *input;
    size_t input_len;
    char *output;
    size_t output_len;
    int rc;
} GssapiServer;

/* libgsasl asks for the service and the host before, and at the end whether the ticket's owner may
 * act as the name: conclude() says so, in words. */
static int callback(Gsasl *library, Gsasl_session *session, Gsasl_property property)
{
    const GsaslLibrary *g = gsasl_load("GSSAPI", NULL); /* this is called by it */
    const SaslServer *server = g->gsasl_session_hook_get(session);
    (void)library;
    switch (property) {
    case GSASL_SERVICE:
        return g->gsasl_property_set(session, property, server->params.service);
    case GSASL_HOSTNAME:
        return g->gsasl_property_set(session, property, server->params.host);
    case GSASL_VALIDATE_GSSAPI:
        return GSASL_OK;
    default:
        return GSASL_NO_CALLBACK;
    }
}

static bool gssapi_start(SaslServer *server, GError **error)
{
    GssapiServer *state = server->state;
    if (!server->params.service || !server->params.host) {
        return error_fail(error, POSTERN_ERROR_AUTH,
                          "GSSAPI needs the service and the host it is for");
    }
    const GsaslLibrary *g = state->g = gsasl_load("GSSAPI", error);
    if (!g) {
        return false;
    }
    int rc = g->gsasl_init(&state->library);
    if (rc == GSASL_OK) {
        g->gsasl_callback_set(state->library, callback);
        rc = g->gsasl_server_start(state->library, "GSSAPI", &state->session);
    }
    if (rc != GSASL_OK) {
        return error_fail(error, POSTERN_ERROR_AUTH, "GSSAPI cannot run here: %s",
                          g->gsasl_strerror(rc));
    }
    g->gsasl_session_hook_set(state->session, server);
    return true;
}

static void run_step(void *user)
{
    GssapiServer *state = user;
    IGNORE_LEAKS(true);
    state->rc = state->g->gsasl_step(state->session, state->input, state->input_len, &state->output,
                                     &state->output_len);
    IGNORE_LEAKS(false);
}

/* "alice@EXAMPLE.TEST" is alice, whatever the realm, and may act as nobody else. */
static bool conclude(SaslServer *server, const char *principal, const char *act_as,
                     SaslServerStep *step)
{
    const char *at = principal ? strrchr(principal, '@') : NULL;
    g_autofree char *name =
        at ? g_strndup(principal, (gsize)(at - principal)) : g_strdup(principal ? principal : "");
    bool himself =
        !act_as || !*act_as || g_str_equal(act_as, name) || g_strcmp0(act_as, principal) == 0;
    if (!himself) {
        g_autofree char *who = escape_line_max(bytes_of(principal), NAME_SHOWN);
        g_autofree char *other = escape_line_max(bytes_of(act_as), NAME_SHOWN);
        return sasl_reject(step, "GSSAPI: the ticket is %s's, who may not act as %s", who, other);
    }
    sasl_claim(server, bytes_of(name), BYTES_NONE);
    return sasl_accept(server, step);
}

static bool gssapi_step(SaslServer *server, bool has_response, Bytes response, SaslServerStep *step,
                        Deadline deadline, GError **error)
{
    GssapiServer *state = server->state;
    (void)has_response;
    (void)deadline; /* nothing here waits for anybody */
    state->input = response.data ? response.data : "";
    state->input_len = response.len;
    if (!thread_run("kerberos", run_step, state, error)) {
        return false;
    }
    Bytes out = {state->output, state->output_len};
    bool more = state->rc == GSASL_NEEDS_MORE;
    if (more) {
        sasl_challenge(step, out);
    }
    g_clear_pointer(&state->output, state->g->gsasl_free);
    if (more) {
        return true;
    }
    if (state->rc != GSASL_OK) {
        return sasl_reject(step, "GSSAPI: %s", state->g->gsasl_strerror(state->rc));
    }
    const char *name = state->g->gsasl_property_fast(state->session, GSASL_GSSAPI_DISPLAY_NAME);
    const char *act_as = state->g->gsasl_property_fast(state->session, GSASL_AUTHZID);
    return conclude(server, name, act_as, step);
}

static void gssapi_clear(void *user)
{
    GssapiServer *state = user;
    if (state->session) {
        state->g->gsasl_finish(state->session);
    }
    if (state->library) {
        state->g->gsasl_done(state->library);
    }
}

const SaslServerRunner sasl_serve_gssapi = {.name = "GSSAPI",
                                            .state_size = sizeof(GssapiServer),
                                            .client_first = true,
                                            .start = gssapi_start,
                                            .step = gssapi_step,
                                            .clear = gssapi_clear};
