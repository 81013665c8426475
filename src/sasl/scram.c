/* scram.c: SCRAM-SHA-1, -256, -512 and their -PLUS forms (RFC 5802, 7677, 9266), the client's side.
 *
 *     C: n,,n=user,r=NONCE                 the "GS2 header" n,, says whether and how the TLS
 * channel is bound in S: r=NONCEnonce,s=SALT,i=COUNT C: c=GS2HEADER+BINDING,r=...,p=PROOF S:
 * v=PROOF                           only who knows the password's verifier can compute this
 */
#include "sasl/mech.h"
#include "sasl/scram_keys.h"
#include "sasl/scram_parse.h"

#include "base/escape.h"

#include <string.h>

/* RFC 7677 section 4: fewer make it cheap to try passwords against a proof, and whoever plays the
 * server picks the number. More than the other would keep us busy for seconds. */
#define ITERATIONS_MIN 4096
#define ITERATIONS_MAX 2000000

typedef struct {
    DigestKind kind;
    Secret *password;  /* after SASLprep */
    char *header;      /* "n,,", "y,a=admin,", "p=tls-exporter,," */
    GByteArray *bound; /* the channel binding's data, or NULL */
    const char *type;  /* of the channel binding; NULL: none is used */
    char *nonce;       /* ours */
    char *first_bare;
    uint8_t signature[DIGEST_MAX]; /* what the server must send */
    bool has_signature;
    bool verified;
} Scram;

/* tls-unique exists below TLS 1.3 only, and is what servers expect there (RFC 9266 section 3). */
static const char *const binding_types[] = {"tls-unique", "tls-exporter", "tls-server-end-point"};

static const char *find_binding(const SaslParams *p, GByteArray **ret)
{
    for (size_t i = 0; p->binding && i < G_N_ELEMENTS(binding_types); i++) {
        GByteArray *data = p->binding(p->binding_user, binding_types[i]);
        if (data) {
            *ret = data;
            return binding_types[i];
        }
    }
    return NULL;
}

/* RFC 5802 section 6: "p" binds; "y" says "I could, but saw no -PLUS offered", which uncovers who
 * took it from the list; "n" says "I cannot", or that -PLUS was left aside on purpose. */
static bool make_header(SaslClient *client, Scram *s, GError **error)
{
    const SaslParams *p = &client->params;
    g_autoptr(GByteArray) data = NULL;
    const char *type = find_binding(p, &data);
    g_autoptr(GString) header = g_string_new(NULL);
    if (client->mechanism->needs_binding) {
        if (!type) {
            return error_fail(error, POSTERN_ERROR_AUTH,
                              "%s: this connection gives no channel binding (%s)",
                              client->mechanism->name,
                              p->inside_tls ? "TLS offers none here" : "it is not inside TLS");
        }
        g_string_append_printf(header, "p=%s,", type);
        s->bound = g_steal_pointer(&data);
        s->type = type;
    } else {
        g_string_append(header, type && !p->server_has_plus ? "y," : "n,");
    }
    if (p->authzid && *p->authzid) {
        g_string_append(header, "a=");
        sasl_append_name(header, p->authzid);
    }
    g_string_append_c(header, ',');
    s->header = g_string_free(g_steal_pointer(&header), FALSE);
    return true;
}

static char *random_nonce(void)
{
    uint8_t random[18];
    digest_random(random, sizeof(random));
    return bytes_base64((Bytes){(const char *)random, sizeof(random)});
}

static bool scram_start(SaslClient *client, GError **error)
{
    Scram *s = client->state;
    bool was_8bit;
    s->kind = scram_digest(client->mechanism->name);
    g_autoptr(Secret) name = sasl_open_text(sasl_user(client));
    g_autoptr(Secret) user = sasl_prepare(name, &was_8bit, error);
    if (!user) {
        return error_prefix(error, "the user name");
    }
    s->password = sasl_prepare(client->params.password, &was_8bit, error);
    if (!s->password) {
        return error_prefix(error, "the password");
    }
    s->nonce = client->params.fixed_nonce ? g_strdup(client->params.fixed_nonce) : random_nonce();
    g_autoptr(GString) bare = g_string_new("n=");
    sasl_append_name(bare, secret_reveal(user).data);
    g_string_append_printf(bare, ",r=%s", s->nonce);
    s->first_bare = g_string_free(g_steal_pointer(&bare), FALSE);
    return make_header(client, s, error);
}

