/* talk_say.c: one typed line on its way to the server. */
#include <string.h>

#include "cmd/talk.h"

bool talk_local_active(const Talk *t)
{
    if (t->session == NULL || !t->session->proto->line_based) {
        return true;
    }
    Expect expects = dialogue_expects(t->dialogue);
    return expects != EXPECT_PAYLOAD && expects != EXPECT_RESPONSE;
}

bool talk_is_secret(const Talk *t, const char *line)
{
    if (t->dialogue == NULL || !t->proto->line_based) {
        return false;
    }
    if (talk_raw_is_secret(t, line)) {
        return true;
    }
    SentLine sent;
    g_autofree char *full = dialogue_complete_command(t->dialogue, line);
    dialogue_peek(t->dialogue, bytes_of(full), &sent);
    bool secret = sent.has_secret || sent.is_payload || sent.is_response;
    secret_wipe(full, strlen(full));
    return secret;
}

static bool refuse_cleartext(const Talk *t, const SentLine *sent, GError **error)
{
    const char *upgrade = t->session->proto->tls_command;
    const char *how = wire_encrypted(t->session->wire) ? "the certificate was not verified"
                                                       : "this connection is not encrypted";
    return error_fail(error, POSTERN_ERROR_INSECURE,
                      "not sent: %s would give the password away, because %s\n%s%s%s"
                      "--allow-cleartext-auth sends it all the same",
                      *sent->verb ? sent->verb : "this response", how, upgrade ? "type " : "",
                      upgrade ? upgrade : "", upgrade ? " or /starttls first; " : "");
}

/* A line that gives a password away goes out in private, or by the user's word and with a warning.
 */
static bool may_give_away(Talk *t, const SentLine *sent, GError **error)
{
    if (session_is_private(t->session)) {
        return true;
    }
    if (!t->options->connect.allow_cleartext_auth) {
        return refuse_cleartext(t, sent, error);
    }
    talk_note(t, true, "%s sends the password where others can read it (--allow-cleartext-auth)",
              *sent->verb ? sent->verb : "this response");
    return true;
}

static bool say_secret(Talk *t, const char *full, const SentLine *sent, GError **error)
{
    Bytes line = bytes_of(full);
    size_t end = sent->secret_from + sent->secret_len;
    g_autoptr(Secret) secret = secret_new(full + sent->secret_from, sent->secret_len);
    return wire_send_secret_within(t->session->wire, bytes_sub(line, 0, sent->secret_from), secret,
                                   bytes_sub(line, end, line.len), error);
}

/* "PASS" alone stands for the password that the options, the account or ~/.netrc give, or that is
 * asked for. */
static bool is_bare_pass(const SentLine *sent)
{
    return sent->is_command && !sent->has_secret && strcmp(sent->verb, "PASS") == 0;
}

static bool say_password(Talk *t, GError **error)
{
    t->typed_rows = 0; /* the question for it may come below */
    g_autoptr(Secret) password = connection_password(t->connection, error);
    return password != NULL && wire_send_secret(t->session->wire, "PASS ", password, error);
}

static bool say_octets(Talk *t, Bytes octets, bool masked, GError **error)
{
    if (!wire_send_bytes(t->session->wire, octets, masked, error)) {
        return false;
    }
    dialogue_send_octets(t->dialogue, octets.len);
    return true;
}

/* The rest of a command behind a literal: of LOGIN it may be the password. */
static bool say_behind(Talk *t, const char *rest, GError **error)
{
    SentLine sent;
    dialogue_peek(t->dialogue, bytes_of(rest), &sent);
    return sent.has_secret ? say_secret(t, rest, &sent, error)
                           : wire_send_line(t->session->wire, bytes_of(rest), error);
}

/* Octets that were announced (an IMAP literal, a BDAT chunk), typed as lines: a line with its CRLF
 * belongs to them as far as they reach; what is left of it is the rest of the command, where there
 * can be one. */
