#include "proto/row.h"

#include <string.h>
#include <unistd.h>

#include "base/escape.h"
#include "proto/code_reply.h"

enum { SHOWN_MAX = 200, OFFERS_SHOWN = 40, PRELIMINARY_MAX = 16 };

/* --- the offer of TLS --- */

static char *offers(const Caps *caps)
{
    GString *list = g_string_new(NULL);
    for (size_t i = 0; i < caps_count(caps) && i < OFFERS_SHOWN; i++) {
        g_autofree char *name = escape_line(bytes_of(caps_name(caps, i)));
        g_string_append_printf(list, "%s%s", i ? " " : "", name);
    }
    return g_string_free(list, FALSE);
}

static bool missing(Session *s, const char *command, GError **error)
{
    g_autofree char *list = offers(s->caps);
    s->tls_offer = TLS_OFFER_MISSING;
    return error_fail(error, POSTERN_ERROR_INSECURE,
                      "the server does not offer %s (it offers: %s), and without TLS everything "
                      "would travel in the clear. Either it has none, or somebody in between took "
                      "the offer out. Nothing secret was sent. To go on unprotected say --tls=off",
                      command, *list ? list : "nothing");
}

static bool mangled(Session *s, const char *command, const char *seen, GError **error)
{
    g_autofree char *shown = escape_line_max(bytes_of(seen), SHOWN_MAX);
    s->tls_offer = TLS_OFFER_MANGLED;
    return error_fail(
        error, POSTERN_ERROR_INSECURE,
        "where %s should be offered stands \"%s\": a middlebox (a firewall that "
        "inspects mail) spoils the offer to keep the session readable. Nothing secret "
        "was sent. Try TLS from the start on its own port, or another way (--via)",
        command, shown);
}

bool row_tls_offered(Session *s, const char *word, const char *command, GError **error)
{
    if (!s->caps) {
        return true;
    }
    if (caps_has(s->caps, word)) {
        s->tls_offer = TLS_OFFER_YES;
        return true;
    }
    const char *seen = caps_mangled_tls(s->caps, word);
    return seen ? mangled(s, command, seen, error) : missing(s, command, error);
}

bool row_tls_answer(Session *s, const char *command, bool agreed, Bytes words, GError **error)
{
    g_free(s->tls_answer);
    s->tls_answer = bytes_dup(words);
    if (agreed) {
        s->tls_offer = TLS_OFFER_YES;
        return true;
    }
    g_autofree char *shown = escape_line_max(words, SHOWN_MAX);
    s->tls_offer = TLS_OFFER_REFUSED;
    return error_fail(
        error, POSTERN_ERROR_INSECURE,
        "the server refused %s: \"%s\". Nothing secret was sent. Its TLS may be set up "
        "badly, or somebody in between answered in its place",
        command, shown);
}

bool row_tls_preauth(Session *s, GError **error)
{
    s->tls_offer = TLS_OFFER_PREAUTH;
    return error_fail(
        error, POSTERN_ERROR_INSECURE,
        "the server greets with PREAUTH: we are logged in already, it says, and "
        "STARTTLS is not allowed any more (RFC 3501 6.2.1). Anybody in between can say "
        "that to keep the session in the clear, so it was given up");
}

/* --- greetings --- */

void row_keep_greeting(Session *s, Bytes line)
{
    g_free(s->greeting);
    s->greeting = bytes_dup(line);
}

bool row_turned_away(bool temporary, Bytes words, GError **error)
{
    g_autofree char *shown = escape_line_max(words, SHOWN_MAX);
    return error_fail(error, temporary ? POSTERN_ERROR_TEMPFAIL : POSTERN_ERROR_UNAVAILABLE,
                      "the server turns us away%s: \"%s\"", temporary ? " for now" : "", shown);
}

bool row_not_spoken(const Session *s, Bytes line, GError **error)
{
    static const struct {
        const char *start, *guess;
    } guesses[] = {
        {"SSH-", "it speaks SSH"},
        {"HTTP/", "it speaks HTTP"},
        {"\x15\x03", "it speaks TLS from the start: use the scheme for that"},
        {"\x16\x03", "it speaks TLS from the start: use the scheme for that"},
        {"+OK", "it speaks POP3"},
        {"* OK", "it speaks IMAP"},
        {"220", "it speaks SMTP or FTP"},
    };
    const char *guess = NULL;
    for (size_t i = 0; i < G_N_ELEMENTS(guesses) && !guess; i++) {
        guess = bytes_starts(line, guesses[i].start) ? guesses[i].guess : NULL;
    }
    g_autofree char *shown = escape_line_max(line, SHOWN_MAX);
    return error_fail(error, POSTERN_ERROR_PROTOCOL, "this is not %s: \"%s\"%s%s%s",
                      s->proto->title, shown, guess ? " (" : "", guess ? guess : "",
                      guess ? ")" : "");
}