/* A server that binds by another type mostly just says no: the name of the type is in the client's
 * first message, the data in its last. */
static void doubt_binding(SaslClient *client, const char *otherwise)
{
    static const char *const others[][2] = {
        {"tls-exporter", "tls-server-end-point"},
        {"tls-unique", "tls-server-end-point or tls-exporter"},
        {"tls-server-end-point", "tls-exporter, or tls-unique below TLS 1.3"},
    };
    const Scram *s = client->state;
    for (size_t i = 0; s->type && i < G_N_ELEMENTS(others); i++) {
        if (strcmp(s->type, others[i][0]) == 0) {
            g_autofree char *before = g_steal_pointer(&client->complaint);
            client->complaint = g_strdup_printf(
                "%s%s the server does not bind to TLS by %s: try --channel-binding=%s",
                before ? before : "", otherwise, s->type, others[i][1]);
        }
    }
}

static Secret *client_first(SaslClient *client, const SaslInput *in, GError **error)
{
    Scram *s = client->state;
    if (in->challenge.len > 0) {
        error_fail(error, POSTERN_ERROR_PROTOCOL,
                   "the server speaks first in %s, where the client must", client->mechanism->name);
        return NULL;
    }
    doubt_binding(client, "Before any proof was sent: it does not know the user, or");
    g_autofree char *message = g_strconcat(s->header, s->first_bare, NULL);
    return sasl_open_text(message);
}

static bool check_server_first(const SaslClient *client, const ScramServerFirst *first,
                               GError **error)
{
    const Scram *s = client->state;
    if (!bytes_starts(first->nonce, s->nonce) || first->nonce.len == strlen(s->nonce)) {
        return error_fail(
            error, POSTERN_ERROR_INSECURE,
            "the server's nonce does not continue ours: its message belongs to another "
            "exchange, so this may be a false server replaying one");
    }
    if (first->iterations < ITERATIONS_MIN && !client->params.inside_tls) {
        return error_fail(
            error, POSTERN_ERROR_INSECURE,
            "the server asks for only %u iterations: outside TLS fewer than %d would "
            "make the password too cheap to guess from the answer (RFC 7677 section 4)",
            first->iterations, ITERATIONS_MIN);
    }
    if (first->iterations > ITERATIONS_MAX) {
        return error_fail(error, POSTERN_ERROR_LIMIT,
                          "the server asks for %u iterations; at most %d are computed",
                          first->iterations, ITERATIONS_MAX);
    }
    return true;
}

/* base64(GS2 header + binding), for c=. */
static char *bound_header(const Scram *s)
{
    g_autoptr(GString) raw = g_string_new(s->header);
    if (s->bound) {
        g_string_append_len(raw, (const char *)s->bound->data, s->bound->len);
    }
    return bytes_base64(bytes_of_string(raw));
}

static Bytes key_bytes(const Scram *s, const uint8_t *key)
{
    return (Bytes){(const char *)key, digest_size(s->kind)};
}

/* Writes the client's proof, keeps what the server must prove. */
static void compute_proofs(Scram *s, Bytes salt, uint32_t iterations, Bytes auth_message,
                           uint8_t proof[DIGEST_MAX])
{
    g_auto(ScramKeys) keys;
    scram_keys(s->kind, s->password, salt, iterations, &keys);
    scram_client_proof(&keys, auth_message, proof);
    scram_server_signature(&keys, auth_message, s->signature);
    s->has_signature = true;
}

