/* wrap.c: text in lines that fit. */
#include "report/wrap.h"

#include <glib.h>
#include <stdbool.h>
#include <string.h>

#define INDENT_MORE 4
#define TEXT_MIN 20 /* columns left for the text of a row: with fewer it is no use to align */

static size_t width_of(const char *word, size_t len)
{
    size_t columns = 0;
    for (const char *p = word; p < word + len; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        columns += g_unichar_iszerowidth(c) ? 0 : g_unichar_iswide(c) ? 2 : 1;
    }
    return columns;
}

static size_t blanks_at(const char *text)
{
    size_t n = 0;
    while (text[n] == ' ') {
        n++;
    }
    return n;
}

/* The column where what goes on begins: see the header. */
static size_t indent_of(const char *line, size_t columns)
{
    size_t lead = blanks_at(line);
    for (const char *p = line + lead; *p != '\0'; p++) {
        size_t gap = blanks_at(p);
        if (gap >= 2) {
            size_t column = width_of(line, (size_t)(p - line)) + gap;
            return column + TEXT_MIN <= columns ? column : lead + INDENT_MORE;
        }
    }
    return lead + INDENT_MORE;
}

/* A word, or "RFC 2971": that is one. */
static size_t word_length(const char *text)
{
    size_t len = strcspn(text, " ");
    bool is_rfc = len >= 3 && strncmp(text + len - 3, "RFC", 3) == 0;
    return is_rfc && text[len] == ' ' && g_ascii_isdigit(text[len + 1])
               ? len + 1 + strcspn(text + len + 1, " ")
               : len;
}

static void wrap_line(GString *out, const char *line, size_t columns)
{
    size_t indent = indent_of(line, columns);
    size_t column = 0;
    bool first = true;
    for (const char *p = line; *p != '\0';) {
        size_t gap = blanks_at(p);
        size_t len = word_length(p + gap);
        size_t width = width_of(p + gap, len);
        if (!first && column > indent && column + gap + width > columns) {
            g_string_append_printf(out, "\n%*s", (int)indent, "");
            column = indent;
        } else {
            g_string_append_len(out, p, (gssize)gap);
            column += gap;
        }
        g_string_append_len(out, p + gap, (gssize)len);
        column += width;
        first = false;
        p += gap + len;
    }
}

char *wrap_text(const char *text, size_t columns)
{
    GString *out = g_string_new(NULL);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (size_t i = 0; lines[i] != NULL; i++) {
        if (i > 0) {
            g_string_append_c(out, '\n');
        }
        bool fits =
            !g_utf8_validate(lines[i], -1, NULL) || width_of(lines[i], strlen(lines[i])) <= columns;
        if (fits) {
            g_string_append(out, lines[i]);
        } else {
            wrap_line(out, lines[i], columns);
        }
    }
    return g_string_free(out, FALSE);
}
