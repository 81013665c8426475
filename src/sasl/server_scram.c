/* server_scram.c: SCRAM-SHA-1, -256, -512 and their -PLUS forms (RFC 5802, 7677, 9266), the
 * server's side. The password itself is known here, so the salt is made for each login. An unknown
 * user gets the same dialogue as a known one with a wrong password. */
#include <string.h>

#include "sasl/scram_keys.h"
#include "sasl/scram_parse.h"
#include "sasl/server_mech.h"

enum { ITERATIONS_DEFAULT = 4096, SALT_LENGTH = 16, SCRAM_NAME_MAX = 1024 };

typedef struct {
    char *header;     /* the GS2 header as the client sent it */
    char *binding;    /* type the client binds by, or NULL */
    char *first_bare; /* client-first-message-bare */
    char *nonce;      /* both halves */
    char *server_first;
    uint8_t salt[SALT_LENGTH];
    bool proved; /* the client's proof held; its empty answer to ours is awaited */
} ScramServer;

static unsigned iterations_of(const SaslServer *server)
{
    return server->params.iterations ? server->params.iterations : ITERATIONS_DEFAULT;
}

/* A "saslname": =2C and =3D undone. NULL when malformed. */
static char *read_name(Bytes name)
{
    GString *out = g_string_sized_new(name.len);
    for (size_t i = 0; i < name.len; i++) {
        bool escape = name.data[i] == '=';
        Bytes code = bytes_sub(name, i, 3);
        if (escape && !bytes_equal_ci(code, "=2C") && !bytes_equal_ci(code, "=3D")) {
            g_string_free(out, TRUE);
            return NULL;
        }
        g_string_append_c(out, escape ? (bytes_equal_ci(code, "=2C") ? ',' : '=') : name.data[i]);
        i += escape ? 2 : 0;
    }
    return g_string_free(out, FALSE);
}

/* What the client says of channel bindings (RFC 5802 section 6); true when the login may go on,
 * else *step is set. */
static bool judge_binding(SaslServer *server, Bytes flag, SaslServerStep *step)
{
    ScramServer *s = server->state;
    bool plus = server->mechanism->needs_binding;
    if (bytes_starts(flag, "p=")) {
        s->binding = bytes_dup(bytes_sub(flag, 2, SIZE_MAX));
        if (!plus) {
            sasl_broken(step, "the client binds to the channel under a name without -PLUS");
        }
        return plus;
    }
    if (plus) {
        sasl_broken(step, "a -PLUS mechanism without a channel binding");
        return false;
    }
    if (bytes_equal(flag, BYTES_LITERAL("y")) && server->params.offers_plus) {
        sasl_reject(step,
                    "the client could bind to the channel but was told that the server cannot: "
                    "somebody took -PLUS from the list on the way");
        return false;
    }
    bool known = bytes_equal(flag, BYTES_LITERAL("y")) || bytes_equal(flag, BYTES_LITERAL("n"));
    if (!known) {
        sasl_broken(step, "the message does not begin with p=, y or n");
    }
    return known;
}

/* Takes what stands before the next comma, and the comma. False when there is none. */
static bool take_field(Bytes *rest, Bytes *ret)
{
    gssize comma = bytes_index(*rest, ',');
    if (comma < 0) {
        return false;
    }
    *ret = bytes_sub(*rest, 0, (size_t)comma);
    *rest = bytes_sub(*rest, (size_t)comma + 1, SIZE_MAX);
    return true;
}

static char *make_nonce(const SaslServer *server)
{
    uint8_t random[18];
    digest_random(random, sizeof(random));
    return server->params.fixed_nonce ? g_strdup(server->params.fixed_nonce)
                                      : bytes_base64((Bytes){(const char *)random, sizeof(random)});
}

/* Name and nonce of "n=NAME,r=NONCE[,extensions]". */
static bool read_bare(SaslServer *server, Bytes bare, Bytes authzid, Bytes *ret_nonce)
{
    char name;
    Bytes user, nonce;
    if (!scram_attribute(&bare, &name, &user) || name != 'n' || user.len == 0 ||
        user.len > SCRAM_NAME_MAX || !scram_attribute(&bare, &name, &nonce) || name != 'r' ||
        nonce.len == 0 || nonce.len > SCRAM_NAME_MAX) {
        return false;
    }
    g_autofree char *clear = read_name(user);
    g_autofree char *act_as = read_name(authzid);
    *ret_nonce = nonce;
    return clear && act_as && sasl_claim(server, bytes_of(clear), bytes_of(act_as));
}

static bool take_client_first(SaslServer *server, Bytes message, SaslServerStep *step)
{
    ScramServer *s = server->state;
    Bytes rest = message, flag, act_as, nonce;
    if (!take_field(&rest, &flag) || !take_field(&rest, &act_as) ||
        (act_as.len > 0 && !bytes_starts(act_as, "a="))) {
        return sasl_broken(step, "the client's first message has no GS2 header");
    }
    if (!judge_binding(server, flag, step)) {
        return true;
    }
    if (!read_bare(server, rest, bytes_sub(act_as, 2, SIZE_MAX), &nonce)) {
        return sasl_broken(step, "the client's first message is not n=NAME,r=NONCE");
    }
    s->header = bytes_dup(bytes_sub(message, 0, message.len - rest.len));
    s->first_bare = bytes_dup(rest);
    digest_random(s->salt, sizeof(s->salt));
    g_autofree char *ours = make_nonce(server);
    g_autofree char *salt = bytes_base64((Bytes){(const char *)s->salt, sizeof(s->salt)});
    s->nonce = g_strdup_printf("%.*s%s", (int)nonce.len, nonce.data, ours);
    s->server_first = g_strdup_printf("r=%s,s=%s,i=%u", s->nonce, salt, iterations_of(server));
    return sasl_challenge(step, bytes_of(s->server_first));
}

