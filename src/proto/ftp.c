/* ftp.c: FTP on the ladder (RFC 959, 2389, 4217). What goes over data connections is none of it. */
#include <string.h>

#include "proto/auth_exchange.h"
#include "proto/code_reply.h"
#include "proto/grammar.h"
#include "proto/row.h"

static bool greet(Session *s, GError **error)
{
    return row_code_greeting(s, true, error);
}

static bool command(Session *s, const char *line, CodeReply *reply, GError **error)
{
    return wire_send_line(s->wire, bytes_of(line), error) &&
           code_reply(s->wire, true, reply, error);
}

/* The lines between the first and the last are the features (RFC 2389 3.2). */
static bool capabilities(Session *s, GError **error)
{
    g_auto(CodeReply) reply = {0};
    if (!command(s, "FEAT", &reply, error)) {
        return false;
    }
    if (reply.code != 211) {
        row_set_caps(s, NULL); /* an old server: AUTH TLS is simply tried */
        return true;
    }
    Caps *caps = caps_new();
    g_auto(GStrv) lines = g_strsplit(reply.text->str, "\n", -1);
    for (size_t i = 1; lines[0] && lines[i] && lines[i + 1]; i++) {
        caps_add_line(caps, bytes_of(lines[i]));
    }
    row_set_caps(s, caps);
    return true;
}

static bool ask_tls(Session *s, GError **error)
{
    g_auto(CodeReply) reply = {0};
    if (!row_tls_offered(s, "AUTH", "AUTH TLS", error) || !command(s, "AUTH TLS", &reply, error)) {
        return false;
    }
    g_autofree char *words = code_reply_words(&reply);
    return row_tls_answer(s, "AUTH TLS", reply.code == 234, bytes_of(words), error);
}

static void quit(Session *s)
{
    g_auto(CodeReply) reply = {0};
    command(s, "QUIT", &reply, NULL);
}

/* --- USER and PASS --- */

static const char WAY_USER[] = "USER/PASS";

static const char *const *own_ways(Session *s)
{
    static const char *const ways[] = {WAY_USER, NULL};
    (void)s;
    return ways;
}

/* The reply: true when it is `wanted` or 230, which needs no more. */
static bool verdict(Session *s, int wanted, CodeReply *reply, GError **error)
{
    code_reply_clear(reply);
    if (!code_reply(s->wire, true, reply, error)) {
        return false;
    }
    g_autofree char *words = code_reply_words(reply);
    row_keep_auth_answer(s, bytes_of(words));
    return reply->code == wanted || reply->code == 230 ||
           auth_refused(s, WAY_USER, code_reply_temporary(reply), NULL, error);
}

static bool own_auth(Session *s, const char *way, GError **error)
{
    (void)way; /* there is only one */
    const char *user = row_user(s, error);
    g_autoptr(Secret) password = user ? row_password(s, error) : NULL;
    g_auto(CodeReply) reply = {0};
    if (!password || !wire_sendf(s->wire, error, "USER %s", user) ||
        !verdict(s, 331, &reply, error)) {
        return false;
    }
    return reply.code == 230 ||
           (wire_send_secret(s->wire, "PASS ", password, error) && verdict(s, 230, &reply, error));
}

static const AuthFraming auth = {
    .service = "ftp",
    .own_ways = own_ways,
    .own_auth = own_auth,
};

const Proto proto_ftp = {
    .name = "ftp",
    .title = "FTP",
    .rfc = "RFC 959",
    .tls_command = "AUTH TLS",
    .line_based = true,
    .greet = greet,
    .capabilities = capabilities,
    .ask_tls = ask_tls,
    .quit = quit,
    .auth = &auth,
    .grammar = &grammar_ftp,
};
