#include "cmd/options.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/nearest.h"

/* What is being parsed. */
typedef struct {
    const Option *const *tables;
    char *values;
    char **argv;
    int next; /* index of the next word in argv */
    bool *ret_help;
} Parser;

static const Option *find_name(const Parser *p, const char *name, size_t len)
{
    for (const Option *const *table = p->tables; *table; table++) {
        for (const Option *o = *table; o->name; o++) {
            if (strncmp(o->name, name, len) == 0 && o->name[len] == '\0') {
                return o;
            }
        }
    }
    return NULL;
}

static const Option *find_letter(const Parser *p, char letter)
{
    for (const Option *const *table = p->tables; *table; table++) {
        for (const Option *o = *table; o->name; o++) {
            if (o->letter == letter) {
                return o;
            }
        }
    }
    return NULL;
}

static bool fail_unknown(const Parser *p, const char *name, size_t len, GError **error)
{
    g_autofree char *typed = g_strndup(name, len);
    g_autofree char *shown = escape_line_max(bytes_of(typed), 60);
    Nearest near = {.word = typed};
    for (const Option *const *table = p->tables; *table; table++) {
        for (const Option *o = *table; o->name; o++) {
            nearest_offer(&near, o->name);
        }
    }
    if (near.best) {
        return error_fail(error, POSTERN_ERROR_USAGE, "unknown option --%s; did you mean --%s?",
                          shown, near.best);
    }
    return error_fail(error, POSTERN_ERROR_USAGE,
                      "unknown option --%s; \"postern %s --help\" lists those there are", shown,
                      p->argv[0]);
}

static bool fail_value(const Option *o, const char *value, const char *expected, GError **error)
{
    g_autofree char *shown = escape_line_max(bytes_of(value), 60);
    return error_fail(error, POSTERN_ERROR_USAGE, "--%s takes %s, not \"%s\"", o->name, expected,
                      shown);
}

static bool store_int(const Option *o, int *slot, const char *value, GError **error)
{
    char *end;
    errno = 0;
    long number = strtol(value, &end, 10);
    bool good = g_ascii_isdigit(value[0]) && *end == '\0' && errno == 0 && number <= INT_MAX;
    if (!good) {
        return fail_value(o, value, "a whole number", error);
    }
    *slot = (int)number;
    return true;
}

static bool store_double(const Option *o, double *slot, const char *value, GError **error)
{
    char *end;
    double number = g_ascii_strtod(value, &end);
    bool plain = strspn(value, "0123456789.") == strlen(value);
    if (!plain || *value == '\0' || *end != '\0' || !isfinite(number) || number > 1e9) {
        return fail_value(o, value, "a number of seconds", error);
    }
    *slot = number;
    return true;
}

static bool is_choice(const Option *o, const char *value)
{
    g_auto(GStrv) choices = g_strsplit(o->choices, "|", -1);
    return g_strv_contains((const char *const *)choices, value);
}

/* "a|b|c" -> "a, b or c" */
static char *choices_in_words(const char *choices)
{
    g_auto(GStrv) words = g_strsplit(choices, "|", -1);
    guint n = g_strv_length(words);
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < n; i++) {
        const char *joint = i == 0 ? "" : i + 1 == n ? " or " : ", ";
        g_string_append_printf(text, "%s%s", joint, words[i]);
    }
    return g_string_free(text, FALSE);
}

static bool store_choice(const Option *o, char **slot, const char *value, GError **error)
{
    if (!is_choice(o, value)) {
        g_autofree char *expected = choices_in_words(o->choices);
        return fail_value(o, value, expected, error);
    }
    g_free(*slot);
    *slot = g_strdup(value);
    return true;
}

static void append(char ***list, const char *value)
{
    guint n = *list ? g_strv_length(*list) : 0;
    *list = g_renew(char *, *list, n + 2);
    (*list)[n] = g_strdup(value);
    (*list)[n + 1] = NULL;
}

