/* client.c: runs the mechanism that a row of the table names, step by step; what all of them have
 * in common. */
#include "sasl/mech.h"

#include "base/escape.h"
#include "sasl/decode.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* Kerberos tickets with large authorization data are the biggest tokens there are. */
#define CHALLENGE_MAX (64 * 1024)

static bool credentials_complete(const SaslMechanism *m, const SaslParams *p, GError **error)
{
    if (m->needs_user && (!p->user || !*p->user)) {
        return error_fail(error, POSTERN_ERROR_AUTH, "%s needs a user name: give --user", m->name);
    }
    if (m->needs_password && !p->password) {
        return error_fail(error, POSTERN_ERROR_AUTH,
                          "%s needs a password: give --password-command, --password-file or "
                          "$POSTERN_PASSWORD",
                          m->name);
    }
    if (m->needs_token && !p->token) {
        return error_fail(error, POSTERN_ERROR_AUTH,
                          "%s needs an OAuth access token: give --token-command", m->name);
    }
    if (m->needs_binding && !p->binding) {
        return error_fail(error, POSTERN_ERROR_AUTH,
                          "%s binds the login to a TLS connection, and this is none", m->name);
    }
    return true;
}

SaslClient *sasl_client_new(const char *mechanism, const SaslParams *params, GError **error)
{
    const SaslMechanism *m = sasl_mechanism_find(bytes_of(mechanism));
    if (!m || !m->run) {
        g_autofree char *name = escape_line_max(bytes_of(mechanism), 40);
        error_fail(error, POSTERN_ERROR_AUTH, "%s is not a SASL mechanism Postern can run%s%s",
                   name, m ? ": " : "; `postern auth list` shows those it can",
                   m ? m->verdict : "");
        return NULL;
    }
    if (!credentials_complete(m, params, error)) {
        return NULL;
    }
    SaslClient *client = g_new0(SaslClient, 1);
    client->mechanism = m;
    client->params = *params;
    client->state = m->run->state_size ? g_malloc0(m->run->state_size) : NULL;
    if (m->run->start && !m->run->start(client, error)) {
        sasl_client_free(client);
        return NULL;
    }
    return client;
}

void sasl_client_free(SaslClient *client)
{
    if (!client) {
        return;
    }
    const SaslRunner *run = client->mechanism->run;
    if (run->clear) {
        run->clear(client->state);
    }
    if (client->state) {
        secret_wipe(client->state, run->state_size);
    }
    g_free(client->state);
    g_free(client->complaint);
    g_free(client);
}

void sasl_step_clear(SaslStep *step)
{
    g_clear_pointer(&step->response, secret_free);
    g_clear_pointer(&step->shown, g_free);
}

static char *show(const SaslClient *client, const Secret *response)
{
    const char *hint = client->hint ? client->hint : client->mechanism->name;
    g_autoptr(SaslDecoded) decoded = sasl_decode(secret_reveal(response), hint, false, false);
    return sasl_decoded_line(decoded);
}

bool sasl_client_step(SaslClient *client, bool has_challenge, Bytes challenge, SaslStep *step,
                      Deadline deadline, GError **error)
{
    const SaslMechanism *m = client->mechanism;
    *step = (SaslStep){0};
    if (!has_challenge && (client->steps > 0 || (!m->client_first && !m->run->may_begin))) {
        return error_fail(error, POSTERN_ERROR_BUG, "%s has no initial response", m->name);
    }
    if (challenge.len > CHALLENGE_MAX) {
        return error_fail(error, POSTERN_ERROR_LIMIT,
                          "the server's %s challenge has %zu octets; at most %d are taken", m->name,
                          challenge.len, CHALLENGE_MAX);
    }
    SaslInput in = {has_challenge, challenge, deadline};
    g_clear_pointer(&client->complaint, g_free);
    client->hint = NULL;
    step->response = m->run->step(client, &in, error);
    if (!step->response) {
        return false;
    }
    client->steps++;
    step->shown = show(client, step->response);
    return true;
}

bool sasl_client_finish(SaslClient *client, bool has_additional, Bytes additional, GError **error)
{
    const SaslRunner *run = client->mechanism->run;
    if (additional.len > CHALLENGE_MAX) {
        return error_fail(error, POSTERN_ERROR_LIMIT,
                          "the server's last word in %s has %zu octets; at most %d are taken",
                          client->mechanism->name, additional.len, CHALLENGE_MAX);
    }
    return !run->finish || run->finish(client, has_additional, additional, error);
}

char *sasl_client_awaits(const SaslClient *client)
{
    const SaslRunner *run = client->mechanism->run;
    return run->awaits ? run->awaits(client) : NULL;
}

const char *sasl_client_complaint(const SaslClient *client)
{
    return client->complaint;
}

bool sasl_disclose(const Secret *response, int fd, GError **error)
{
    g_autoptr(Secret) encoded = secret_base64(response);
    g_autoptr(Secret) line = secret_wrap(BYTES_NONE, encoded, BYTES_LITERAL("\n"));
    Bytes left = secret_reveal(line);
    while (left.len > 0) {
        ssize_t n = write(fd, left.data, left.len);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return error_fail(error, POSTERN_ERROR_IO, "cannot write the response: %s",
                              g_strerror(errno));
        }
        left = bytes_sub(left, (size_t)n, SIZE_MAX);
    }
    return true;
}

Secret *sasl_nothing_more(const SaslClient *client, GError **error)
{
    error_fail(error, POSTERN_ERROR_PROTOCOL,
               "the server goes on asking where %s has nothing more to say (challenge %u)",
               client->mechanism->name, client->steps + 1);
    return NULL;
}

const char *sasl_user(const SaslClient *client)
{
    return client->params.user ? client->params.user : "";
}

Secret *sasl_open_text(const char *text)
{
    return secret_new(text, strlen(text));
}

void sasl_append_name(GString *out, const char *name)
{
    for (const char *c = name; *c; c++) {
        if (*c == ',') {
            g_string_append(out, "=2C");
        } else if (*c == '=') {
            g_string_append(out, "=3D");
        } else {
            g_string_append_c(out, *c);
        }
    }
}
