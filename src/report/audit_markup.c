#include "report/audit_markup.h"

#include <string.h>

#include "base/escape.h"

/* U+FFFE and U+FFFF are characters to UTF-8, but not to XML. */
static bool is_noncharacter(gunichar c)
{
    return (c & 0xFFFE) == 0xFFFE;
}

static void put_character(GString *out, gunichar c)
{
    static const struct {
        gunichar c;
        const char *entity;
    } entities[] = {
        {'<', "&lt;"}, {'>', "&gt;"}, {'&', "&amp;"}, {'"', "&quot;"}, {'\'', "&#39;"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(entities); i++) {
        if (entities[i].c == c) {
            g_string_append(out, entities[i].entity);
            return;
        }
    }
    if (is_noncharacter(c)) {
        g_string_append_printf(out, "\\u{%X}", c);
    } else {
        g_string_append_unichar(out, c);
    }
}

static void markup_text(GString *out, const char *text)
{
    if (text == NULL) {
        return;
    }
    g_autofree char *shown = escape_text(bytes_of(text));
    for (const char *c = shown; *c != '\0'; c = g_utf8_next_char(c)) {
        put_character(out, g_utf8_get_char(c));
    }
}

void markup_format(GString *out, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *rest = format;
    for (const char *mark = strchr(rest, '%'); mark != NULL; mark = strchr(rest, '%')) {
        g_string_append_len(out, rest, mark - rest);
        if (mark[1] == 's') {
            markup_text(out, va_arg(args, const char *));
        } else {
            g_assert(mark[1] == '%');
            g_string_append_c(out, '%');
        }
        rest = mark + 2;
    }
    g_string_append(out, rest);
    va_end(args);
}
