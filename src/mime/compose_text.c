#include "mime/compose_text.h"

#include <string.h>

enum { WIDTH = 78, WRAPPED = 72, LINE_OCTETS = 998 };

char *compose_unix_lines(const char *text)
{
    GString *out = g_string_sized_new(strlen(text) + 1);
    for (const char *c = text; *c; c++) {
        if (*c == '\r') {
            g_string_append_c(out, '\n');
            c += c[1] == '\n';
        } else {
            g_string_append_c(out, *c);
        }
    }
    if (out->len && out->str[out->len - 1] != '\n') {
        g_string_append_c(out, '\n');
    }
    return g_string_free(out, FALSE);
}

/* Space-stuffing (RFC 3676 4.4), one line without its end. */
static void put_line(GString *out, const char *line, size_t len)
{
    bool stuff = len && (line[0] == ' ' || (len >= 5 && !strncmp(line, "From ", 5)));
    if (stuff) {
        g_string_append_c(out, ' ');
    }
    g_string_append_len(out, line, (gssize)len);
    g_string_append_c(out, '\n');
}

/* The octets up to and with the last blank within WRAPPED characters, or the first one behind. 0:
 * the line need not or cannot be broken. */
static size_t break_at(const char *line, size_t len)
{
    size_t best = 0;
    long characters = 0;
    for (size_t i = 0; i < len; i++) {
        characters += (line[i] & 0xc0) != 0x80;
        if (line[i] == ' ' && i + 1 < len && line[i + 1] != ' ') {
            if (characters > WRAPPED && best) {
                return best;
            }
            best = i + 1;
        }
    }
    return characters > WIDTH ? best : 0;
}

/* Lines that end in a blank would be joined with the next; "-- " before a signature may (4.3). */
static size_t without_blanks(const char *line, size_t len)
{
    if (len == 3 && !strncmp(line, "-- ", 3)) {
        return len;
    }
    while (len && line[len - 1] == ' ') {
        len--;
    }
    return len;
}

static void put_paragraph(GString *out, const char *line, size_t len)
{
    bool quoted = len && line[0] == '>';
    size_t taken;
    while (!quoted && (taken = break_at(line, len))) {
        put_line(out, line, taken);
        line += taken;
        len -= taken;
    }
    put_line(out, line, len);
}

static bool fits(const char *text)
{
    while (*text) {
        size_t len = strcspn(text, "\n");
        if (len > LINE_OCTETS) {
            return false;
        }
        text += len + (text[len] != '\0');
    }
    return true;
}

char *compose_flowed(const char *text, bool *flowed)
{
    char *lines = compose_unix_lines(text);
    GString *out = g_string_sized_new(strlen(lines) + 64);
    for (const char *line = lines; *line;) {
        size_t len = strcspn(line, "\n");
        put_paragraph(out, line, without_blanks(line, len));
        line += len + 1;
    }
    *flowed = fits(out->str);
    if (!*flowed) {
        g_string_free(out, TRUE);
        return lines;
    }
    g_free(lines);
    return g_string_free(out, FALSE);
}
