#include "proto/auth_exchange.h"

#include <string.h>

#include "base/escape.h"
#include "proto/row.h"
#include "sasl/decode.h"

enum { ROUNDS_MAX = 16, SHOWN_MAX = 200 };
static const double AUTH_WAIT_DEFAULT = 2;
static const char *const BINDING_TYPES[] = {"tls-exporter", "tls-server-end-point", "tls-unique"};

/* --- what may be chosen --- */

static GByteArray *binding(void *user, const char *type)
{
    Session *s = user;
    Stream *stream = wire_stream(s->wire);
    const char *only = s->plan->channel_binding;
    bool wanted = !only || strcmp(only, type) == 0;
    return wanted && tls_is(stream) ? tls_channel_binding(stream, type) : NULL;
}

static bool have_binding(Session *s)
{
    for (size_t i = 0; i < G_N_ELEMENTS(BINDING_TYPES); i++) {
        g_autoptr(GByteArray) data = binding(s, BINDING_TYPES[i]);
        if (data) {
            return true;
        }
    }
    return false;
}

static SaslPolicy policy_of(Session *s, const char *const *forced)
{
    const Credentials *credentials = &s->plan->credentials;
    return (SaslPolicy){
        .forced = forced,
        .encrypted = session_is_private(s),
        .allow_cleartext = s->plan->allow_cleartext_auth,
        .have_password = credentials->password != NULL,
        .have_token = credentials->token != NULL,
        .have_ticket = sasl_have_ticket,
        .have_certificate = s->peer && s->peer->client_certificate_sent,
        .have_binding = have_binding(s),
        .have_user = credentials->user != NULL,
    };
}

static const char *const *own_ways(Session *s)
{
    const AuthFraming *framing = s->proto->auth;
    return framing->own_ways ? framing->own_ways(s) : NULL;
}

static bool is_own_way(Session *s, const char *way)
{
    const char *const *ways = own_ways(s);
    for (size_t i = 0; ways && ways[i]; i++) {
        if (!g_ascii_strcasecmp(ways[i], way)) {
            return true;
        }
    }
    return false;
}

/* The last line of defence behind sasl_choose(): what gives the password away goes out in private,
 * or by the user's word. */
static bool may_travel(Session *s, const char *way, GError **error)
{
    const SaslMechanism *mechanism = sasl_mechanism_find(bytes_of(way));
    bool cleartext = mechanism ? mechanism->cleartext : g_ascii_strcasecmp(way, "APOP") != 0;
    if (!cleartext || session_is_private(s)) {
        return true;
    }
    if (!s->plan->allow_cleartext_auth) {
        return error_fail(error, POSTERN_ERROR_INSECURE,
                          "%s would send the password in the clear%s: nothing was sent. Only "
                          "--allow-cleartext-auth lets it",
                          way, wire_encrypted(s->wire) ? " to a server that is not verified" : "");
    }
    wire_note(s->wire, WIRE_WARNING,
              "%s sends the password where others can read it (--allow-cleartext-auth)", way);
    return true;
}

/* --- the exchange --- */

typedef struct {
    Session *s;
    const AuthFraming *framing;
    SaslClient *client;
    const SaslMechanism *mechanism;
    Secret *pending;   /* the initial response that could not go with the command, base64 */
    bool sent_unasked; /* it went out because the server stayed silent: its late challenge is no new
                          one */
    bool sent_ahead;   /* the empty answer to the server's proof, before that came */
    char *server_words; /* error words of the last challenge (OAuth, SCRAM e=), or NULL */
    char *shown;        /* what may be told of a response on its way, or NULL */
} Exchange;

/* One step of the mechanism, as base64. Suspends. */
static Secret *step(Exchange *e, bool has_challenge, Bytes challenge, GError **error)
{
    SaslStep result = {0};
    if (!sasl_client_step(e->client, has_challenge, challenge, &result,
                          wire_next_deadline(e->s->wire), error)) {
        return NULL;
    }
    Secret *base64 = secret_base64(result.response);
    g_free(e->shown);
    e->shown = g_steal_pointer(&result.shown);
    sasl_step_clear(&result);
    return base64;
}

