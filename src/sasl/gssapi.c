/* gssapi.c: GSSAPI with Kerberos (RFC 4752), by libgsasl. Kerberos resolves names, talks to KDCs
 * and waits for itself, and wants much stack: so each step runs on a thread of its own, and we wait
 * for its eventfd.
 *
 *     C: a ticket for imap@host, fresh        S: proof that it could open the ticket        C:
 * (empty) S: which layers it has, integrity-protected        C: no layer (TLS is ours), and who to
 * act as
 */
#include "sasl/gsasl_load.h"
#include "sasl/leaks.h"
#include "sasl/mech.h"

#include "io/io.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* Held by the client, and by the thread while it runs: a wait may be given up, a Kerberos call
 * cannot. */
typedef struct {
    gint refs;
    const GsaslLibrary *g;
    Gsasl *library;
    Gsasl_session *session;
    int done_fd;
    char *input;
    size_t input_len;
    char *output;
    size_t output_len;
    int rc;
} Job;

typedef struct {
    Job *job;
    bool busy; /* a step was given up on */
    bool done;
} Gssapi;

static void job_clear_step(Job *job)
{
    g_clear_pointer(&job->input, g_free);
    g_clear_pointer(&job->output, job->g->gsasl_free);
    if (job->done_fd >= 0) {
        close(job->done_fd);
    }
    job->done_fd = -1;
}

static void job_unref(Job *job)
{
    if (!job || !g_atomic_int_dec_and_test(&job->refs)) {
        return;
    }
    job_clear_step(job);
    if (job->session) {
        job->g->gsasl_finish(job->session);
    }
    if (job->library) {
        job->g->gsasl_done(job->library);
    }
    g_free(job);
}

static void *run_step(void *user)
{
    Job *job = user;
    IGNORE_LEAKS(true);
    job->rc = job->g->gsasl_step(job->session, job->input, job->input_len, &job->output,
                                 &job->output_len);
    IGNORE_LEAKS(false);
    uint64_t one = 1;
    while (write(job->done_fd, &one, sizeof(one)) < 0 && errno == EINTR) {
    }
    job_unref(job);
    return NULL;
}

static bool gssapi_start(SaslClient *client, GError **error)
{
    Gssapi *state = client->state;
    const SaslParams *p = &client->params;
    if (!p->service || !p->host) {
        return error_fail(error, POSTERN_ERROR_AUTH, "%s needs the service and the host it is for",
                          client->mechanism->name);
    }
    const GsaslLibrary *g = gsasl_load(client->mechanism->name, error);
    if (!g) {
        return false;
    }
    Job *job = g_new0(Job, 1);
    job->g = g;
    job->refs = 1;
    job->done_fd = -1;
    state->job = job;
    int rc = g->gsasl_init(&job->library);
    if (rc == GSASL_OK) {
        rc = g->gsasl_client_start(job->library, client->mechanism->name, &job->session);
    }
    if (rc != GSASL_OK) {
        return error_fail(error, POSTERN_ERROR_AUTH, "this machine's libgsasl cannot do %s: %s",
                          client->mechanism->name, g->gsasl_strerror(rc));
    }
    const char *act_as = p->authzid && *p->authzid ? p->authzid : p->user;
    g->gsasl_property_set(job->session, GSASL_SERVICE, p->service);
    g->gsasl_property_set(job->session, GSASL_HOSTNAME, p->host);
    if (act_as && *act_as) {
        g->gsasl_property_set(job->session, GSASL_AUTHZID, act_as);
    }
    return true;
}

static void explain_failure(const SaslClient *client, const Job *job, GError **error)
{
    int rc = job->rc;
    const SaslParams *p = &client->params;
    if (client->steps == 0 && !sasl_have_ticket()) {
        error_fail(error, POSTERN_ERROR_AUTH,
                   "GSSAPI: there is no Kerberos ticket: run kinit first");
    } else if (client->steps == 0) {
        error_fail(
            error, POSTERN_ERROR_AUTH,
            "GSSAPI: Kerberos gives no ticket for %s@%s. Is that the server's own name, and "
            "is %s/%s known to the KDC? `kvno %s/%s` tells more, as does KRB5_TRACE=/dev/stderr",
            p->service, p->host, p->service, p->host, p->service, p->host);
    } else if (rc == GSASL_GSSAPI_UNSUPPORTED_PROTECTION_ERROR) {
        error_fail(error, POSTERN_ERROR_PROTOCOL,
                   "GSSAPI: the server demands a security layer of its own: TLS is the layer "
                   "Postern knows");
    } else if (rc == GSASL_GSSAPI_INIT_SEC_CONTEXT_ERROR || rc == GSASL_GSSAPI_UNWRAP_ERROR) {
        error_fail(error, POSTERN_ERROR_INSECURE,
                   "GSSAPI: the server's proof does not hold: it cannot open tickets for %s@%s, so "
                   "this may "
                   "be a false server (%s)",
                   p->service, p->host, job->g->gsasl_strerror(rc));
    } else {
        error_fail(error, POSTERN_ERROR_PROTOCOL,
                   "GSSAPI: cannot go on with what the server sent: %s",
                   job->g->gsasl_strerror(rc));
    }
}

/* Starts the thread and waits for it. False when the wait was given up: the thread then still owns
 * the step. */
static bool run_on_thread(Gssapi *state, const SaslInput *in, GError **error)
{
    Job *job = state->job;
    job_clear_step(job);
    job->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (job->done_fd < 0) {
        return error_fail(error, POSTERN_ERROR_IO, "cannot make an eventfd: %s", g_strerror(errno));
    }
    job->input = bytes_dup(in->challenge);
    job->input_len = in->challenge.len;
    g_atomic_int_inc(&job->refs);
    GThread *thread = g_thread_try_new("kerberos", run_step, job, error);
    if (!thread) {
        job_unref(job);
        error_prefix(error, "cannot start a thread for Kerberos");
        return false;
    }
    state->busy = !io_wait_read(job->done_fd, in->deadline, error);
    if (state->busy) {
        g_thread_unref(thread);
        error_prefix(error, "waiting for Kerberos");
        return false;
    }
    g_thread_join(thread); /* it has only to return */
    return true;
}

static Secret *gssapi_step(SaslClient *client, const SaslInput *in, GError **error)
{
    Gssapi *state = client->state;
    if (state->done) {
        return sasl_nothing_more(client, error);
    }
    if (state->busy) {
        error_fail(error, POSTERN_ERROR_BUG, "GSSAPI: the step before this one was given up");
        return NULL;
    }
    if (!run_on_thread(state, in, error)) {
        return NULL;
    }
    Job *job = state->job;
    if (job->rc != GSASL_OK && job->rc != GSASL_NEEDS_MORE) {
        explain_failure(client, job, error);
        return NULL;
    }
    state->done = job->rc == GSASL_OK;
    return secret_new(job->output ? job->output : "", job->output_len);
}

static bool gssapi_finish(SaslClient *client, bool has_additional, Bytes additional, GError **error)
{
    const Gssapi *state = client->state;
    (void)has_additional;
    (void)additional;
    return state->done ||
           error_fail(
               error, POSTERN_ERROR_INSECURE,
               "%s: the server says it is done without having proved that it can open the ticket: "
               "this may be a false server",
               client->mechanism->name);
}

static void gssapi_clear(void *state)
{
    job_unref(((Gssapi *)state)->job);
}

const SaslRunner sasl_run_gssapi = {
    .state_size = sizeof(Gssapi),
    .start = gssapi_start,
    .step = gssapi_step,
    .finish = gssapi_finish,
    .clear = gssapi_clear,
};
