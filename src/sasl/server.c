/* server.c: runs the server's side that a row names; what all of them have in common. */
#include "sasl/server_mech.h"

#include <string.h>

#include "base/escape.h"

#define RESPONSE_MAX (64 * 1024)

static const SaslServerRunner *const runners[] = {
    &sasl_serve_scram,   &sasl_serve_gssapi,     &sasl_serve_external, &sasl_serve_oauthbearer,
    &sasl_serve_xoauth2, &sasl_serve_digest_md5, &sasl_serve_cram_md5, &sasl_serve_plain,
    &sasl_serve_login,   &sasl_serve_anonymous,
};

const char *const sasl_server_mechanisms[] = {"SCRAM-SHA-512-PLUS",
                                              "SCRAM-SHA-256-PLUS",
                                              "SCRAM-SHA-1-PLUS",
                                              "SCRAM-SHA-512",
                                              "SCRAM-SHA-256",
                                              "SCRAM-SHA-1",
                                              "GSSAPI",
                                              "EXTERNAL",
                                              "OAUTHBEARER",
                                              "XOAUTH2",
                                              "DIGEST-MD5",
                                              "CRAM-MD5",
                                              "PLAIN",
                                              "LOGIN",
                                              "ANONYMOUS",
                                              NULL};

/* All the forms of SCRAM share one runner. */
static const SaslServerRunner *runner_of(const SaslMechanism *m)
{
    for (size_t i = 0; i < G_N_ELEMENTS(runners); i++) {
        bool same = g_str_equal(runners[i]->name, "SCRAM") ? g_str_has_prefix(m->name, "SCRAM-")
                                                           : g_str_equal(runners[i]->name, m->name);
        if (same) {
            return runners[i];
        }
    }
    return NULL;
}

SaslServer *sasl_server_new(const char *mechanism, const SaslServerParams *params, GError **error)
{
    const SaslMechanism *m = sasl_mechanism_find(bytes_of(mechanism));
    const SaslServerRunner *run = m && m->run ? runner_of(m) : NULL;
    if (!run) {
        g_autofree char *name = escape_line_max(bytes_of(mechanism), 40);
        error_fail(error, POSTERN_ERROR_AUTH, "%s is no mechanism this server has", name);
        return NULL;
    }
    if (m->needs_binding && !params->binding) {
        error_fail(error, POSTERN_ERROR_AUTH,
                   "%s binds the login to a TLS connection, and this is none", m->name);
        return NULL;
    }
    g_autoptr(SaslServer) server = g_new0(SaslServer, 1);
    server->mechanism = m;
    server->run = run;
    server->params = *params;
    server->state = run->state_size ? g_malloc0(run->state_size) : NULL;
    return !run->start || run->start(server, error) ? g_steal_pointer(&server) : NULL;
}

void sasl_server_free(SaslServer *server)
{
    if (!server) {
        return;
    }
    if (server->run->clear) {
        server->run->clear(server->state);
    }
    if (server->state) {
        secret_wipe(server->state, server->run->state_size);
    }
    g_free(server->state);
    g_free(server->user);
    g_free(server->authzid);
    g_free(server);
}

const SaslMechanism *sasl_server_mechanism(const SaslServer *server)
{
    return server->mechanism;
}

const char *sasl_server_user(const SaslServer *server)
{
    return server->accepted && server->authzid ? server->authzid : server->user;
}

bool sasl_server_saw_password(const SaslServer *server)
{
    return server->run->sees_password;
}

void sasl_server_step_clear(SaslServerStep *step)
{
    g_clear_pointer(&step->challenge, g_byte_array_unref);
    g_clear_pointer(&step->why, g_free);
}

bool sasl_server_step(SaslServer *server, const Secret *given, SaslServerStep *step,
                      Deadline deadline, GError **error)
{
    bool has_response = given != NULL;
    Bytes response = given ? secret_reveal(given) : BYTES_NONE;
    *step = (SaslServerStep){0};
    if (response.len > RESPONSE_MAX) {
        return sasl_broken(step, "an answer of %zu octets; at most %d are taken", response.len,
                           RESPONSE_MAX);
    }
    /* "Go on" is what a client that could have begun is told. */
    if (!has_response && server->steps == 0 && server->run->client_first) {
        return sasl_challenge(step, BYTES_NONE);
    }
    if (has_response && server->steps == 0 && !server->run->client_first &&
        server->run != &sasl_serve_login) {
        return sasl_broken(step,
                           "%s begins with the server's challenge: there is no initial response",
                           server->mechanism->name);
    }
    bool ok = server->run->step(server, has_response, response, step, deadline, error);
    server->steps++;
    return ok;
}

/* --- for the mechanisms --- */

bool sasl_challenge(SaslServerStep *step, Bytes challenge)
{
    step->verdict = SASL_CONTINUE;
    step->challenge = g_byte_array_new();
    if (challenge.len > 0) {
        g_byte_array_append(step->challenge, (const guint8 *)challenge.data, (guint)challenge.len);
    }
    return true;
}

bool sasl_accept(SaslServer *server, SaslServerStep *step)
{
    step->verdict = SASL_ACCEPTED;
    server->accepted = true;
    return true;
}

static bool G_GNUC_PRINTF(3, 0)
    refuse(SaslServerStep *step, SaslVerdict verdict, const char *format, va_list args)
{
    g_autofree char *text = g_strdup_vprintf(format, args);
    step->verdict = verdict;
    step->why = escape_line_max(bytes_of(text), 300);
    return true;
}

bool sasl_reject(SaslServerStep *step, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    refuse(step, SASL_REJECTED, format, args);
    va_end(args);
    return true;
}

bool sasl_broken(SaslServerStep *step, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    refuse(step, SASL_BROKEN, format, args);
    va_end(args);
    return true;
}

bool sasl_password_is(const SaslServer *server, const char *user, Bytes password)
{
    const SaslServerParams *p = &server->params;
    if (p->accept_any) {
        return true;
    }
    g_autoptr(Secret) known = p->password ? p->password(p->user, user) : NULL;
    g_autoptr(Secret) given = secret_new(password.data ? password.data : "", password.len);
    return known && secret_equal(known, given);
}

bool sasl_claim(SaslServer *server, Bytes user, Bytes authzid)
{
    if (bytes_index(user, '\0') >= 0 || bytes_index(authzid, '\0') >= 0) {
        return false;
    }
    g_free(server->user);
    g_free(server->authzid);
    server->user = bytes_dup(user);
    server->authzid = authzid.len > 0 ? bytes_dup(authzid) : NULL;
    return true;
}
