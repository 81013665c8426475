#include "proto/smtp.h"

#include <string.h>

#include "proto/grammar.h"
#include "proto/row.h"

enum { COMMAND_MAX = 512 }; /* RFC 5321 section 4.5.3.1.4, and RFC 4954 section 4 for AUTH */

/* --- the ladder --- */

bool smtp_greet(Session *s, GError **error)
{
    return row_code_greeting(s, false, error);
}

/* The lines behind the first are the capabilities (RFC 5321 4.1.1.1). */
static Caps *read_caps(const CodeReply *reply)
{
    Caps *caps = caps_new();
    g_auto(GStrv) lines = g_strsplit(reply->text->str, "\n", -1);
    for (size_t i = 1; lines[0] && lines[i]; i++) {
        caps_add_line(caps, bytes_of(lines[i]));
    }
    return caps;
}

static bool hello_refused(const CodeReply *reply, const char *verb, GError **error)
{
    g_autofree char *words = code_reply_words(reply);
    return row_turned_away(code_reply_temporary(reply), bytes_of(words), error) ||
           error_prefix(error, "%s", verb);
}

static bool helo(Session *s, const char *name, GError **error)
{
    g_auto(CodeReply) reply = {0};
    if (!wire_sendf(s->wire, error, "HELO %s", name) ||
        !code_reply(s->wire, false, &reply, error)) {
        return false;
    }
    row_set_caps(s, caps_new());
    return reply.code == 250 || hello_refused(&reply, "HELO", error);
}

bool smtp_hello(Session *s, const char *verb, GError **error)
{
    g_autofree char *name = row_own_name(s);
    g_auto(CodeReply) reply = {0};
    if (!wire_sendf(s->wire, error, "%s %s", verb, name) ||
        !code_reply(s->wire, false, &reply, error)) {
        return false;
    }
    if (reply.code == 250) {
        row_set_caps(s, read_caps(&reply));
        return true;
    }
    bool unknown = reply.code == 500 || reply.code == 502;
    return unknown && !strcmp(verb, "EHLO") ? helo(s, name, error)
                                            : hello_refused(&reply, verb, error);
}

static bool capabilities(Session *s, GError **error)
{
    return smtp_hello(s, "EHLO", error);
}

bool smtp_ask_tls(Session *s, GError **error)
{
    g_auto(CodeReply) reply = {0};
    if (!row_tls_offered(s, "STARTTLS", "STARTTLS", error)) {
        return false;
    }
    if (!wire_sendf(s->wire, error, "STARTTLS") || !code_reply(s->wire, false, &reply, error)) {
        return false;
    }
    g_autofree char *words = code_reply_words(&reply);
    return row_tls_answer(s, "STARTTLS", reply.code == 220, bytes_of(words), error);
}

void smtp_quit(Session *s)
{
    g_auto(CodeReply) reply = {0};
    if (wire_sendf(s->wire, NULL, "QUIT")) {
        code_reply(s->wire, false, &reply, NULL);
    }
}

/* --- AUTH (RFC 4954) --- */

static bool auth_begin(Session *s, const char *mechanism, const Secret *initial, GError **error)
{
    g_autofree char *command = g_strconcat("AUTH ", mechanism, NULL);
    return row_auth_begin(s, command, initial, error);
}

static bool auth_reply(Session *s, AuthReply *ret, GError **error)
{
    g_auto(CodeReply) reply = {0};
    if (!code_reply(s->wire, false, &reply, error)) {
        return false;
    }
    g_autofree char *words = code_reply_words(&reply);
    *ret = (AuthReply){.text = row_keep_auth_answer(s, bytes_of(words))};
    if (reply.code == 334) { /* a bare one, too: "334" without the blank is what some servers send
                                for an empty challenge */
        ret->kind = AUTH_CHALLENGE;
        ret->data = bytes_trim(bytes_sub(ret->text, 3, ret->text.len));
    } else {
        ret->kind = reply.code == 235 ? AUTH_ACCEPTED : AUTH_REFUSED;
        ret->temporary = code_reply_temporary(&reply);
    }
    return true;
}

const AuthFraming smtp_auth = {
    .service = "smtp",
    .initial_response = true,
    .max_command = COMMAND_MAX,
    .begin = auth_begin,
    .respond = row_auth_respond,
    .reply = auth_reply,
};

const Proto proto_smtp = {
    .name = "smtp",
    .title = "SMTP",
    .rfc = "RFC 5321",
    .tls_command = "STARTTLS",
    .line_based = true,
    .greet = smtp_greet,
    .capabilities = capabilities,
    .ask_tls = smtp_ask_tls,
    .quit = smtp_quit,
    .auth = &smtp_auth,
    .grammar = &grammar_smtp,
};

const Proto proto_submission = {
    .name = "submission",
    .title = "Submission",
    .rfc = "RFC 6409",
    .tls_command = "STARTTLS",
    .line_based = true,
    .greet = smtp_greet,
    .capabilities = capabilities,
    .ask_tls = smtp_ask_tls,
    .quit = smtp_quit,
    .auth = &smtp_auth,
    .grammar = &grammar_smtp,
};
