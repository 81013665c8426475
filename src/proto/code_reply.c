#include "proto/code_reply.h"

#include <string.h>

#include "base/escape.h"
#include "proto/code_parse.h"

enum { LINES_MAX = 512, TEXT_MAX = 64 * 1024, SHOWN_MAX = 80 };

void code_reply_clear(CodeReply *reply)
{
    if (reply->text) {
        g_string_free(reply->text, TRUE);
    }
    *reply = (CodeReply){0};
}

static bool no_reply(Bytes line, const char *why, GError **error)
{
    g_autofree char *shown = escape_line_max(line, SHOWN_MAX);
    return error_fail(error, POSTERN_ERROR_PROTOCOL, "\"%s\" is no reply: %s", shown, why);
}

static bool add_text(CodeReply *reply, size_t lines, Bytes text, GError **error)
{
    if (lines >= LINES_MAX || reply->text->len + text.len > TEXT_MAX) {
        return error_fail(error, POSTERN_ERROR_LIMIT,
                          "the server's reply %d does not end (more than %d lines or %d octets)",
                          reply->code, LINES_MAX, TEXT_MAX);
    }
    if (lines) {
        g_string_append_c(reply->text, '\n');
    }
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i]) {
            g_string_append_c(reply->text, text.data[i]);
        } else {
            g_string_append(reply->text,
                            "\\x00"); /* words become C strings: what was there stays visible */
        }
    }
    return true;
}

/* A line behind the first. FTP's may be anything until the one that ends it; others repeat the
 * code. */
static bool parse_next(Bytes line, bool ftp, int code, CodeLine *parsed, GError **error)
{
    bool is_line = code_parse_line(line, parsed);
    if (ftp && (!is_line || parsed->code != code)) {
        *parsed = (CodeLine){.code = code, .more = true, .text = line};
        return true;
    }
    if (!is_line) {
        return no_reply(line, "a line within a reply must begin with its code", error);
    }
    return parsed->code == code || no_reply(line, "its code differs from the first line's", error);
}

bool code_reply(Wire *w, bool ftp, CodeReply *reply, GError **error)
{
    Bytes line;
    CodeLine parsed;
    *reply = (CodeReply){.text = g_string_new(NULL)};
    if (!wire_line(w, &line, error)) {
        return false;
    }
    if (!code_parse_line(line, &parsed)) {
        return no_reply(line, "three digits are expected", error);
    }
    reply->code = parsed.code;
    memcpy(reply->enhanced, parsed.enhanced, sizeof reply->enhanced);
    for (size_t lines = 0;; lines++) {
        if (!add_text(reply, lines, parsed.text, error)) {
            return false;
        }
        if (!parsed.more) {
            return true;
        }
        if (!wire_line(w, &line, error) || !parse_next(line, ftp, reply->code, &parsed, error)) {
            return false;
        }
    }
}

char *code_reply_words(const CodeReply *reply)
{
    return g_strdup_printf("%d%s%s", reply->code, reply->text->len ? " " : "", reply->text->str);
}

bool code_reply_temporary(const CodeReply *reply)
{
    return reply->code >= 400 && reply->code < 500;
}
