/* server_simple.c: the server's side of the mechanisms of one or two lines: PLAIN (RFC 4616), LOGIN
 * (never standardised), CRAM-MD5 (RFC 2195), EXTERNAL (RFC 4422 appendix A), ANONYMOUS (RFC 4505).
 */
#include "sasl/server_mech.h"

#include <string.h>
#include <time.h>

#include "base/digest.h"

/* --- PLAIN --- */

static bool plain_step(SaslServer *server, bool has_response, Bytes response, SaslServerStep *step,
                       Deadline deadline, GError **error)
{
    (void)has_response;
    (void)deadline;
    (void)error;
    gssize first = bytes_index(response, '\0');
    Bytes rest = bytes_sub(response, first < 0 ? response.len : (size_t)first + 1, SIZE_MAX);
    gssize second = bytes_index(rest, '\0');
    if (first < 0 || second < 0) {
        return sasl_broken(step, "PLAIN wants three fields with a NUL between them");
    }
    Bytes password = bytes_sub(rest, (size_t)second + 1, SIZE_MAX);
    if (second == 0 || bytes_index(password, '\0') >= 0) {
        return sasl_broken(step, second == 0 ? "PLAIN without a user name"
                                             : "PLAIN with more than three fields");
    }
    sasl_claim(server, bytes_sub(rest, 0, (size_t)second), bytes_sub(response, 0, (size_t)first));
    return sasl_password_is(server, server->user, password)
               ? sasl_accept(server, step)
               : sasl_reject(step, "unknown user, or wrong password");
}

const SaslServerRunner sasl_serve_plain = {
    .name = "PLAIN", .client_first = true, .sees_password = true, .step = plain_step};

/* --- LOGIN --- */

static bool login_step(SaslServer *server, bool has_response, Bytes response, SaslServerStep *step,
                       Deadline deadline, GError **error)
{
    (void)deadline;
    (void)error;
    if (!has_response) {
        return sasl_challenge(step, BYTES_LITERAL("Username:"));
    }
    if (!server->user) {
        return sasl_claim(server, response, BYTES_NONE) && response.len > 0
                   ? sasl_challenge(step, BYTES_LITERAL("Password:"))
                   : sasl_broken(step, "LOGIN without a user name");
    }
    return sasl_password_is(server, server->user, response)
               ? sasl_accept(server, step)
               : sasl_reject(step, "unknown user, or wrong password");
}

const SaslServerRunner sasl_serve_login = {
    .name = "LOGIN", .sees_password = true, .step = login_step};

/* --- CRAM-MD5 --- */

typedef struct {
    char challenge[128];
} CramMd5;

static void make_challenge(const SaslServer *server, CramMd5 *state)
{
    uint8_t random[12];
    digest_random(random, sizeof(random));
    g_autofree char *word = bytes_hex((Bytes){(const char *)random, sizeof(random)});
    g_snprintf(state->challenge, sizeof(state->challenge), "<%s.%" G_GINT64_FORMAT "@%.80s>",
               server->params.fixed_nonce ? server->params.fixed_nonce : word,
               server->params.fixed_nonce ? 0 : (gint64)time(NULL),
               server->params.host ? server->params.host : "localhost");
}

static bool cram_md5_check(SaslServer *server, Bytes response, SaslServerStep *step)
{
    const SaslServerParams *p = &server->params;
    const CramMd5 *state = server->state;
    gssize space = -1;
    for (gssize i = (gssize)response.len - 1; i >= 0 && space < 0; i--) {
        space = response.data[i] == ' ' ? i : -1;
    }
    if (space <= 0 || response.len - (size_t)space - 1 != 2 * digest_size(DIGEST_MD5)) {
        return sasl_broken(step, "CRAM-MD5 wants a user name, a blank and 32 hex digits");
    }
    if (!sasl_claim(server, bytes_sub(response, 0, (size_t)space), BYTES_NONE)) {
        return sasl_broken(step, "a user name with a NUL");
    }
    g_autoptr(Secret) password = p->password ? p->password(p->user, server->user) : NULL;
    if (p->accept_any) {
        return sasl_accept(server, step);
    }
    uint8_t mac[DIGEST_MAX];
    digest_hmac(DIGEST_MD5, password ? secret_reveal(password) : BYTES_NONE,
                bytes_of(state->challenge), mac);
    g_autofree char *hex = bytes_hex((Bytes){(const char *)mac, digest_size(DIGEST_MD5)});
    g_autofree char *given = bytes_dup(bytes_sub(response, (size_t)space + 1, SIZE_MAX));
    g_autofree char *lower = g_ascii_strdown(given, -1);
    return password && digest_same(lower, hex, strlen(hex))
               ? sasl_accept(server, step)
               : sasl_reject(step, "unknown user, or wrong password");
}

static bool cram_md5_step(SaslServer *server, bool has_response, Bytes response,
                          SaslServerStep *step, Deadline deadline, GError **error)
{
    (void)deadline;
    (void)error;
    CramMd5 *state = server->state;
    if (has_response) {
        return cram_md5_check(server, response, step);
    }
    make_challenge(server, state);
    return sasl_challenge(step, bytes_of(state->challenge));
}

const SaslServerRunner sasl_serve_cram_md5 = {
    .name = "CRAM-MD5", .state_size = sizeof(CramMd5), .step = cram_md5_step};

/* --- EXTERNAL --- */

static bool external_start(SaslServer *server, GError **error)
{
    return server->params.certificate_name ||
           error_fail(error, POSTERN_ERROR_AUTH,
                      "EXTERNAL: the client has shown no certificate that this server trusts");
}

static bool external_step(SaslServer *server, bool has_response, Bytes response,
                          SaslServerStep *step, Deadline deadline, GError **error)
{
    (void)has_response;
    (void)deadline;
    (void)error;
    if (!sasl_claim(server, bytes_of(server->params.certificate_name), response)) {
        return sasl_broken(step, "an authorization identity with a NUL");
    }
    if (server->authzid && strcmp(server->authzid, server->user) != 0) {
        return sasl_reject(step, "the certificate is for %s, who may not act as %s", server->user,
                           server->authzid);
    }
    return sasl_accept(server, step);
}

const SaslServerRunner sasl_serve_external = {
    .name = "EXTERNAL", .client_first = true, .start = external_start, .step = external_step};

/* --- ANONYMOUS --- */

static bool anonymous_step(SaslServer *server, bool has_response, Bytes response,
                           SaslServerStep *step, Deadline deadline, GError **error)
{
    (void)has_response;
    (void)response; /* a trace: nobody is anything by it */
    (void)deadline;
    (void)error;
    sasl_claim(server, BYTES_LITERAL("anonymous"), BYTES_NONE);
    return sasl_accept(server, step);
}

const SaslServerRunner sasl_serve_anonymous = {
    .name = "ANONYMOUS", .client_first = true, .step = anonymous_step};