/* The line itself reads "*****": what is no secret in it is told beside it, once it is gone. */
static bool tell_sent(Exchange *e, bool sent)
{
    if (sent && e->shown && *e->shown) {
        wire_note(e->s->wire, WIRE_NOTE, "%s", e->shown);
    }
    if (sent) {
        g_clear_pointer(&e->shown, g_free);
    }
    return sent;
}

static bool may_go_with_command(const Exchange *e, const Secret *initial)
{
    const AuthFraming *f = e->framing;
    size_t len = strlen("AUTHENTICATE  ") + strlen(e->mechanism->name) + secret_length(initial) + 2;
    return f->initial_response && !e->s->plan->no_initial_response &&
           (!f->initial_needs || caps_has(e->s->caps, f->initial_needs)) &&
           (!f->max_command || len <= f->max_command);
}

/* Has the client said all it has to say? One message is all of PLAIN; who has seen the server's
 * proof waits for nothing but the verdict. */
static bool has_said_all(const Exchange *e)
{
    return !e->pending && (strcmp(e->mechanism->name, "PLAIN") == 0 ||
                           (e->mechanism->proves_server &&
                            sasl_client_finish(e->client, false, BYTES_NONE, NULL)));
}

static bool follow(const Exchange *e, GError **error)
{
    return !has_said_all(e) || row_send_after_login(e->s, error);
}

/* AUTH MECH, with the initial response where there is one and it may go along. Suspends. */
static bool begin(Exchange *e, GError **error)
{
    if (!e->mechanism->client_first) {
        return e->framing->begin(e->s, e->mechanism->name, NULL, error);
    }
    g_autoptr(Secret) initial = step(e, false, BYTES_NONE, error);
    if (!initial) {
        return false;
    }
    if (!may_go_with_command(e, initial)) {
        e->pending = g_steal_pointer(&initial);
        return e->framing->begin(e->s, e->mechanism->name, NULL, error);
    }
    g_autoptr(Secret) empty =
        secret_new("=", 1); /* RFC 4954 section 4: an empty one is not "none" */
    bool sent = e->framing->begin(e->s, e->mechanism->name,
                                  secret_length(initial) ? initial : empty, error);
    return tell_sent(e, sent) && follow(e, error);
}

/* The server's turn. Some servers never say 334 after a bare AUTH PLAIN but wait for the response;
 * inside TLS it is given to them after auth_wait. In the clear silence stays a failure: nobody
 * knows who is waiting there. Suspends. */
static bool hear(Exchange *e, AuthReply *reply, GError **error)
{
    Wire *wire = e->s->wire;
    double usual = wire_timeout(wire);
    double patience = e->s->plan->auth_wait > 0 ? e->s->plan->auth_wait : AUTH_WAIT_DEFAULT;
    bool impatient = e->pending && wire_encrypted(wire) && patience < usual;
    if (!impatient) {
        return e->framing->reply(e->s, reply, error);
    }
    g_autoptr(GError) cause = NULL;
    wire_set_timeout(wire, patience);
    bool came = e->framing->reply(e->s, reply, &cause);
    wire_set_timeout(wire, usual);
    if (came) {
        return true;
    }
    if (!g_error_matches(cause, POSTERN_ERROR, POSTERN_ERROR_TIMEOUT)) {
        g_propagate_error(error, g_steal_pointer(&cause));
        return false;
    }
    wire_note(wire, WIRE_NOTE, "no challenge within %g s: sending the response unasked", patience);
    e->sent_unasked = true;
    *reply = (AuthReply){.kind = AUTH_CHALLENGE};
    return true;
}

static void note_server_words(Exchange *e, Bytes raw)
{
    SaslDecoded *decoded = sasl_decode(raw, e->mechanism->name, true, false);
    if (decoded->error_words) {
        g_free(e->server_words);
        e->server_words = g_strdup(decoded->error_words);
    }
    sasl_decoded_free(decoded);
}

/* Where the server's proof always comes as a challenge (RFC 5034 4, RFC 3501 6.2.2), the empty
 * answer to it says nothing that could wait for it: in a session that guesses it goes along with
 * the client's own proof, and what follows the login with it. The proof is checked when it comes.
 * Suspends. */
static bool answer_ahead(Exchange *e, GError **error)
{
    g_autofree char *awaited = e->s->guessed && e->framing->proof_is_challenge && !e->sent_ahead
                                   ? sasl_client_awaits(e->client)
                                   : NULL;
    if (!awaited || !e->mechanism->proves_server) {
        return true;
    }
    g_autoptr(Secret) empty = secret_new("", 0);
    e->sent_ahead = true;
    return e->framing->respond(e->s, empty, error) && row_send_after_login(e->s, error);
}

