/* Whatever a server says, in whatever protocol, what is said about it is harmless UTF-8. The first
 * octet of the input chooses the protocol, the second the verb; the rest is lines from the server.
 */
#include "report/explain.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const proto_names[] = {"smtp", "lmtp", "pop3", "imap",  "sieve", "nntp",
                                          "ftp",  "irc",  "xmpp", "mysql", "tcp"};
static const char *const verbs[] = {"",         "AUTH",  "STAT",  "LIST", "RETR", "DATA",
                                    "STARTTLS", "FETCH", "LOGIN", "SIZE", "PASV", "APOP"};

static void take(char *text)
{
    g_assert_true(text == NULL || g_utf8_validate(text, -1, NULL));
    for (const char *c = text; c != NULL && *c != '\0'; c = g_utf8_next_char(c)) {
        g_assert_true(*c == '\n' || *c == '\t' || !g_unichar_iscntrl(g_utf8_get_char(c)));
    }
    g_free(text);
}

static void one_line(const Proto *proto, const char *verb, Bytes line, const Caps *caps)
{
    ReceivedUnit unit = {.verb = verb};
    g_autofree char *text = bytes_dup(line);
    unit.code = atoi(text) % 1000;
    g_strlcpy(unit.enhanced, strchr(text, ' ') == NULL ? "" : strchr(text, ' ') + 1,
              sizeof unit.enhanced);
    const char *open = strpbrk(text, "[(");
    g_strlcpy(unit.response_code, open == NULL ? "" : open + 1, sizeof unit.response_code);
    g_strdelimit(unit.response_code, "]) ", '\0');
    take(explain_reply(proto, &unit, line, EXPLAIN_FULL));
    take(explain_reply(proto, &unit, line, EXPLAIN_BRIEF));
    take(explain_refusal(proto, verb, line, line.len % 2 == 0, caps));
    take(explain_greeting(proto, line));
    take(explain_sasl(NULL, line, true));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2) {
        return 0;
    }
    const Proto proto = {.name = proto_names[data[0] % G_N_ELEMENTS(proto_names)]};
    const char *verb = verbs[data[1] % G_N_ELEMENTS(verbs)];
    g_autoptr(Caps) before = caps_new();
    g_autoptr(Caps) after = caps_new();
    Bytes rest = {(const char *)data + 2, size - 2};
    for (int number = 0; rest.len > 0; number++) {
        gssize lf = bytes_index(rest, '\n');
        Bytes line = bytes_sub(rest, 0, lf < 0 ? rest.len : (size_t)lf);
        rest = bytes_sub(rest, line.len + 1, rest.len);
        caps_add_line(number % 2 == 0 ? before : after, line);
        one_line(&proto, verb, line, after);
    }
    take(explain_capabilities(&proto, after, EXPLAIN_BRIEF));
    take(explain_capabilities(&proto, after, EXPLAIN_FULL));
    take(explain_caps_difference(before, after));
    return 0;
}
