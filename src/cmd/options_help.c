/* The block of option lines that --help prints: 80 columns, the letter first, the words in a column
 * of their own. */
#include "cmd/options.h"

#include <string.h>

#define WIDTH 79
#define WORDS_COLUMN 30

static char *left_side(const Option *o)
{
    g_autofree char *letter = o->letter ? g_strdup_printf("-%c, ", o->letter) : g_strdup("    ");
    const char *argument = o->choices ? o->choices : o->argument ? o->argument : "VALUE";
    if (o->kind == OPTION_BOOL) {
        return g_strdup_printf("  %s--%s", letter, o->name);
    }
    return g_strdup_printf("  %s--%s=%s", letter, o->name, argument);
}

static void indent(GString *text, size_t column)
{
    g_string_append_printf(text, "%*s", (int)column, "");
}

/* Appends words from `column` on, broken before WIDTH. */
static void wrap(GString *text, const char *words, size_t column)
{
    g_auto(GStrv) list = g_strsplit(words, " ", -1);
    size_t at = column;
    for (char **word = list; *word; word++) {
        size_t len = (size_t)g_utf8_strlen(*word, -1);
        if (at > column && at + 1 + len > WIDTH) {
            g_string_append_c(text, '\n');
            indent(text, column);
            at = column;
        }
        if (at > column) {
            g_string_append_c(text, ' ');
            at++;
        }
        g_string_append(text, *word);
        at += len;
    }
    g_string_append_c(text, '\n');
}

char *options_help(const Option *table)
{
    GString *text = g_string_new(NULL);
    for (const Option *o = table; o->name; o++) {
        g_autofree char *left = left_side(o);
        g_string_append(text, left);
        if (strlen(left) + 2 > WORDS_COLUMN) {
            g_string_append_c(text, '\n');
            indent(text, WORDS_COLUMN);
        } else {
            indent(text, WORDS_COLUMN - strlen(left));
        }
        wrap(text, o->help, WORDS_COLUMN);
    }
    return g_string_free(text, FALSE);
}