/* The answer to a challenge, base64; NULL when the mechanism cannot go on. Suspends. */
static Secret *answer(Exchange *e, const AuthReply *reply, GError **error)
{
    if (e->pending) {
        return g_steal_pointer(
            &e->pending); /* whatever the server asked with (RFC 4422 wants it empty) */
    }
    g_autoptr(GByteArray) raw = bytes_base64_decode(reply->data);
    if (!raw) {
        g_autofree char *shown = escape_line_max(reply->data, SHOWN_MAX);
        error_fail(error, POSTERN_ERROR_PROTOCOL, "the server's challenge is not base64: \"%s\"",
                   shown);
        return NULL;
    }
    note_server_words(e, bytes_of_array(raw));
    return step(e, true, bytes_of_array(raw), error);
}

/* Gives up with "*" and takes the server's refusal of that, so that the session can go on.
 * Suspends. */
static void cancel(Exchange *e)
{
    AuthReply reply;
    if (e->framing->respond(e->s, NULL, NULL)) {
        e->framing->reply(e->s, &reply, NULL);
    }
}

static bool finish(Exchange *e, const AuthReply *reply, GError **error)
{
    g_autoptr(GByteArray) raw = reply->has_data ? bytes_base64_decode(reply->data) : NULL;
    if (!sasl_client_finish(e->client, raw != NULL, bytes_of_array(raw), error)) {
        return error_prefix(error, "the server says %s succeeded, but", e->mechanism->name);
    }
    return true;
}

bool auth_refused(Session *s, const char *way, bool temporary, const char *hint, GError **error)
{
    g_autofree char *words = escape_line_max(bytes_of(s->auth_answer), SHOWN_MAX);
    const char *user = s->plan->credentials.user;
    g_autofree char *who = user ? escape_line(bytes_of(user)) : NULL;
    return error_fail(error, temporary ? POSTERN_ERROR_TEMPFAIL : POSTERN_ERROR_AUTH,
                      "the server refused %s%s%s%s: \"%s\"%s%s", way, who ? " for " : "",
                      who ? who : "", temporary ? " for now" : "", words, hint ? ". " : "",
                      hint ? hint : "");
}

/* Challenge after challenge until the verdict. Suspends. */
static bool converse(Exchange *e, GError **error)
{
    for (int round = 0; round < ROUNDS_MAX; round++) {
        AuthReply reply = {0};
        bool was_unasked = e->sent_unasked;
        if (!hear(e, &reply, error)) {
            return false;
        }
        if (reply.kind == AUTH_ACCEPTED) {
            return finish(e, &reply, error);
        }
        if (reply.kind == AUTH_REFUSED) {
            const char *doubt = sasl_client_complaint(e->client);
            return auth_refused(e->s, e->mechanism->name, reply.temporary,
                                e->server_words ? e->server_words : doubt, error);
        }
        if (was_unasked && !e->pending && !reply.data.len) {
            e->sent_unasked = false; /* the challenge we did not wait for */
            continue;
        }
        g_autoptr(Secret) response = answer(e, &reply, error);
        if (!response) {
            cancel(e);
            return false;
        }
        if (e->sent_ahead && !secret_length(response)) {
            continue;
        }
        if (!tell_sent(e, e->framing->respond(e->s, response, error)) || !follow(e, error) ||
            !answer_ahead(e, error)) {
            return false;
        }
    }
    cancel(e);
    return error_fail(error, POSTERN_ERROR_LIMIT, "%s: the server asked more than %d times",
                      e->mechanism->name, ROUNDS_MAX);
}

static bool offers_plus(Session *s, const char *name)
{
    g_autofree char *plus = g_strconcat(name, "-PLUS", NULL);
    g_auto(GStrv) offered = caps_mechanisms(s->caps);
    for (size_t i = 0; offered[i]; i++) {
        if (!g_ascii_strcasecmp(offered[i], plus)) {
            return true;
        }
    }
    return false;
}

/* The secrets that this mechanism needs, and only those: asking for one may mean asking a person.
 * Suspends. */