/* c= must be the header as it came, and the channel's own data. */
static bool binding_holds(const SaslServer *server, Bytes c)
{
    const ScramServer *s = server->state;
    const SaslServerParams *p = &server->params;
    g_autoptr(GByteArray) given = bytes_base64_decode(c);
    g_autoptr(GByteArray) data =
        s->binding ? p->binding(p->binding_user, s->binding) : g_byte_array_new();
    if (!given || !data) {
        return false;
    }
    g_autoptr(GString) expected = g_string_new(s->header);
    g_string_append_len(expected, (const char *)data->data, data->len);
    return given->len == expected->len && digest_same(given->data, expected->str, expected->len);
}

/* The keys of the user; of a random password for a user there is not, which no proof fits. */
static void keys_of(const SaslServer *server, ScramKeys *ret, bool *ret_known)
{
    const ScramServer *s = server->state;
    const SaslServerParams *p = &server->params;
    bool was_8bit;
    g_autoptr(Secret) raw = p->password ? p->password(p->user, server->user) : NULL;
    g_autoptr(Secret) password = raw ? sasl_prepare(raw, &was_8bit, NULL) : NULL;
    uint8_t random[16];
    digest_random(random, sizeof(random));
    g_autoptr(Secret) nobody = secret_new(random, sizeof(random));
    *ret_known = password != NULL;
    scram_keys(scram_digest(server->mechanism->name), password ? password : nobody,
               (Bytes){(const char *)s->salt, sizeof(s->salt)}, iterations_of(server), ret);
}

static bool send_proof(const SaslServer *server, const ScramKeys *keys, Bytes auth_message,
                       SaslServerStep *step)
{
    uint8_t signature[DIGEST_MAX];
    scram_server_signature(keys, auth_message, signature);
    signature[0] ^= server->params.spoil_proof ? 1 : 0;
    g_autofree char *text = bytes_base64((Bytes){(const char *)signature, digest_size(keys->kind)});
    g_autofree char *message = g_strconcat("v=", text, NULL);
    return sasl_challenge(step, bytes_of(message));
}

static bool take_client_final(SaslServer *server, Bytes message, SaslServerStep *step)
{
    ScramServer *s = server->state;
    Bytes rest = message, c, r, p = BYTES_NONE, value;
    char name = 0;
    if (!scram_attribute(&rest, &name, &c) || name != 'c' || !scram_attribute(&rest, &name, &r) ||
        name != 'r') {
        return sasl_broken(step, "the client's last message is not c=...,r=...,p=...");
    }
    while (scram_attribute(&rest, &name, &value)) {
        p = name == 'p' ? value : p;
    }
    g_autoptr(GByteArray) proof = name == 'p' ? bytes_base64_decode(p) : NULL;
    if (!proof || rest.len > 0) {
        return sasl_broken(step, "the client's last message has no proof at its end");
    }
    if (!bytes_equal(r, bytes_of(s->nonce))) {
        return sasl_reject(step, "the nonce is not that of this login");
    }
    if (!binding_holds(server, c)) {
        return sasl_reject(step,
                           s->binding ? "the channel binding (%s) is not that of this TLS "
                                        "connection: somebody is in the middle"
                                      : "the GS2 header was changed on the way (%s)",
                           s->binding ? s->binding : s->header);
    }
    g_autofree char *auth_message =
        g_strdup_printf("%s,%s,%.*s", s->first_bare, s->server_first,
                        (int)(message.len - p.len - strlen(",p=")), message.data);
    bool known;
    g_auto(ScramKeys) keys;
    keys_of(server, &keys, &known);
    s->proved = scram_proof_holds(&keys, bytes_of(auth_message), bytes_of_array(proof)) && known;
    return s->proved ? send_proof(server, &keys, bytes_of(auth_message), step)
                     : sasl_reject(step, "unknown user, or wrong password");
}

static bool scram_step(SaslServer *server, bool has_response, Bytes response, SaslServerStep *step,
                       Deadline deadline, GError **error)
{
    const ScramServer *s = server->state;
    (void)has_response;
    (void)deadline;
    (void)error;
    if (s->proved) {
        return response.len == 0
                   ? sasl_accept(server, step)
                   : sasl_broken(step, "an answer to the server's proof that is not empty");
    }
    return server->steps == 0 ? take_client_first(server, response, step)
                              : take_client_final(server, response, step);
}

static void scram_clear(void *state)
{
    ScramServer *s = state;
    g_free(s->header);
    g_free(s->binding);
    g_free(s->first_bare);
    g_free(s->nonce);
    g_free(s->server_first);
}

const SaslServerRunner sasl_serve_scram = {.name = "SCRAM",
                                           .state_size = sizeof(ScramServer),
                                           .client_first = true,
                                           .step = scram_step,
                                           .clear = scram_clear};
