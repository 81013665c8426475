/* nntp.c: NNTP on the ladder (RFC 3977, 4642, 4643). */
#include <string.h>

#include "proto/auth_exchange.h"
#include "proto/code_reply.h"
#include "proto/grammar.h"
#include "proto/pop3_parse.h"
#include "proto/row.h"

enum { LINES_MAX = 512, COMMAND_MAX = 512 };

static bool greet(Session *s, GError **error)
{
    return row_code_greeting(s, false, error);
}

static bool command(Session *s, const char *line, CodeReply *reply, GError **error)
{
    return wire_send_line(s->wire, bytes_of(line), error) &&
           code_reply(s->wire, false, reply, error);
}

static bool read_list(Session *s, GError **error)
{
    g_autoptr(Caps) caps = caps_new();
    Bytes line;
    for (int i = 0; i < LINES_MAX; i++) {
        if (!wire_line(s->wire, &line, error)) {
            return false;
        }
        if (!pop3_body_line(&line)) { /* the same dots (RFC 3977 section 3.1.1) */
            row_set_caps(s, g_steal_pointer(&caps));
            return true;
        }
        caps_add_line(caps, line);
    }
    return error_fail(error, POSTERN_ERROR_LIMIT, "the server's list of capabilities does not end");
}

static bool capabilities(Session *s, GError **error)
{
    g_auto(CodeReply) reply = {0};
    if (!command(s, "CAPABILITIES", &reply, error)) {
        return false;
    }
    if (reply.code == 101) {
        return read_list(s, error);
    }
    row_set_caps(s, NULL); /* a server of before RFC 3977: STARTTLS is simply tried */
    return true;
}

static bool ask_tls(Session *s, GError **error)
{
    g_auto(CodeReply) reply = {0};
    if (!row_tls_offered(s, "STARTTLS", "STARTTLS", error) ||
        !command(s, "STARTTLS", &reply, error)) {
        return false;
    }
    g_autofree char *words = code_reply_words(&reply);
    return row_tls_answer(s, "STARTTLS", reply.code == 382, bytes_of(words), error);
}

static void quit(Session *s)
{
    g_auto(CodeReply) reply = {0};
    command(s, "QUIT", &reply, NULL);
}

/* --- AUTHINFO (RFC 4643) --- */

static const char WAY_USER[] = "USER/PASS";

static bool auth_begin(Session *s, const char *mechanism, const Secret *initial, GError **error)
{
    g_autofree char *command = g_strconcat("AUTHINFO SASL ", mechanism, NULL);
    return row_auth_begin(s, command, initial, error);
}

/* An empty response is "=" here, in mid-exchange too (RFC 4643 section 2.4.2). */
static bool auth_respond(Session *s, const Secret *base64, GError **error)
{
    return base64 && !secret_length(base64) ? wire_sendf(s->wire, error, "=")
                                            : row_auth_respond(s, base64, error);
}

static bool auth_reply(Session *s, AuthReply *ret, GError **error)
{
    g_auto(CodeReply) reply = {0};
    if (!code_reply(s->wire, false, &reply, error)) {
        return false;
    }
    g_autofree char *words = code_reply_words(&reply);
    *ret = (AuthReply){.text = row_keep_auth_answer(s, bytes_of(words)), .kind = AUTH_REFUSED};
    ret->temporary = reply.code == 400 || reply.code == 403;
    Bytes data = bytes_trim(bytes_sub(ret->text, 3, ret->text.len));
    if (reply.code == 383) {
        ret->kind = AUTH_CHALLENGE;
        ret->data = bytes_equal_ci(data, "=") ? BYTES_NONE : data;
    } else if (reply.code == 281 || reply.code == 283) {
        ret->kind = AUTH_ACCEPTED;
        ret->has_data = reply.code == 283;
        ret->data = data;
    }
    return true;
}

static const char *const *own_ways(Session *s)
{
    static const char *const ways[] = {WAY_USER, NULL};
    static const char *const none[] = {NULL};
    return !s->caps || strstr(caps_args(s->caps, "AUTHINFO"), "USER") ? ways : none;
}

static bool verdict(Session *s, int wanted, CodeReply *reply, GError **error)
{
    code_reply_clear(reply);
    if (!code_reply(s->wire, false, reply, error)) {
        return false;
    }
    g_autofree char *words = code_reply_words(reply);
    row_keep_auth_answer(s, bytes_of(words));
    return reply->code == wanted || reply->code == 281 ||
           auth_refused(s, WAY_USER, reply->code == 400 || reply->code == 403, NULL, error);
}

static bool own_auth(Session *s, const char *way, GError **error)
{
    (void)way; /* there is only one */
    const char *user = row_user(s, error);
    g_autoptr(Secret) password = user ? row_password(s, error) : NULL;
    g_auto(CodeReply) reply = {0};
    if (!password || !wire_sendf(s->wire, error, "AUTHINFO USER %s", user) ||
        !verdict(s, 381, &reply, error)) {
        return false;
    }
    return reply.code == 281 || (wire_send_secret(s->wire, "AUTHINFO PASS ", password, error) &&
                                 verdict(s, 281, &reply, error));
}

static const AuthFraming auth = {
    .service = "nntp",
    .initial_response = true,
    .max_command = COMMAND_MAX,
    .begin = auth_begin,
    .respond = auth_respond,
    .reply = auth_reply,
    .own_ways = own_ways,
    .own_auth = own_auth,
};

const Proto proto_nntp = {
    .name = "nntp",
    .title = "NNTP",
    .rfc = "RFC 3977",
    .tls_command = "STARTTLS",
    .line_based = true,
    .greet = greet,
    .capabilities = capabilities,
    .ask_tls = ask_tls,
    .quit = quit,
    .auth = &auth,
    .grammar = &grammar_nntp,
};
