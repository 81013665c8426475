#include "proto/pop3.h"

#include <string.h>

#include "base/escape.h"
#include "proto/auth_exchange.h"
#include "proto/grammar.h"
#include "proto/guess.h"
#include "proto/row.h"

enum { COMMAND_MAX = 255, CAPA_LINES_MAX = 512, SHOWN_MAX = 80 };

static bool settle(Session *s, GError **error);

static bool take_reply(Session *s, Pop3Line *reply, GError **error)
{
    Bytes line;
    if (!wire_line(s->wire, &line, error)) {
        return false;
    }
    if (s->guessed) {
        wire_acknowledge(s->wire);
    }
    pop3_parse_line(line, reply);
    if (reply->status == POP3_NO_STATUS) {
        g_autofree char *shown = escape_line_max(line, SHOWN_MAX);
        return error_fail(error, POSTERN_ERROR_PROTOCOL, "\"%s\" is no POP3 reply", shown);
    }
    return true;
}

bool pop3_reply(Session *s, Pop3Line *reply, GError **error)
{
    return settle(s, error) && take_reply(s, reply, error);
}

/* --- the ladder --- */

static bool take_greeting(Session *s, GError **error)
{
    Bytes line;
    Pop3Line reply;
    if (!wire_line(s->wire, &line, error)) {
        return false;
    }
    pop3_parse_line(line, &reply);
    wire_acknowledge(s->wire);
    row_keep_greeting(s, line);
    if (reply.status == POP3_ERR) {
        return row_turned_away(pop3_code_temporary(reply.code), line, error);
    }
    return reply.status == POP3_OK || row_not_spoken(s, line, error);
}

static bool greet(Session *s, GError **error)
{
    s->owes_greeting = guess_may(s);
    return s->owes_greeting || take_greeting(s, error);
}

static bool read_capa(Session *s, GError **error)
{
    g_autoptr(Caps) caps = caps_new();
    Bytes line;
    for (int i = 0; i < CAPA_LINES_MAX; i++) {
        if (!wire_line(s->wire, &line, error)) {
            return false;
        }
        if (!pop3_body_line(&line)) {
            row_set_caps(s, g_steal_pointer(&caps));
            return true;
        }
        caps_add_line(caps, line);
    }
    return error_fail(error, POSTERN_ERROR_LIMIT, "the server's list of capabilities does not end");
}

static bool take_capa(Session *s, GError **error)
{
    Pop3Line reply;
    if (!take_reply(s, &reply, error)) {
        return false;
    }
    if (reply.status == POP3_OK) {
        return read_capa(s, error);
    }
    row_set_caps(s, NULL); /* an old server: nobody knows, so STLS is simply tried */
    return true;
}

static bool capabilities(Session *s, GError **error)
{
    if (!guess_may(s)) {
        return wire_sendf(s->wire, error, "CAPA") && take_capa(s, error);
    }
    guess_begin(s);
    s->owes_caps = true;
    wire_hold(s->wire); /* it goes with the login */
    return wire_sendf(s->wire, error, "CAPA");
}

static bool take_utf8(Session *s, GError **error)
{
    Pop3Line reply;
    if (!take_reply(s, &reply, error)) {
        return false;
    }
    if (reply.status != POP3_OK) {
        g_free(s->utf8_refused);
        s->utf8_refused = bytes_dup(bytes_trim(wire_last_raw(s->wire)));
    }
    return true;
}

/* RFC 6856: messages and names as they are, not turned into what old clients read. Not ahead of
 * STLS (2.1). The answer is read later where commands may go out together. */
static bool prepare(Session *s, GError **error)
{
    if (!s->wants_utf8 || !caps_has(s->caps, "UTF8")) {
        return true;
    }
    s->wants_utf8 = false; /* once a session */
    s->owes_utf8 = s->guessed || caps_has(s->caps, "PIPELINING");
    if (s->owes_utf8) {
        wire_hold(s->wire);
    }
    return wire_sendf(s->wire, error, "UTF8") && (s->owes_utf8 || take_utf8(s, error));
}

/* Reads what has been put off. It stays owed until it is here: a wait for the login's answer may
 * be given up, and taken up again. */
static bool settle(Session *s, GError **error)
{
    if (s->owes_greeting && !take_greeting(s, error)) {
        return false;
    }
    s->owes_greeting = false;
    if (s->owes_caps) {
        if (!take_capa(s, error)) {
            return false;
        }
        s->owes_caps = false;
        guess_check(s);
    }
    if (s->owes_utf8 && !take_utf8(s, error)) {
        return false;
    }
    s->owes_utf8 = false;
    return true;
}

