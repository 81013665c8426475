/* simple.c: the mechanisms of one or two lines: PLAIN (RFC 4616), LOGIN (never standardised),
 * CRAM-MD5 (RFC 2195), EXTERNAL (RFC 4422 appendix A), ANONYMOUS (RFC 4505). Names and passwords go
 * out as they are: none of these asks the client for SASLprep (RFC 4616 leaves it to the server),
 * and so 8-bit ones work whatever their encoding. */
#include "sasl/mech.h"

#include "base/digest.h"

#include <string.h>

/* --- PLAIN: authzid NUL user NUL password --- */

static bool plain_start(SaslClient *client, GError **error)
{
    Bytes password = secret_reveal(client->params.password);
    if (bytes_index(password, '\0') >= 0) {
        return error_fail(error, POSTERN_ERROR_AUTH, "PLAIN cannot carry a password with a NUL");
    }
    return true;
}

static Secret *plain_step(SaslClient *client, const SaslInput *in, GError **error)
{
    (void)in; /* an empty challenge, or a prompt some servers send: both mean "go on" */
    if (client->steps > 0) {
        return sasl_nothing_more(client, error);
    }
    g_autoptr(GString) front = g_string_new(client->params.authzid);
    g_string_append_c(front, '\0');
    g_string_append(front, sasl_user(client));
    g_string_append_c(front, '\0');
    return secret_wrap(bytes_of_string(front), client->params.password, BYTES_NONE);
}

const SaslRunner sasl_run_plain = {.start = plain_start, .step = plain_step};

/* --- LOGIN: user name, then password, each after a prompt of the server's own wording --- */

static bool asks_for_password(Bytes prompt)
{
    return bytes_starts_ci(prompt, "pass");
}

static bool asks_for_user(Bytes prompt)
{
    return bytes_starts_ci(prompt, "user") || bytes_starts_ci(prompt, "login") ||
           bytes_starts_ci(prompt, "name");
}

/* Servers prompt with "Username:", "User Name", "username", "Login:" or nothing at all: the order
 * decides. Only a prompt that plainly asks for something else stops it. */
static Secret *login_step(SaslClient *client, const SaslInput *in, GError **error)
{
    Bytes prompt = bytes_trim(in->challenge);
    if (client->steps == 0) {
        if (asks_for_password(prompt)) {
            error_fail(error, POSTERN_ERROR_PROTOCOL,
                       "the server asks for a password before it asked for a user name");
            return NULL;
        }
        client->hint = "LOGIN user";
        return sasl_open_text(sasl_user(client));
    }
    if (client->steps > 1) {
        return sasl_nothing_more(client, error);
    }
    if (asks_for_user(prompt)) {
        error_fail(error, POSTERN_ERROR_PROTOCOL,
                   "the server asks for the user name again where the password comes next");
        return NULL;
    }
    client->hint = "LOGIN password";
    return secret_copy(client->params.password);
}

const SaslRunner sasl_run_login = {.step = login_step, .may_begin = true};

/* --- CRAM-MD5: user SP hex(HMAC-MD5(password, challenge)) --- */

static Secret *cram_md5_step(SaslClient *client, const SaslInput *in, GError **error)
{
    if (client->steps > 0) {
        return sasl_nothing_more(client, error);
    }
    if (in->challenge.len == 0) {
        error_fail(error, POSTERN_ERROR_PROTOCOL, "the server's CRAM-MD5 challenge is empty");
        return NULL;
    }
    uint8_t mac[DIGEST_MAX];
    digest_hmac(DIGEST_MD5, secret_reveal(client->params.password), in->challenge, mac);
    g_autofree char *hex = bytes_hex((Bytes){(const char *)mac, digest_size(DIGEST_MD5)});
    g_autofree char *response = g_strdup_printf("%s %s", sasl_user(client), hex);
    return sasl_open_text(response);
}

const SaslRunner sasl_run_cram_md5 = {.step = cram_md5_step};

/* --- EXTERNAL: who to act as, or nothing: as the certificate says --- */

static Secret *external_step(SaslClient *client, const SaslInput *in, GError **error)
{
    (void)in;
    if (client->steps > 0) {
        return sasl_nothing_more(client, error);
    }
    return sasl_open_text(client->params.authzid ? client->params.authzid : "");
}

const SaslRunner sasl_run_external = {.step = external_step};

/* --- ANONYMOUS: a trace for the server's log, a mail address or a word --- */

static Secret *anonymous_step(SaslClient *client, const SaslInput *in, GError **error)
{
    (void)in;
    if (client->steps > 0) {
        return sasl_nothing_more(client, error);
    }
    return sasl_open_text(client->params.user ? client->params.user : "anonymous");
}

const SaslRunner sasl_run_anonymous = {.step = anonymous_step};
