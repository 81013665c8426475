/* irc.c: IRC on the ladder (RFC 1459, IRCv3 capability negotiation, its STARTTLS). An IRC server
 * does not greet; it answers, and says notices in between as it likes. */
#include <string.h>

#include "base/escape.h"
#include "proto/grammar.h"
#include "proto/irc_parse.h"
#include "proto/row.h"

enum { LINES_MAX = 256, SHOWN_MAX = 80 };

/* The next message that is no PING (which is answered) and no NOTICE. Suspends. */
static bool next(Session *s, IrcMessage *message, Bytes *line, GError **error)
{
    for (int i = 0; i < LINES_MAX; i++) {
        if (!wire_line(s->wire, line, error)) {
            return false;
        }
        /* RFC 1459 section 2.3.1: no CR and no NUL in a message; sent back, one would end ours. */
        bool whole = bytes_index(*line, '\r') < 0 && bytes_index(*line, '\0') < 0;
        if (!whole || !irc_parse(*line, message)) {
            continue;
        }
        if (bytes_equal_ci(message->command, "ERROR")) {
            return row_turned_away(false, *line, error);
        }
        if (bytes_equal_ci(message->command, "PING")) {
            g_autofree char *token = bytes_dup(irc_last(message));
            if (!wire_sendf(s->wire, error, "PONG :%s", token)) {
                return false;
            }
        } else if (!bytes_equal_ci(message->command, "NOTICE")) {
            return true;
        }
    }
    return error_fail(error, POSTERN_ERROR_LIMIT, "the server sends notices without end");
}

static bool unknown_command(const IrcMessage *message)
{
    return bytes_equal_ci(message->command, "421") || bytes_equal_ci(message->command, "451");
}

static void add_capabilities(Caps *caps, Bytes words)
{
    while (words.len) {
        g_autofree char *word = bytes_dup(bytes_word(&words));
        g_strdelimit(word, "=", ' '); /* "sasl=PLAIN,EXTERNAL" */
        char *args = strchr(word, ' ');
        if (args) {
            g_strdelimit(args, ",", ' ');
        }
        caps_add_line(caps, bytes_of(word));
    }
}

/* ":server CAP * LS * :more to come" and ":server CAP * LS :the last ones". Suspends. */
static bool capabilities(Session *s, GError **error)
{
    g_autoptr(Caps) caps = caps_new();
    IrcMessage message;
    Bytes line;
    bool more = true;
    if (!wire_sendf(s->wire, error, "CAP LS 302")) {
        return false;
    }
    for (int i = 0; more && i < LINES_MAX; i++) {
        if (!next(s, &message, &line, error)) {
            return false;
        }
        if (unknown_command(&message)) {
            row_set_caps(s, NULL); /* an old server: STARTTLS is simply tried */
            return true;
        }
        if (bytes_equal_ci(message.command, "CAP") && message.count >= 3) {
            add_capabilities(caps, irc_last(&message));
            more = message.count > 3 && bytes_equal_ci(message.params[2], "*");
        }
    }
    row_set_caps(s, g_steal_pointer(&caps));
    return true;
}

static bool is_answer(const IrcMessage *message)
{
    return bytes_equal_ci(message->command, "670") || bytes_equal_ci(message->command, "691") ||
           unknown_command(message);
}

static bool ask_tls(Session *s, GError **error)
{
    IrcMessage message;
    Bytes line;
    if (!row_tls_offered(s, "tls", "STARTTLS", error) || !wire_sendf(s->wire, error, "STARTTLS")) {
        return false;
    }
    for (int i = 0; i < LINES_MAX; i++) {
        if (!next(s, &message, &line, error)) {
            return false;
        }
        if (is_answer(&message)) {
            bool agreed = bytes_equal_ci(message.command, "670");
            return row_tls_answer(s, "STARTTLS", agreed, line, error);
        }
    }
    return error_fail(error, POSTERN_ERROR_LIMIT, "the server does not answer STARTTLS");
}

static void quit(Session *s)
{
    wire_sendf(s->wire, NULL, "QUIT");
}

const Proto proto_irc = {
    .name = "irc",
    .title = "IRC",
    .rfc = "RFC 1459",
    .tls_command = "STARTTLS",
    .line_based = true,
    .capabilities = capabilities,
    .ask_tls = ask_tls,
    .quit = quit,
    .grammar = &grammar_irc,
};