static bool say_literal(Talk *t, const char *line, bool masked, GError **error)
{
    uint64_t wanted = dialogue_payload_octets(t->dialogue);
    size_t len = strlen(line);
    bool nothing_behind = strcmp(t->last_verb, "BDAT") == 0;
    if (len + 1 == wanted || (len > wanted && nothing_behind)) {
        return error_fail(error, POSTERN_ERROR_DATA,
                          "not sent: %" G_GUINT64_FORMAT
                          " octet%s wanted; this line has %zu, or %zu "
                          "with its line end (CR and LF)",
                          wanted, wanted == 1 ? " is" : "s are", len, len + 2);
    }
    if (len + 2 <= wanted) {
        g_autofree char *whole = g_strconcat(line, "\r\n", NULL);
        bool good = say_octets(t, bytes_of(whole), masked, error);
        secret_wipe(whole, len);
        return good;
    }
    if (!say_octets(t, (Bytes){line, wanted}, masked, error)) {
        return false;
    }
    return dialogue_expects(t->dialogue) != EXPECT_PAYLOAD || say_behind(t, line + wanted, error);
}

/* Whatever has a secret in it, or got a tag, is shown as it goes out, in place of what was typed.
 */
static bool say_line(Talk *t, const char *line, GError **error)
{
    SentLine sent;
    Wire *w = t->session->wire;
    g_autofree char *full = dialogue_complete_command(t->dialogue, line);
    dialogue_peek(t->dialogue, bytes_of(full), &sent);
    bool good;
    bool gives_away = sent.is_cleartext_password || is_bare_pass(&sent);
    t->typed =
        t->interactive && !sent.has_secret && !is_bare_pass(&sent) && strcmp(full, line) == 0;
    if (gives_away && !may_give_away(t, &sent, error)) {
        good = false;
    } else if (sent.asks_tls && wire_encrypted(w)) {
        good =
            error_fail(error, POSTERN_ERROR_USAGE, "not sent: TLS is up already (/tls shows it)");
    } else if (sent.is_payload && dialogue_payload_octets(t->dialogue) > 0) {
        bool masked = sent.has_secret && sent.secret_from < dialogue_payload_octets(t->dialogue);
        good = say_literal(t, line, masked, error);
    } else if (is_bare_pass(&sent)) {
        good = say_password(t, error);
    } else if (sent.has_secret) {
        good = say_secret(t, full, &sent, error);
    } else {
        good = wire_send_line(w, bytes_of(full), error);
    }
    if (good && sent.is_response && sent.has_secret && t->mechanism != NULL) {
        talk_annotate_take(t, explain_sasl(t->mechanism->name, bytes_of(line), false));
    }
    if (sent.has_secret || sent.is_cleartext_password) {
        secret_wipe(full, strlen(full));
    }
    return good;
}

/* The server may have said why before it closed. */
static void hear_last_words(Talk *t)
{
    bool more = false;
    g_autoptr(GError) ignored = NULL;
    talk_hear_now(t, &more, &ignored);
    t->closed = true;
}

bool talk_say(Talk *t, char *line, GError **error)
{
    bool secret = talk_is_secret(t, line);
    bool good;
    GError *problem = NULL;
    if (t->session == NULL || t->closed) {
        good = error_fail(&problem, POSTERN_ERROR_UNAVAILABLE,
                          "not sent: the connection is closed (/resume opens it again)");
    } else if (t->proto->line_based) {
        good = say_line(t, line, &problem);
    } else {
        t->typed = t->interactive;
        good = wire_send_line(t->session->wire, bytes_of(line), &problem);
    }
    t->typed = false;
    if (secret) {
        secret_wipe(line, strlen(line));
    }
    if (g_error_matches(problem, POSTERN_ERROR, POSTERN_ERROR_EOF) ||
        g_error_matches(problem, POSTERN_ERROR, POSTERN_ERROR_IO)) {
        hear_last_words(t);
    }
    if (!good) {
        g_propagate_error(error, problem);
    }
    return good;
}

bool talk_enter(Talk *t, char *line, GError **error)
{
    if (!talk_await_turn(t, error)) {
        return false;
    }
    bool local = line[0] == '/' && talk_local_active(t);
    if (local && line[1] != '/') {
        bool secret = talk_raw_is_secret(t, line);
        t->typed_rows = secret ? t->typed_rows : 0; /* it stays where it was typed */
        return talk_local(t, line + 1, error);
    }
    if (local) {
        memmove(line, line + 1, strlen(line));
    }
    Expect expects = t->dialogue ? dialogue_expects(t->dialogue) : EXPECT_COMMAND;
    bool empty_counts =
        !t->proto->line_based || expects == EXPECT_PAYLOAD || expects == EXPECT_RESPONSE;
    return (*line == '\0' && !empty_counts) || talk_say(t, line, error);
}
