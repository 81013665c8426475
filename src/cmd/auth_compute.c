/* auth_compute.c: the response to send. Standard output gets that and nothing else, so that
 * `$(postern auth ...)` works. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/escape.h"
#include "cmd/auth.h"
#include "cmd/command.h"
#include "io/child.h"
#include "sasl/decode.h"

#define TOKEN_MAX (64 * 1024)

/* --- challenges as arguments --- */

/* Base64, perhaps without its padding. The text of a mechanism always has something else in it: a
 * blank, a comma, an equals sign that is not at the end. */
static bool looks_like_base64(Bytes b)
{
    while (b.len > 0 && b.data[b.len - 1] == '=') {
        b = bytes_sub(b, 0, b.len - 1);
    }
    for (size_t i = 0; i < b.len; i++) {
        if (!g_ascii_isalnum(b.data[i]) && b.data[i] != '+' && b.data[i] != '/') {
            return false;
        }
    }
    return true;
}

static GByteArray *decode_padded(Bytes text)
{
    static const char *const padding[] = {"", "", "==", "="};
    bool padded = text.data[text.len - 1] == '=';
    g_autoptr(GString) whole = g_string_new_len(text.data, (gssize)text.len);
    g_string_append(whole, padded ? "" : padding[text.len % 4]);
    return bytes_base64_decode(bytes_of_string(whole));
}

GByteArray *auth_unpack(Bytes text)
{
    text = bytes_trim(text);
    if (text.len == 0) {
        return g_byte_array_new();
    }
    if (looks_like_base64(text)) {
        return decode_padded(text);
    }
    GByteArray *raw = g_byte_array_new();
    g_byte_array_append(raw, (const guint8 *)text.data, (guint)text.len);
    return raw;
}

/* Without the words by which a protocol announces it. */
static Bytes without_reply_code(Bytes line)
{
    if (bytes_starts(line, "334") || bytes_starts(line, "383")) {
        return bytes_trim(bytes_sub(line, 3, SIZE_MAX));
    }
    return bytes_starts(line, "+ ") || bytes_equal(line, BYTES_LITERAL("+"))
               ? bytes_trim(bytes_sub(line, 1, SIZE_MAX))
               : line;
}

static GPtrArray *unpack_challenges(char **args, GError **error)
{
    g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func((GDestroyNotify)g_byte_array_unref);
    for (; *args; args++) {
        GByteArray *raw = auth_unpack(without_reply_code(bytes_trim(bytes_of(*args))));
        if (!raw) {
            g_autofree char *shown = escape_line_max(bytes_of(*args), 60);
            error_fail(error, POSTERN_ERROR_DATA,
                       "\"%s\" is not base64: was it cut when it was copied?", shown);
            return NULL;
        }
        g_ptr_array_add(list, raw);
    }
    return g_steal_pointer(&list);
}

/* --- the channel binding of --binding --- */

static GByteArray *binding_of(void *user, const char *type)
{
    const char *given = user;
    size_t len = strcspn(given, ":");
    return strlen(type) == len && strncmp(type, given, len) == 0
               ? bytes_from_hex(bytes_of(given + len + 1))
               : NULL;
}

static bool check_binding(const char *given, GError **error)
{
    static const char *const types[] = {"tls-exporter", "tls-unique", "tls-server-end-point"};
    for (size_t i = 0; strchr(given, ':') && i < G_N_ELEMENTS(types); i++) {
        g_autoptr(GByteArray) data = binding_of((void *)given, types[i]);
        if (data && data->len > 0) {
            return true;
        }
    }
    return error_fail(
        error, POSTERN_ERROR_USAGE,
        "--binding takes TYPE:HEX, where TYPE is tls-exporter, tls-unique or tls-server-end-point");
}

/* --- what is needed --- */

typedef struct {
    const AuthOptions *options;
    const SaslMechanism *mechanism;
    GPtrArray *challenges; /* of GByteArray */
    char *user;
    Secret *password, *token;
} Computation;