static bool gather(Session *s, const SaslMechanism *mechanism, Secret **password, Secret **token,
                   GError **error)
{
    const Credentials *credentials = &s->plan->credentials;
    if (mechanism->needs_password) {
        *password = row_password(s, error);
        return *password != NULL;
    }
    if (mechanism->needs_token && credentials->token) {
        *token = credentials->token(credentials->callback_user, error);
        return *token != NULL;
    }
    return true;
}

bool auth_exchange(Session *s, const char *mechanism, GError **error)
{
    Exchange e = {.s = s, .framing = s->proto->auth};
    e.mechanism = sasl_mechanism_find(bytes_of(mechanism));
    if (!e.mechanism) {
        return error_fail(error, POSTERN_ERROR_AUTH, "%s is no mechanism known here", mechanism);
    }
    g_autoptr(Secret) password = NULL;
    g_autoptr(Secret) token = NULL;
    if (!gather(s, e.mechanism, &password, &token, error)) {
        return false;
    }
    SaslParams params = {
        .service = e.framing->service,
        .host = s->plan->target->host ? s->plan->target->host : "localhost",
        .port = s->plan->target->port,
        .user = s->plan->credentials.user,
        .authzid = s->plan->credentials.authzid,
        .password = password,
        .token = token,
        .binding = binding,
        .binding_user = s,
        .inside_tls = wire_encrypted(s->wire),
        .server_has_plus = offers_plus(s, e.mechanism->name),
    };
    e.client = sasl_client_new(e.mechanism->name, &params, error);
    bool ok = e.client && begin(&e, error) && converse(&e, error);
    sasl_client_free(e.client);
    secret_free(e.pending);
    g_free(e.server_words);
    g_free(e.shown);
    return ok;
}

/* --- the rung --- */

static const char *choose(Session *s, const char *mechanism, GError **error)
{
    const char *one[] = {mechanism, NULL};
    SaslPolicy policy = policy_of(s, mechanism ? one : s->plan->auth);
    bool sasl = s->proto->auth->begin != NULL; /* FTP's AUTH names no SASL mechanisms */
    g_auto(GStrv) offered = caps_mechanisms(sasl ? s->caps : NULL);
    return sasl_choose((const char *const *)offered, own_ways(s), &policy, error);
}

/* Law 5: where TLS is demanded nothing beyond the capabilities is said without it. */
static bool policy_allows(Session *s, GError **error)
{
    if (!s->proto->auth) {
        return error_fail(error, POSTERN_ERROR_USAGE, "%s: authentication is not known here",
                          s->proto->title);
    }
    if (s->preauth) {
        return error_fail(error, POSTERN_ERROR_USAGE,
                          "the server has authenticated us already (PREAUTH)");
    }
    bool protected = wire_encrypted(s->wire) || s->dialled.private_way;
    return protected || s->plan->tls.demand != TLS_REQUIRED ||
           error_fail(error, POSTERN_ERROR_INSECURE,
                      "TLS is demanded and has not been started: nothing secret was sent");
}

/* Who names a channel binding wants it: going on without would be a surprise. */
static bool can_bind(Session *s, GError **error)
{
    const char *only = s->plan->channel_binding;
    if (!only || have_binding(s)) {
        return true;
    }
    bool modern = s->peer && s->peer->version >= TLS_1_3;
    return error_fail(error, POSTERN_ERROR_AUTH,
                      "--channel-binding=%s: this connection has none of that type%s", only,
                      !wire_encrypted(s->wire) ? ": it is not inside TLS"
                      : modern ? " (TLS 1.3 has tls-exporter and tls-server-end-point)"
                               : "");
}

bool session_auth(Session *s, const char *mechanism, GError **error)
{
    s->trying = STAGE_AUTH;
    bool may = policy_allows(s, error) && can_bind(s, error);
    const char *way = may ? choose(s, mechanism, error) : NULL;
    if (!way || !may_travel(s, way, error)) {
        return false;
    }
    const AuthFraming *auth = s->proto->auth;
    bool prepared = !auth->prepare || auth->prepare(s, error);
    bool own = is_own_way(s, way);
    if (!prepared || !(own ? auth->own_auth(s, way, error) : auth_exchange(s, way, error))) {
        return false;
    }
    s->auth_used = way;
    s->reached = MAX(s->reached, STAGE_AUTH);
    return !auth->authenticated || auth->authenticated(s, error);
}