static bool store(const Parser *p, const Option *o, const char *value, GError **error)
{
    void *slot = p->values + o->offset;
    switch (o->kind) {
    case OPTION_BOOL:
        *(bool *)slot = true;
        return true;
    case OPTION_INT:
        return store_int(o, slot, value, error);
    case OPTION_DOUBLE:
        return store_double(o, slot, value, error);
    case OPTION_CHOICE:
        return store_choice(o, slot, value, error);
    case OPTION_LIST:
        append(slot, value);
        return true;
    case OPTION_STRING:
    case OPTION_FILE:
        g_free(*(char **)slot);
        *(char **)slot = g_strdup(value);
        return true;
    }
    return true;
}

/* The value of an option that needs one: what is attached, else the next word. */
static bool take_value(Parser *p, const Option *o, const char *attached, GError **error)
{
    const char *value = attached;
    if (!value) {
        value = p->argv[p->next];
        if (!value) {
            return error_fail(error, POSTERN_ERROR_USAGE, "--%s needs a value: --%s=%s", o->name,
                              o->name, o->argument ? o->argument : "VALUE");
        }
        p->next++;
    }
    return store(p, o, value, error);
}

/* --name, --name=value, --name value */
static bool parse_long(Parser *p, const char *word, GError **error)
{
    const char *name = word + 2;
    size_t len = strcspn(name, "=");
    const char *attached = name[len] == '=' ? name + len + 1 : NULL;
    const Option *o = find_name(p, name, len);
    if (!o && !attached && strcmp(name, "help") == 0) {
        *p->ret_help = true;
        return true;
    }
    if (!o) {
        return fail_unknown(p, name, len, error);
    }
    if (o->kind != OPTION_BOOL) {
        return take_value(p, o, attached, error);
    }
    if (attached) {
        return error_fail(error, POSTERN_ERROR_USAGE, "--%s takes no value", o->name);
    }
    return store(p, o, NULL, error);
}

static char *first_character(const char *text)
{
    bool whole = (gint32)g_utf8_get_char_validated(text, -1) > 0;
    size_t len = whole ? (size_t)(g_utf8_next_char(text) - text) : 1;
    return escape_line((Bytes){text, len});
}

/* -x, -xy, -xVALUE, -x VALUE */
static bool parse_letters(Parser *p, const char *word, GError **error)
{
    for (const char *letter = word + 1; *letter; letter++) {
        const Option *o = find_letter(p, *letter);
        if (!o && *letter == 'h') {
            *p->ret_help = true;
            continue;
        }
        if (!o) {
            g_autofree char *shown = first_character(letter);
            return error_fail(error, POSTERN_ERROR_USAGE,
                              "unknown option -%s; \"postern %s --help\" lists those there are",
                              shown, p->argv[0]);
        }
        if (o->kind != OPTION_BOOL) {
            return take_value(p, o, letter[1] ? letter + 1 : NULL, error);
        }
        if (!store(p, o, NULL, error)) {
            return false;
        }
    }
    return true;
}

bool options_parse(const Option *const *tables, void *values, char **argv, char ***ret_args,
                   bool *ret_help, GError **error)
{
    Parser p = {.tables = tables, .values = values, .argv = argv, .next = 1, .ret_help = ret_help};
    g_autoptr(GPtrArray) args = g_ptr_array_new_with_free_func(g_free);
    bool options_over = false;
    *ret_help = false;
    *ret_args = NULL;
    while (argv[p.next]) {
        const char *word = argv[p.next++];
        if (options_over || word[0] != '-' || word[1] == '\0') {
            g_ptr_array_add(args, g_strdup(word));
        } else if (strcmp(word, "--") == 0) {
            options_over = true;
        } else if (word[1] == '-') {
            if (!parse_long(&p, word, error)) {
                return false;
            }
        } else if (!parse_letters(&p, word, error)) {
            return false;
        }
    }
    g_ptr_array_add(args, NULL);
    *ret_args = (char **)g_ptr_array_free(g_steal_pointer(&args), FALSE);
    return true;
}

void options_clear(const Option *const *tables, void *values)
{
    for (const Option *const *table = tables; *table; table++) {
        for (const Option *o = *table; o->name; o++) {
            void *slot = (char *)values + o->offset;
            if (o->kind == OPTION_LIST) {
                g_clear_pointer((char ***)slot, g_strfreev);
            } else if (o->kind == OPTION_STRING || o->kind == OPTION_FILE ||
                       o->kind == OPTION_CHOICE) {
                g_clear_pointer((char **)slot, g_free);
            }
        }
    }
}