static void computation_clear(Computation *c)
{
    g_clear_pointer(&c->challenges, g_ptr_array_unref);
    g_clear_pointer(&c->user, g_free);
    g_clear_pointer(&c->password, secret_free);
    g_clear_pointer(&c->token, secret_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Computation, computation_clear)

static bool is_scram(const SaslMechanism *m)
{
    return g_str_has_prefix(m->name, "SCRAM-");
}

static bool is_ntlm(const SaslMechanism *m)
{
    return strcmp(m->name, "NTLM") == 0;
}

/* The messages that begin SCRAM and NTLM are made without the password: then it is not asked for.
 */
static bool uses_password(const Computation *c)
{
    bool first = c->challenges->len == 0 && (is_scram(c->mechanism) || is_ntlm(c->mechanism));
    return c->mechanism->needs_password && !first;
}

static bool uses_user(const Computation *c)
{
    return c->mechanism->needs_user && !(is_ntlm(c->mechanism) && c->challenges->len == 0);
}

static bool check_mechanism(const SaslMechanism *m, GError **error)
{
    if (!m->supported) {
        return error_fail(error, POSTERN_ERROR_USAGE, "%s: %s", m->name, m->verdict);
    }
    if (m->own_way) {
        return error_fail(error, POSTERN_ERROR_USAGE,
                          "%s: there is nothing to compute, name and password are sent as they "
                          "are. `postern auth explain %s` tells more",
                          m->name, m->name);
    }
    if (m->needs_ticket) {
        return error_fail(error, POSTERN_ERROR_USAGE,
                          "%s cannot be computed offline: the ticket comes from a KDC. `postern "
                          "talk --login` does it",
                          m->name);
    }
    return true;
}

static bool check_arguments(const Computation *c, GError **error)
{
    const AuthOptions *o = c->options;
    const SaslMechanism *m = c->mechanism;
    guint n = c->challenges->len;
    if (uses_user(c) && (!c->user || !*c->user)) {
        return error_fail(error, POSTERN_ERROR_USAGE, "whose login? Give --user=NAME");
    }
    if (n == 0 && !m->client_first && strcmp(m->name, "LOGIN") != 0) {
        return error_fail(error, POSTERN_ERROR_USAGE,
                          "in %s the server speaks first: give its challenge", m->name);
    }
    if (strcmp(m->name, "DIGEST-MD5") == 0 && (!o->service || !o->host)) {
        return error_fail(
            error, POSTERN_ERROR_USAGE,
            "DIGEST-MD5 names the service and the server: give --service=imap (pop, smtp, ...) and "
            "--host=NAME");
    }
    if (!o->nonce && ((is_scram(m) && n > 0) || (strcmp(m->name, "DIGEST-MD5") == 0 && n > 1))) {
        return error_fail(error, POSTERN_ERROR_USAGE,
                          "give --nonce=TEXT: the one you sent (%s), which the answer continues",
                          is_scram(m) ? "r=... of your first message" : "cnonce of your response");
    }
    if (o->nonce && (!*o->nonce || strpbrk(o->nonce, ",\" "))) {
        return error_fail(error, POSTERN_ERROR_USAGE,
                          "a nonce has neither comma nor quote nor blank");
    }
    if (m->needs_binding && !o->binding) {
        return error_fail(error, POSTERN_ERROR_USAGE,
                          "%s is bound to a TLS connection: give --binding=TYPE:HEX (`/tls` in "
                          "`postern talk` shows it)",
                          m->name);
    }
    if (o->port < 0 || o->port > UINT16_MAX) {
        return error_fail(error, POSTERN_ERROR_USAGE, "--port takes a number up to 65535");
    }
    return !o->binding || check_binding(o->binding, error);
}

static Secret *token_of_account(const ConnectOptions *o, const char *name, GError **error)
{
    g_autoptr(Dns) dns = dns_new(&(DnsConfig){.server = o->dns}, error);
    return dns ? token_of_login(o, dns, name, error) : NULL;
}

static Secret *get_token(const AuthOptions *o, GError **error)
{
    g_autofree char *command = g_strdup(o->connect.token_command);
    if (!command && o->connect.account) {
        g_autoptr(Account) account = accounts_find(o->connect.config, o->connect.account, error);
        if (!account) {
            return NULL;
        }
        command = g_strdup(account->token_command);
        if (account->oauth && !command) {
            return token_of_account(&o->connect, account->oauth, error);
        }
    }
    if (!command) {
        error_fail(error, POSTERN_ERROR_USAGE,
                   "give --token-command=CMD, a program that prints an access token");
        return NULL;
    }
    return child_secret(command, TOKEN_MAX, DEADLINE_NEVER, error);
}

static bool get_credentials(Computation *c, GError **error)
{
    if (uses_password(c)) {
        c->password = password_for(&c->options->connect, c->user, c->options->host, error);
        return c->password != NULL;
    }
    if (c->mechanism->needs_token) {
        c->token = get_token(c->options, error);
        return c->token != NULL;
    }
    c->password =
        secret_new("", 0); /* not used, but a mechanism that needs one is not made without */
    return true;
}

/* --- the exchange --- */

static bool is_empty_start(const Computation *c, const SaslStep *step)
{
    return c->challenges->len == 0 && secret_length(step->response) == 0;
}

/* An empty initial response is written "=" (RFC 4954 section 4). */
static bool send_to_stdout(const Computation *c, const SaslStep *step, GError **error)
{
    if (c->options->server_proof) {
        return true;
    }
    if (is_empty_start(c, step)) {
        puts("=");
        return true;
    }
    fflush(stdout);
    return sasl_disclose(step->response, STDOUT_FILENO, error);
}

static void explain(const AuthOptions *o, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void explain(const AuthOptions *o, const char *format, ...)
{
    if (auth_explains(o)) {
        va_list arguments;
        va_start(arguments, format);
        vfprintf(stderr, format, arguments);
        va_end(arguments);
    }
}

static void warn_of_few_iterations(const Computation *c, Bytes challenge)
{
    g_autoptr(SaslDecoded) decoded = sasl_decode(challenge, c->mechanism->name, true, false);
    for (guint i = 0; is_scram(c->mechanism) && i < decoded->fields->len; i++) {
        const SaslField *field = decoded->fields->pdata[i];
        if (strcmp(field->name, "iterations") == 0 && strchr(field->value, '(') &&
            !c->options->connect.quiet) {
            fprintf(stderr, "postern: warning: iterations: %s\n", field->value);
        }
    }
}

static void explain_challenge(const Computation *c, Bytes challenge)
{
    g_autoptr(SaslDecoded) decoded = sasl_decode(challenge, c->mechanism->name, true, false);
    g_autofree char *line = sasl_decoded_line(decoded);
    explain(c->options, "<- %s\n", line);
    warn_of_few_iterations(c, challenge);
}

/* What comes next: how to send it, what the server must say. */
static bool tell_rest(const Computation *c, SaslClient *client, GError **error)
{
    const char *name = c->mechanism->name;
    if (c->challenges->len == 0 && c->mechanism->client_first) {
        explain(c->options,
                "   It may follow the command at once (SMTP, POP3: AUTH %s ...; IMAP: AUTHENTICATE "
                "%s ...),\n"
                "   or stand on a line of its own after the server's 334 or +.\n",
                name, name);
    }
    g_autofree char *awaited = sasl_client_awaits(client);
    if (awaited) {
        g_autofree char *encoded = bytes_base64(bytes_of(awaited));
        explain(c->options, "   The server must then answer %s\n   (in base64: %s)\n", awaited,
                encoded);
        if (c->options->server_proof) {
            puts(encoded);
        }
    } else if (c->mechanism->proves_server && sasl_client_finish(client, false, BYTES_NONE, NULL)) {
        explain(c->options, "   The server's proof is right.\n");
    }
    if (!awaited && c->options->server_proof) {
        return error_fail(error, POSTERN_ERROR_USAGE,
                          "at this step of %s no proof of the server is due", name);
    }
    return true;
}

static bool one_step(const Computation *c, SaslClient *client, const GByteArray *challenge,
                     bool print, GError **error)
{
    g_auto(SaslStep) step = {0};
    Bytes raw = challenge ? bytes_of_array(challenge) : BYTES_NONE;
    if (!sasl_client_step(client, challenge != NULL, raw, &step, DEADLINE_NEVER, error)) {
        return false;
    }
    explain(c->options, "-> %s\n", step.shown);
    return !print || send_to_stdout(c, &step, error);
}

/* LOGIN without prompts: both answers, a line each. Else what is to be sent after the last
 * challenge. */
static bool converse(const Computation *c, SaslClient *client, GError **error)
{
    static const GByteArray empty = {NULL, 0};
    guint n = c->challenges->len;
    bool is_login = strcmp(c->mechanism->name, "LOGIN") == 0;
    if (c->mechanism->client_first && !one_step(c, client, NULL, n == 0, error)) {
        return false;
    }
    if (is_login && n == 0) {
        return one_step(c, client, &empty, true, error) && one_step(c, client, &empty, true, error);
    }
    for (guint i = 0; i < n; i++) {
        const GByteArray *challenge = c->challenges->pdata[i];
        explain_challenge(c, bytes_of_array(challenge));
        if (!one_step(c, client, challenge, i + 1 == n, error)) {
            return false;
        }
    }
    return true;
}

static bool compute(Computation *c, GError **error)
{
    const AuthOptions *o = c->options;
    bool empty_user = !uses_user(c) && !c->user && c->mechanism->needs_user;
    SaslParams params = {
        .service = o->service,
        .host = o->host,
        .port = (uint16_t)o->port,
        .user = empty_user ? "-" : c->user, /* the first message of NTLM names nobody */
        .authzid = o->authzid,
        .realm = o->realm,
        .password = c->password,
        .token = c->token,
        .binding = o->binding ? binding_of : NULL,
        .binding_user = o->binding,
        .inside_tls = true, /* by hand, one is warned instead of stopped */
        .fixed_nonce = o->nonce,
    };
    g_autoptr(SaslClient) client = sasl_client_new(c->mechanism->name, &params, error);
    return client && converse(c, client, error) && tell_rest(c, client, error);
}

int auth_compute(const AuthOptions *o, const SaslMechanism *mechanism, char **args)
{
    GError *error = NULL;
    g_auto(Computation) c = {.options = o, .mechanism = mechanism};
    bool ok =
        check_mechanism(mechanism, &error) && (c.challenges = unpack_challenges(args, &error));
    if (ok) {
        c.user = auth_user(o, &error);
        ok = !error && check_arguments(&c, &error) && get_credentials(&c, &error) &&
             compute(&c, &error);
    }
    return ok ? 0 : command_fail(error);
}

/* --- APOP --- */

/* With a user the whole command, without one the digest alone. */
static bool print_apop(const AuthOptions *o, Bytes challenge, GError **error)
{
    g_autofree char *user = auth_user(o, error);
    g_autoptr(Secret) password = *error ? NULL : password_for(&o->connect, user, o->host, error);
    if (!password) {
        return false;
    }
    if (user && (!*user || strpbrk(user, "\r\n"))) {
        return error_fail(error, POSTERN_ERROR_USAGE,
                          "the user name is empty or has a line break in it");
    }
    g_autofree char *digest = sasl_apop_digest(challenge, password);
    printf("%s%s%s%s\n", user ? "APOP " : "", user ? user : "", user ? " " : "", digest);
    explain(o, "   MD5 over %.*s and the password\n", (int)challenge.len, challenge.data);
    return true;
}

int auth_apop(const AuthOptions *o, char **args)
{
    GError *error = NULL;
    Bytes challenge = args[0] && !args[1] ? sasl_apop_challenge(bytes_of(args[0])) : BYTES_NONE;
    if (!args[0] || args[1]) {
        error_fail(&error, POSTERN_ERROR_USAGE,
                   "give the server's greeting, or the <...> in it, as one argument (quote it)");
    } else if (challenge.len == 0) {
        error_fail(&error, POSTERN_ERROR_DATA,
                   "there is no challenge of the form <...@...> in that greeting: the server "
                   "offers no APOP");
    } else if (print_apop(o, challenge, &error)) {
        return 0;
    }
    return command_fail(error);
}
