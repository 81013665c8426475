/* server_gssapi.c: GSSAPI with Kerberos (RFC 4752), the server's side, by libgsasl with a keytab.
 * Kerberos wants much stack and reads files: each step runs on a thread of its own. */
#include "io/thread.h"
#include "sasl/gsasl_load.h"
#include "sasl/leaks.h"
#include "sasl/server_mech.h"

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

/* libgsasl asks for the service and the host before, and whether the ticket's owner may act as the
 * name at the end: in the sandbox everybody may be himself. */
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
    sasl_claim(server, bytes_of(name), bytes_of(act_as));
    return sasl_accept(server, step);
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