static bool ask_tls(Session *s, GError **error)
{
    Bytes line;
    Pop3Line reply;
    if (!row_tls_offered(s, "STLS", "STLS", error)) {
        return false;
    }
    if (!wire_sendf(s->wire, error, "STLS") || !wire_line(s->wire, &line, error)) {
        return false;
    }
    pop3_parse_line(line, &reply);
    return row_tls_answer(s, "STLS", reply.status == POP3_OK, line, error);
}

static void quit(Session *s)
{
    Pop3Line reply;
    if (wire_sendf(s->wire, NULL, "QUIT")) {
        pop3_reply(s, &reply, NULL);
    }
}

/* --- SASL (RFC 5034) --- */

static bool auth_begin(Session *s, const char *mechanism, const Secret *initial, GError **error)
{
    g_autofree char *command = g_strconcat("AUTH ", mechanism, NULL);
    return row_auth_begin(s, command, initial, error);
}

static bool auth_reply(Session *s, AuthReply *ret, GError **error)
{
    Pop3Line reply;
    if (!pop3_reply(s, &reply, error)) {
        return false;
    }
    *ret =
        (AuthReply){.data = bytes_trim(reply.text), .temporary = pop3_code_temporary(reply.code)};
    ret->text = row_keep_auth_answer(s, bytes_trim(wire_last_raw(s->wire)));
    ret->kind = reply.status == POP3_CONTINUE ? AUTH_CHALLENGE
                : reply.status == POP3_OK     ? AUTH_ACCEPTED
                                              : AUTH_REFUSED;
    return true;
}

/* --- POP3's own ways --- */

static const char WAY_USER[] = "USER/PASS", WAY_APOP[] = "APOP";

static const char *const *own_ways(Session *s)
{
    static const char *const both[] = {WAY_APOP, WAY_USER, NULL};
    static const char *const apop[] = {WAY_APOP, NULL};
    static const char *const user[] = {WAY_USER, NULL};
    static const char *const none[] = {NULL};
    bool has_apop = sasl_apop_challenge(bytes_of(s->greeting)).len > 0;
    bool has_user = !s->caps || caps_has(s->caps, "USER"); /* without CAPA: RFC 1939's own way */
    return has_apop ? (has_user ? both : apop) : (has_user ? user : none);
}

static bool verdict(Session *s, const char *way, const char *hint, GError **error)
{
    Pop3Line reply;
    if (!pop3_reply(s, &reply, error)) {
        return false;
    }
    row_keep_auth_answer(s, bytes_trim(wire_last_raw(s->wire)));
    bool later = pop3_code_temporary(reply.code); /* then the secret was not what was wrong */
    return reply.status == POP3_OK || auth_refused(s, way, later, later ? NULL : hint, error);
}

static bool apop(Session *s, const char *user, const Secret *password, GError **error)
{
    Bytes challenge = sasl_apop_challenge(bytes_of(s->greeting));
    if (!challenge.len) {
        return error_fail(error, POSTERN_ERROR_AUTH,
                          "APOP needs a challenge <...> in the greeting, and there is none");
    }
    g_autofree char *hex = sasl_apop_digest(challenge, password);
    g_autoptr(Secret) digest =
        secret_take_string(hex); /* shown masked: it can be guessed against */
    g_autofree char *command = g_strdup_printf("APOP %s ", user);
    return wire_send_secret(s->wire, command, digest, error) && row_send_after_login(s, error) &&
           verdict(s, WAY_APOP,
                   "Either the secret is wrong or the account has none for APOP: the server must "
                   "keep the password in the clear for it, and many accounts have no such entry",
                   error);
}

static bool user_pass(Session *s, const char *user, const Secret *password, GError **error)
{
    return wire_sendf(s->wire, error, "USER %s", user) && verdict(s, "USER", NULL, error) &&
           wire_send_secret(s->wire, "PASS ", password, error) && row_send_after_login(s, error) &&
           verdict(s, WAY_USER, NULL, error);
}

static bool own_auth(Session *s, const char *way, GError **error)
{
    const char *user = row_user(s, error);
    g_autoptr(Secret) password = user ? row_password(s, error) : NULL;
    if (!password) {
        return false;
    }
    return !g_ascii_strcasecmp(way, WAY_APOP) ? apop(s, user, password, error)
                                              : user_pass(s, user, password, error);
}

static const AuthFraming auth = {
    .service = "pop",
    .initial_response = true,
    .proof_is_challenge = true,
    .max_command = COMMAND_MAX,
    .prepare = prepare,
    .begin = auth_begin,
    .respond = row_auth_respond,
    .reply = auth_reply,
    .own_ways = own_ways,
    .own_auth = own_auth,
};

const Proto proto_pop3 = {
    .name = "pop3",
    .title = "POP3",
    .rfc = "RFC 1939",
    .tls_command = "STLS",
    .line_based = true,
    .greet = greet,
    .capabilities = capabilities,
    .ask_tls = ask_tls,
    .quit = quit,
    .auth = &auth,
    .grammar = &grammar_pop3,
};
