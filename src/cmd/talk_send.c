/* talk_send.c: /send FILE: a file on its way as the protocol sends a message. */
#include <string.h>

#include "cmd/talk.h"
#include "config/file.h"

#define SEND_MAX (1024u * 1024 * 1024)

/* The text of a file with CRLF line ends, dots doubled at line starts, and the final dot (RFC
 * 5321 4.5.2). */
static GString *dot_stuffed(const char *text, size_t len)
{
    GString *out = g_string_sized_new(len + len / 32 + 8);
    bool at_start = true;
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (c == '\r' && i + 1 < len && text[i + 1] == '\n') {
            continue;
        }
        if (at_start && c == '.') {
            g_string_append_c(out, '.');
        }
        if (c == '\n') {
            g_string_append(out, "\r\n");
        } else {
            g_string_append_c(out, c);
        }
        at_start = c == '\n';
    }
    g_string_append(out, at_start ? ".\r\n" : "\r\n.\r\n");
    return out;
}

static GString *with_crlf(const char *text, size_t len)
{
    GString *out = g_string_sized_new(len + len / 32);
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '\n' && (i == 0 || text[i - 1] != '\r')) {
            g_string_append_c(out, '\r');
        }
        g_string_append_c(out, text[i]);
    }
    return out;
}

/* A file goes to the transcript in full, and to the screen as a word: who sends it knows it. */
static bool send_content(Talk *t, const GString *content, GError **error)
{
    t->typed_gone = false;
    t->typed = true;
    bool good = wire_send_bytes(t->session->wire, bytes_of_string(content), false, error);
    t->typed = false;
    if (good) {
        g_autofree char *size = explain_size(content->len);
        talk_note(t, false, "sent %s", size);
    }
    return good;
}

/* Hears the answer to the command; true when the server waits for the data. Suspends. */
static bool goes_ahead(Talk *t, GError **error)
{
    if (!talk_hear_reply(t, error)) {
        return false;
    }
    if (t->closed) {
        return error_fail(
            error, POSTERN_ERROR_EOF,
            "nothing was sent: the server closed the connection instead of asking for the data");
    }
    return dialogue_expects(t->dialogue) == EXPECT_PAYLOAD ||
           error_fail(error, POSTERN_ERROR_UNAVAILABLE,
                      "nothing was sent: the server does not want the data now");
}

static bool send_block(Talk *t, const char *command, const char *text, size_t len, GError **error)
{
    g_autofree char *line = g_strdup(command);
    if (!talk_say(t, line, error) || !goes_ahead(t, error)) {
        return false;
    }
    g_autoptr(GString) body = dot_stuffed(text, len);
    if (!send_content(t, body, error)) {
        return false;
    }
    dialogue_payload_sent(t->dialogue);
    return talk_hear_reply(t, error);
}

static bool send_literal(Talk *t, const char *command, const char *text, size_t len, GError **error)
{
    g_autoptr(GString) body = with_crlf(text, len);
    g_autofree char *line = g_strdup_printf("%s {%zu}", command, body->len);
    if (!talk_say(t, line, error) || !goes_ahead(t, error)) {
        return false;
    }
    if (!send_content(t, body, error)) {
        return false;
    }
    dialogue_send_octets(t->dialogue, body->len);
    return wire_send_line(t->session->wire, BYTES_NONE, error) && talk_hear_reply(t, error);
}

/* IMAP's quoted string; CR, LF and NUL are refused when it is sent. */
static char *quoted(const char *text)
{
    GString *out = g_string_new("\"");
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\') {
            g_string_append_c(out, '\\');
        }
        g_string_append_c(out, *text);
    }
    g_string_append_c(out, '"');
    return g_string_free(out, FALSE);
}

/* How each protocol takes a file. */
static const struct {
    const char *proto;
    const char *command;
    const char *default_place; /* NULL: the command takes none */
} ways[] = {
    {"smtp", "DATA", NULL}, {"submission", "DATA", NULL}, {"lmtp", "DATA", NULL},
    {"nntp", "POST", NULL}, {"imap", "APPEND", "INBOX"},
};

bool talk_send_file(Talk *t, const char *file, const char *place, GError **error)
{
    g_auto(FileText) content = {0};
    if (!file_text_read(file, SEND_MAX, &content, error)) {
        return false;
    }
    const char *text = content.data;
    size_t len = content.len;
    for (size_t i = 0; i < G_N_ELEMENTS(ways); i++) {
        if (strcmp(ways[i].proto, t->session->proto->name) != 0) {
            continue;
        }
        if (ways[i].default_place == NULL) {
            return send_block(t, ways[i].command, text, len, error);
        }
        g_autofree char *name = quoted(place ? place : ways[i].default_place);
        g_autofree char *command = g_strdup_printf("%s %s", ways[i].command, name);
        return send_literal(t, command, text, len, error);
    }
    if (t->session->proto->line_based) {
        return error_fail(error, POSTERN_ERROR_USAGE, "%s has no command that takes a file",
                          t->session->proto->title);
    }
    g_autoptr(GString) whole = g_string_new_len(text, (gssize)len);
    return send_content(t, whole, error);
}
