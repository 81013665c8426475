/* digest_md5.c: DIGEST-MD5 (RFC 2831; made historic by RFC 6331), the client's side, authentication
 * only (qop=auth).
 *
 *     S: realm="example.org",nonce="N",qop="auth",algorithm=md5-sess,charset=utf-8
 *     C:
 * charset=utf-8,username="u",realm="example.org",nonce="N",nc=00000001,cnonce="M",digest-uri="imap/host",response=D,qop=auth
 *     S: rspauth=P                  only who knows MD5(user:realm:password) can compute this
 */
#include "sasl/digest_parse.h"
#include "sasl/digest_terms.h"
#include "sasl/mech.h"

#include "base/digest.h"

#include <string.h>

typedef struct {
    char rspauth[2 * 16 + 1]; /* what the server must send; "" before we know */
    bool verified;
} DigestMd5;

/* Without charset=utf-8 names travel in ISO 8859-1. */
static char *sent_form(const char *text, bool utf8, GError **error)
{
    g_autoptr(GString) latin1 = utf8 ? NULL : digest_latin1(bytes_of(text));
    bool representable = utf8 || latin1 || !g_utf8_validate(text, -1, NULL);
    if (!representable) {
        error_fail(error, POSTERN_ERROR_AUTH,
                   "the server's DIGEST-MD5 knows no UTF-8, and the user name has letters outside "
                   "ISO 8859-1");
        return NULL;
    }
    return g_strdup(latin1 ? latin1->str : text);
}

/* The realm asked for, or the only one; of several the one that is the user's domain, else the
 * first. */
static const char *choose_realm(const SaslParams *p, const DigestChallenge *c)
{
    if (p->realm) {
        return p->realm;
    }
    const char *at = p->user ? strrchr(p->user, '@') : NULL;
    for (guint i = 0; at && i < c->realms->len; i++) {
        if (g_ascii_strcasecmp(at + 1, c->realms->pdata[i]) == 0) {
            return c->realms->pdata[i];
        }
    }
    return c->realms->len > 0 ? c->realms->pdata[0] : NULL;
}

static void append_quoted(GString *out, const char *name, const char *value)
{
    g_string_append_printf(out, "%s=\"", name);
    for (const char *c = value; *c; c++) {
        if (*c == '"' || *c == '\\') {
            g_string_append_c(out, '\\');
        }
        g_string_append_c(out, *c);
    }
    g_string_append(out, "\",");
}

static char *random_cnonce(void)
{
    uint8_t random[16];
    digest_random(random, sizeof(random));
    return bytes_base64((Bytes){(const char *)random, sizeof(random)});
}

static bool differs_in_latin1(Bytes text)
{
    g_autoptr(Secret) hashed = digest_hashed_form(text);
    return secret_length(hashed) != text.len; /* each letter outside ASCII is shorter */
}

/* See VIOLATIONS.md. */
static void doubt_characters(SaslClient *client)
{
    if (differs_in_latin1(bytes_of(sasl_user(client))) ||
        differs_in_latin1(secret_reveal(client->params.password))) {
        client->complaint =
            g_strdup("The password is wrong, or the server hashes letters outside ASCII as UTF-8, "
                     "where RFC 2831 wants ISO 8859-1 (Dovecot does): try SCRAM, or PLAIN inside "
                     "TLS");
    }
}

static Secret *answer(SaslClient *client, const DigestChallenge *c, GError **error)
{
    DigestMd5 *state = client->state;
    const SaslParams *p = &client->params;
    const char *realm = choose_realm(p, c);
    g_autofree char *user = sent_form(sasl_user(client), c->utf8, error);
    if (!user) {
        return NULL;
    }
    g_autofree char *cnonce = p->fixed_nonce ? g_strdup(p->fixed_nonce) : random_cnonce();
    g_autofree char *uri = g_strdup_printf("%s/%s", p->service, p->host);
    DigestTerms terms = {c->nonce, cnonce, uri, p->authzid && *p->authzid ? p->authzid : NULL};
    g_autoptr(Secret) key = digest_session_key(sasl_user(client), realm, p->password, &terms);
    g_autofree char *response = digest_response(key, "AUTHENTICATE", &terms);
    g_autofree char *rspauth = digest_response(key, "", &terms);
    g_strlcpy(state->rspauth, rspauth, sizeof(state->rspauth));
    if (c->utf8) {
        doubt_characters(client);
    }

    g_autoptr(GString) out = g_string_new(c->utf8 ? "charset=utf-8," : "");
    append_quoted(out, "username", user);
    if (realm) {
        append_quoted(out, "realm", realm);
    }
    append_quoted(out, "nonce", c->nonce);
    g_string_append(out, "nc=00000001,");
    append_quoted(out, "cnonce", cnonce);
    append_quoted(out, "digest-uri", uri);
    g_string_append_printf(out, "response=%s,qop=auth", response);
    if (terms.authzid) {
        g_string_append_c(out, ',');
        append_quoted(out, "authzid", terms.authzid);
        g_string_truncate(out, out->len - 1);
    }
    return sasl_open_text(out->str);
}

static bool digest_md5_start(SaslClient *client, GError **error)
{
    if (!client->params.service || !client->params.host) {
        return error_fail(error, POSTERN_ERROR_AUTH,
                          "DIGEST-MD5 needs the service and the host it is for (digest-uri): give "
                          "--service and --host");
    }
    return true;
}

static bool check_rspauth(SaslClient *client, Bytes message, GError **error)
{
    DigestMd5 *state = client->state;
    g_autoptr(GString) value = g_string_new(NULL);
    Bytes name;
    bool malformed;
    bool found =
        digest_directive(&message, &name, value, &malformed) && bytes_equal_ci(name, "rspauth");
    size_t n = strlen(state->rspauth);
    for (gsize i = 0; i < value->len; i++) {
        value->str[i] = g_ascii_tolower(value->str[i]);
    }
    state->verified =
        found && n > 0 && value->len == n && digest_same(value->str, state->rspauth, n);
    return state->verified ||
           error_fail(
               error, POSTERN_ERROR_INSECURE,
               "DIGEST-MD5: the server's proof (rspauth) is %s, so this may be a false server",
               found ? "wrong: it does not know the password" : "missing");
}

static Secret *digest_md5_step(SaslClient *client, const SaslInput *in, GError **error)
{
    if (client->steps == 1) {
        return check_rspauth(client, in->challenge, error) ? sasl_open_text("") : NULL;
    }
    if (client->steps > 1) {
        return sasl_nothing_more(client, error);
    }
    g_auto(DigestChallenge) challenge = {0};
    return digest_parse_challenge(in->challenge, &challenge, error)
               ? answer(client, &challenge, error)
               : NULL;
}

static bool digest_md5_finish(SaslClient *client, bool has_additional, Bytes additional,
                              GError **error)
{
    const DigestMd5 *state = client->state;
    return state->verified ||
           check_rspauth(client, has_additional ? additional : BYTES_NONE, error);
}

static char *digest_md5_awaits(const SaslClient *client)
{
    const DigestMd5 *state = client->state;
    return *state->rspauth && !state->verified ? g_strconcat("rspauth=", state->rspauth, NULL)
                                               : NULL;
}

const SaslRunner sasl_run_digest_md5 = {
    .state_size = sizeof(DigestMd5),
    .start = digest_md5_start,
    .step = digest_md5_step,
    .finish = digest_md5_finish,
    .awaits = digest_md5_awaits,
};