static Secret *client_final(SaslClient *client, Bytes message, GError **error)
{
    Scram *s = client->state;
    ScramServerFirst first;
    if (!scram_parse_server_first(message, &first, error) ||
        !check_server_first(client, &first, error)) {
        return NULL;
    }
    g_autoptr(GByteArray) salt = bytes_base64_decode(first.salt);
    if (!salt) {
        error_fail(error, POSTERN_ERROR_PROTOCOL,
                   "the salt of the server's SCRAM message is not base64");
        return NULL;
    }
    g_autofree char *header = bound_header(s);
    g_autoptr(GString) text = g_string_new(NULL);
    g_string_append_printf(text, "c=%s,r=%.*s", header, (int)first.nonce.len, first.nonce.data);
    g_autoptr(GString) auth_message = g_string_new(s->first_bare);
    g_string_append_c(auth_message, ',');
    g_string_append_len(auth_message, message.data, (gssize)message.len);
    g_string_append_c(auth_message, ',');
    g_string_append(auth_message, text->str);

    uint8_t proof[DIGEST_MAX];
    compute_proofs(s, bytes_of_array(salt), first.iterations, bytes_of_string(auth_message), proof);
    g_autofree char *proof64 = bytes_base64(key_bytes(s, proof));
    g_string_append_printf(text, ",p=%s", proof64);
    doubt_binding(client, "The password is wrong, or");
    return sasl_open_text(text->str);
}

static bool server_refused(SaslClient *client, Bytes name, GError **error)
{
    const ScramErrorWords *row = scram_error_words(name);
    g_autofree char *said = escape_line_max(name, 80);
    g_free(client->complaint);
    client->complaint = g_strdup_printf("\"%s\": %s", said, row->words);
    if (row->about_binding) {
        doubt_binding(client, ". Or");
    }
    return error_fail(error, row->code, "%s: the server says %s", client->mechanism->name,
                      client->complaint);
}

static bool check_server_final(SaslClient *client, Bytes message, GError **error)
{
    Scram *s = client->state;
    ScramServerFinal final;
    if (!scram_parse_server_final(message, &final, error)) {
        return false;
    }
    if (final.error.len > 0) {
        return server_refused(client, final.error, error);
    }
    g_autoptr(GByteArray) proof = bytes_base64_decode(final.verifier);
    size_t n = digest_size(s->kind);
    s->verified =
        s->has_signature && proof && proof->len == n && digest_same(proof->data, s->signature, n);
    return s->verified ||
           error_fail(
               error, POSTERN_ERROR_INSECURE,
               "%s: the server's proof is wrong: it does not know the password, so this may be "
               "a false server",
               client->mechanism->name);
}

static Secret *scram_step(SaslClient *client, const SaslInput *in, GError **error)
{
    if (client->steps == 0) {
        return client_first(client, in, error);
    }
    /* RFC 5802 has an error in the last message only; some servers say it at once. */
    bool refused = bytes_starts(in->challenge, "e=");
    if (client->steps == 1 && !refused) {
        return client_final(client, in->challenge, error);
    }
    if (client->steps <= 2) {
        return check_server_final(client, in->challenge, error) ? sasl_open_text("") : NULL;
    }
    return sasl_nothing_more(client, error);
}

static bool scram_finish(SaslClient *client, bool has_additional, Bytes additional, GError **error)
{
    const Scram *s = client->state;
    if (s->verified) {
        return true;
    }
    if (has_additional && s->has_signature) {
        return check_server_final(client, additional, error);
    }
    return error_fail(error, POSTERN_ERROR_INSECURE,
                      "%s: the server says it is done without having proved that it knows the "
                      "password: this may be a false server",
                      client->mechanism->name);
}

static char *scram_awaits(const SaslClient *client)
{
    const Scram *s = client->state;
    if (!s->has_signature || s->verified) {
        return NULL;
    }
    g_autofree char *proof = bytes_base64(key_bytes(s, s->signature));
    return g_strconcat("v=", proof, NULL);
}

static void scram_clear(void *state)
{
    Scram *s = state;
    secret_free(s->password);
    g_free(s->header);
    g_free(s->nonce);
    g_free(s->first_bare);
    g_clear_pointer(&s->bound, g_byte_array_unref);
}

const SaslRunner sasl_run_scram = {
    .state_size = sizeof(Scram),
    .start = scram_start,
    .step = scram_step,
    .finish = scram_finish,
    .awaits = scram_awaits,
    .clear = scram_clear,
};