static bool read_greeting(Session *s, bool ftp, CodeReply *reply, GError **error)
{
    g_autoptr(GError) cause = NULL;
    if (code_reply(s->wire, ftp, reply, &cause)) {
        return true;
    }
    if (g_error_matches(cause, POSTERN_ERROR, POSTERN_ERROR_PROTOCOL) && !reply->code) {
        return row_not_spoken(s, bytes_trim(wire_last_raw(s->wire)), error);
    }
    g_propagate_error(error, g_steal_pointer(&cause));
    return false;
}

bool row_code_greeting(Session *s, bool ftp, GError **error)
{
    g_auto(CodeReply) reply = {0};
    for (int i = 0; reply.code < 200; i++) { /* "120 Service ready in 3 minutes" */
        if (i > PRELIMINARY_MAX) {
            return error_fail(error, POSTERN_ERROR_LIMIT,
                              "the server says \"in a moment\" again and again (%d)", reply.code);
        }
        code_reply_clear(&reply);
        if (!read_greeting(s, ftp, &reply, error)) {
            return false;
        }
    }
    g_autofree char *words = code_reply_words(&reply);
    row_keep_greeting(s, bytes_of(words));
    return reply.code < 300 ||
           row_turned_away(code_reply_temporary(&reply), bytes_of(words), error);
}

void row_set_caps(Session *s, Caps *caps)
{
    caps_free(s->caps);
    s->caps = caps;
}

/* --- who we are --- */

Bytes row_keep_auth_answer(Session *s, Bytes words)
{
    g_free(s->auth_answer);
    s->auth_answer = bytes_dup(words);
    return bytes_of(s->auth_answer);
}

/* "192.0.2.7:40000" or "[2001:db8::7]:40000" -> "[192.0.2.7]", "[IPv6:2001:db8::7]". */
static char *address_literal(const char *local)
{
    const char *colon = local ? strrchr(local, ':') : NULL;
    if (!colon) {
        return g_strdup("[127.0.0.1]");
    }
    g_autofree char *address = g_strndup(local, (gsize)(colon - local));
    size_t len = strlen(address);
    if (address[0] == '[' && len > 2) {
        address[len - 1] = '\0';
        return g_strdup_printf("[IPv6:%s]", address + 1);
    }
    return g_strdup_printf(strchr(address, ':') ? "[IPv6:%s]" : "[%s]", address);
}

char *row_own_name(const Session *s)
{
    char name[256] = "";
    if (s->plan->ehlo) {
        return g_strdup(s->plan->ehlo);
    }
    if (gethostname(name, sizeof name - 1) == 0 && strchr(name, '.')) {
        return g_strdup(name);
    }
    return address_literal(s->dialled.local);
}

bool row_auth_begin(Session *s, const char *command, const Secret *initial, GError **error)
{
    g_autofree char *prefix = g_strconcat(command, " ", NULL);
    return initial ? wire_send_secret(s->wire, prefix, initial, error)
                   : wire_send_line(s->wire, bytes_of(command), error);
}

bool row_auth_respond(Session *s, const Secret *base64, GError **error)
{
    return base64 ? wire_send_secret(s->wire, "", base64, error)
                  : wire_send_line(s->wire, BYTES_LITERAL("*"), error);
}

bool row_send_after_login(Session *s, GError **error)
{
    if (!s->after_login || s->after_login_sent || !caps_has(s->caps, "PIPELINING")) {
        return true;
    }
    wire_hold(s->wire);
    for (size_t i = 0; s->after_login[i]; i++) {
        if (!wire_sendf(s->wire, error, "%s", s->after_login[i])) {
            return false;
        }
    }
    s->after_login_sent = true;
    return wire_release(s->wire, error);
}

Secret *row_password(Session *s, GError **error)
{
    const Credentials *credentials = &s->plan->credentials;
    if (!credentials->password) {
        error_fail(error, POSTERN_ERROR_AUTH, "a password is needed and none was given");
        return NULL;
    }
    return credentials->password(credentials->callback_user, error);
}

const char *row_user(Session *s, GError **error)
{
    if (!s->plan->credentials.user) {
        error_fail(error, POSTERN_ERROR_AUTH,
                   "a user name is needed: put it into the address (%s://USER@HOST) or say --user",
                   s->plan->target->scheme->name);
    }
    return s->plan->credentials.user;
}
