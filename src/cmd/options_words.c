/* options_words.c: parsed options as words again, for whoever does the job later. */
#include <string.h>

#include "cmd/options.h"

static void add(GPtrArray *words, const Option *o, const char *value)
{
    g_autofree char *whole = o->kind == OPTION_FILE && strcmp(value, "-") != 0
                                 ? g_canonicalize_filename(value, NULL)
                                 : g_strdup(value);
    g_ptr_array_add(words, g_strdup_printf("--%s=%s", o->name, whole));
}

static void add_list(GPtrArray *words, const Option *o, char **list)
{
    for (char **value = list; value && *value; value++) {
        add(words, o, *value);
    }
}

static void add_double(GPtrArray *words, const Option *o, double value)
{
    char number[G_ASCII_DTOSTR_BUF_SIZE];
    if (value > 0) {
        add(words, o, g_ascii_formatd(number, sizeof number, "%.3f", value));
    }
}

static void add_int(GPtrArray *words, const Option *o, int value)
{
    if (value) {
        g_ptr_array_add(words, g_strdup_printf("--%s=%d", o->name, value));
    }
}

static void add_option(GPtrArray *words, const Option *o, const char *slot)
{
    const void *at = slot;
    if (o->kind == OPTION_BOOL) {
        if (*(const bool *)at) {
            g_ptr_array_add(words, g_strconcat("--", o->name, NULL));
        }
    } else if (o->kind == OPTION_INT) {
        add_int(words, o, *(const int *)at);
    } else if (o->kind == OPTION_DOUBLE) {
        add_double(words, o, *(const double *)at);
    } else if (o->kind == OPTION_LIST) {
        add_list(words, o, *(char **const *)at);
    } else if (*(char *const *)at) {
        add(words, o, *(char *const *)at);
    }
}

char **options_words(const Option *const *tables, const void *values, const char *const *without)
{
    GPtrArray *words = g_ptr_array_new();
    for (const Option *const *table = tables; *table; table++) {
        for (const Option *o = *table; o->name; o++) {
            if (!g_strv_contains(without, o->name)) {
                add_option(words, o, (const char *)values + o->offset);
            }
        }
    }
    g_ptr_array_add(words, NULL);
    return (char **)g_ptr_array_free(words, FALSE);
}
