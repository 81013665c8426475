/* explain_reply.c: a status line in words: its code, its enhanced code, its response code, and what
 * its numbers count. */
#include <string.h>

#include "base/escape.h"
#include "report/explain_tables.h"

static const CodeMeaning *find_code(const CodeMeaning *table, int code, const char *verb)
{
    const CodeMeaning *general = NULL;
    for (const CodeMeaning *row = table; row != NULL && row->code != 0; row++) {
        if (row->code != code) {
            continue;
        }
        if (row->verb != NULL && strcmp(row->verb, verb) == 0) {
            return row;
        }
        if (row->verb == NULL && general == NULL) {
            general = row;
        }
    }
    return general;
}

/* The first digit of codes nobody has told us about (RFC 959 4.2, RFC 5321 4.2.1, RFC 3977 3.2). */
static const char *class_phrase(int code)
{
    static const char *const phrases[] = {
        NULL,
        "begun; another reply follows",
        "success",
        "accepted so far; more is wanted",
        "not done, for now; try again later",
        "not done; the same again will not help",
    };
    int class = code / 100;
    return class > 0 && (size_t) class < G_N_ELEMENTS(phrases) ? phrases[class] : NULL;
}

static char *explain_code(const Vocabulary *vocabulary, int code, const char *verb,
                          ExplainLevel level)
{
    if (code == 0 || vocabulary->codes == NULL) {
        return NULL;
    }
    const CodeMeaning *row = find_code(vocabulary->codes, code, verb);
    const char *class = class_phrase(code);
    if (row == NULL) {
        return class == NULL || vocabulary->reply_code != NULL
                   ? NULL
                   : g_strdup_printf("%03d not registered; by its first digit: %s", code, class);
    }
    g_autofree char *phrase = explain_with_rfc(row->phrase, row->rfc);
    if (level == EXPLAIN_FULL && class != NULL && vocabulary->reply_code == NULL) {
        return g_strdup_printf("%03d %s: %s", code, class, phrase);
    }
    return g_strdup_printf("%03d %s", code, phrase);
}

static const WordMeaning *find_word(const WordMeaning *table, const char *word)
{
    for (const WordMeaning *row = table; row != NULL && row->name != NULL; row++) {
        if (g_ascii_strcasecmp(row->name, word) == 0) {
            return row;
        }
    }
    return NULL;
}

/* Codes have levels (RFC 2449 8, RFC 5804 1.3): what is known of SYS holds for SYS/ANYTHING. */
static const WordMeaning *find_level(const WordMeaning *table, const char *code)
{
    g_autofree char *name = g_strdup(code);
    for (;;) {
        const WordMeaning *row = find_word(table, name);
        char *slash = strrchr(name, '/');
        if (row != NULL || slash == NULL) {
            return row;
        }
        *slash = '\0';
    }
}

static char *explain_response_code(const Vocabulary *vocabulary, const char *code,
                                   ExplainLevel level)
{
    const WordMeaning *row = code[0] == '\0' ? NULL : find_level(vocabulary->response_codes, code);
    if (row == NULL || (row->obvious && level < EXPLAIN_FULL)) {
        return NULL;
    }
    const char *brackets = vocabulary->code_brackets;
    g_autofree char *shown = escape_line(bytes_of(code));
    g_autofree char *phrase = explain_with_rfc(row->phrase, row->rfc);
    return g_strdup_printf("%c%s%c %s", brackets[0], shown, brackets[1], phrase);
}

static void add_part(GPtrArray *parts, char *text)
{
    if (text != NULL) {
        g_ptr_array_add(parts, text);
    }
}

char *explain_reply(const Proto *proto, const ReceivedUnit *unit, Bytes line, ExplainLevel level)
{
    const Vocabulary *vocabulary = explain_vocabulary(proto);
    if (level == EXPLAIN_OFF || vocabulary == NULL || unit->is_body) {
        return NULL;
    }
    const char *verb = unit->verb == NULL ? "" : unit->verb;
    int code = unit->code != 0 || vocabulary->reply_code == NULL ? unit->code
                                                                 : vocabulary->reply_code(line);
    g_autoptr(GPtrArray) parts = g_ptr_array_new_with_free_func(g_free);
    add_part(parts, explain_code(vocabulary, code, verb, level));
    add_part(parts, unit->enhanced[0] == '\0' ? NULL : explain_enhanced(unit->enhanced, level));
    add_part(parts, explain_response_code(vocabulary, unit->response_code, level));
    add_part(parts, vocabulary->reply_details == NULL
                        ? NULL
                        : vocabulary->reply_details(unit, line, level));
    if (parts->len == 0) {
        return NULL;
    }
    g_ptr_array_add(parts, NULL);
    return g_strjoinv("\n", (char **)parts->pdata);
}
