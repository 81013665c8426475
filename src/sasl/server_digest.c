/* server_digest.c: DIGEST-MD5 (RFC 2831; made historic by RFC 6331), the server's side, qop=auth.
 */
#include <string.h>

#include "base/digest.h"
#include "sasl/digest_parse.h"
#include "sasl/digest_terms.h"
#include "sasl/server_mech.h"

typedef struct {
    char *nonce;
    bool proved; /* the response held; the client's empty answer to rspauth is awaited */
} DigestServer;

/* What the client sent. Owns its strings. */
typedef struct {
    char *username, *realm, *nonce, *cnonce, *nc, *uri, *response, *qop, *authzid;
    bool utf8, malformed;
} DigestAnswer;

static void digest_answer_clear(DigestAnswer *a)
{
    g_free(a->username);
    g_free(a->realm);
    g_free(a->nonce);
    g_free(a->cnonce);
    g_free(a->nc);
    g_free(a->uri);
    g_free(a->response);
    g_free(a->qop);
    g_free(a->authzid);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(DigestAnswer, digest_answer_clear)

static void parse_answer(Bytes message, DigestAnswer *ret)
{
    const struct {
        const char *name;
        char **value;
    } fields[] = {
        {"username", &ret->username}, {"realm", &ret->realm}, {"nonce", &ret->nonce},
        {"cnonce", &ret->cnonce},     {"nc", &ret->nc},       {"digest-uri", &ret->uri},
        {"response", &ret->response}, {"qop", &ret->qop},     {"authzid", &ret->authzid},
    };
    g_autoptr(GString) value = g_string_new(NULL);
    Bytes name;
    while (digest_directive(&message, &name, value, &ret->malformed)) {
        ret->utf8 = ret->utf8 || (bytes_equal_ci(name, "charset") &&
                                  bytes_equal_ci(bytes_of_string(value), "utf-8"));
        for (size_t i = 0; i < G_N_ELEMENTS(fields); i++) {
            if (bytes_equal_ci(name, fields[i].name)) {
                ret->malformed = ret->malformed || *fields[i].value; /* once each */
                g_free(*fields[i].value);
                *fields[i].value = g_strndup(value->str, value->len);
            }
        }
        if (ret->malformed) {
            return;
        }
    }
}

static const char *realm_of(const SaslServer *server)
{
    const SaslServerParams *p = &server->params;
    return p->realm ? p->realm : p->host ? p->host : "localhost";
}

static bool send_challenge(SaslServer *server, SaslServerStep *step)
{
    DigestServer *state = server->state;
    uint8_t random[16];
    digest_random(random, sizeof(random));
    state->nonce = server->params.fixed_nonce
                       ? g_strdup(server->params.fixed_nonce)
                       : bytes_base64((Bytes){(const char *)random, sizeof(random)});
    g_autofree char *challenge =
        g_strdup_printf("realm=\"%s\",nonce=\"%s\",qop=\"auth\",algorithm=md5-sess,charset=utf-8",
                        realm_of(server), state->nonce);
    return sasl_challenge(step, bytes_of(challenge));
}

/* One sentence on what is wrong with the form of it, or NULL. */
static const char *what_is_wrong(const SaslServer *server, const DigestAnswer *a)
{
    const DigestServer *state = server->state;
    const char *service = server->params.service ? server->params.service : "";
    size_t n = strlen(service);
    if (a->malformed || !a->username || !a->nonce || !a->cnonce || !a->nc || !a->uri ||
        !a->response || strlen(a->response) != 2 * digest_size(DIGEST_MD5)) {
        return "the answer lacks a directive, or has one twice";
    }
    if (strcmp(a->nonce, state->nonce) != 0 || strcmp(a->nc, "00000001") != 0) {
        return "nonce or nc are not those of this login: a replay?";
    }
    if (a->qop && strcmp(a->qop, "auth") != 0) {
        return "only qop=auth was offered";
    }
    if (g_ascii_strncasecmp(a->uri, service, n) != 0 || a->uri[n] != '/') {
        return "the digest-uri is for another service";
    }
    return NULL;
}

static bool check_answer(SaslServer *server, Bytes message, SaslServerStep *step)
{
    DigestServer *state = server->state;
    const SaslServerParams *p = &server->params;
    g_auto(DigestAnswer) a = {0};
    parse_answer(message, &a);
    const char *wrong = what_is_wrong(server, &a);
    if (wrong) {
        return sasl_broken(step, "%s", wrong);
    }
    sasl_claim(server, bytes_of(a.username), bytes_of(a.authzid));
    g_autoptr(Secret) password = p->password ? p->password(p->user, a.username) : NULL;
    g_autoptr(Secret) nobody = secret_new("", 0);
    DigestTerms terms = {a.nonce, a.cnonce, a.uri, a.authzid};
    g_autoptr(Secret) key =
        digest_session_key(a.username, a.realm, password ? password : nobody, &terms);
    g_autofree char *expected = digest_response(key, "AUTHENTICATE", &terms);
    g_autofree char *given = g_ascii_strdown(a.response, -1);
    state->proved = digest_same(given, expected, strlen(expected)) && password;
    if (!state->proved) {
        return sasl_reject(step, "unknown user, or wrong password");
    }
    g_autofree char *proof = digest_response(key, "", &terms);
    proof[0] = server->params.spoil_proof ? (proof[0] == '0' ? '1' : '0') : proof[0];
    g_autofree char *text = g_strconcat("rspauth=", proof, NULL);
    return sasl_challenge(step, bytes_of(text));
}

static bool digest_step(SaslServer *server, bool has_response, Bytes response, SaslServerStep *step,
                        Deadline deadline, GError **error)
{
    const DigestServer *state = server->state;
    (void)deadline;
    (void)error;
    if (!state->nonce) {
        return has_response ? sasl_broken(step, "DIGEST-MD5 begins with a challenge")
                            : send_challenge(server, step);
    }
    return state->proved ? sasl_accept(server, step) : check_answer(server, response, step);
}

static void digest_clear(void *state)
{
    g_free(((DigestServer *)state)->nonce);
}

const SaslServerRunner sasl_serve_digest_md5 = {.name = "DIGEST-MD5",
                                                .state_size = sizeof(DigestServer),
                                                .step = digest_step,
                                                .clear = digest_clear};
