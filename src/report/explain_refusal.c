/* explain_refusal.c: why a command was refused: the first rule of the protocol's table that holds
 * speaks. */
#include <string.h>

#include "base/escape.h"
#include "proto/code_parse.h"
#include "report/explain_tables.h"

/* What a rule may look at. */
typedef struct {
    const char *verb;
    CodeLine code; /* code 0: the line does not begin with one */
    char *upper;   /* the line, upper case */
    bool encrypted;
    const Caps *caps;
} Refusal;

/* Is any of the alternatives, separated by '|', one for which `holds` is true? None is one: "". */
static bool any_of(const char *alternatives, bool (*holds)(const Refusal *r, const char *one),
                   const Refusal *r)
{
    g_auto(GStrv) list = g_strsplit(alternatives, "|", -1);
    if (list[0] == NULL) {
        return holds(r, "");
    }
    for (size_t i = 0; list[i] != NULL; i++) {
        if (holds(r, list[i])) {
            return true;
        }
    }
    return false;
}

static bool is_verb(const Refusal *r, const char *verb)
{
    return strcmp(r->verb, verb) == 0;
}

static bool has_words(const Refusal *r, const char *words)
{
    g_autofree char *upper = g_ascii_strup(words, -1);
    return strstr(r->upper, upper) != NULL;
}

/* "535", "5.7.8", or IN-USE in brackets. */
static bool has_code(const Refusal *r, const char *code)
{
    if (g_ascii_isdigit(code[0])) {
        uint64_t number;
        bool reply_code = bytes_number(bytes_of(code), 999, &number);
        return reply_code ? r->code.code == (int)number : strcmp(r->code.enhanced, code) == 0;
    }
    static const char *const forms[] = {"[%s]", "[%s ", "[%s/", "(%s)", "(%s ", "(%s/"};
    for (size_t i = 0; i < G_N_ELEMENTS(forms); i++) {
        g_auto(GStrv) around = g_strsplit(forms[i], "%s", 2);
        g_autofree char *bracketed = g_strconcat(around[0], code, around[1], NULL);
        if (strstr(r->upper, bracketed) != NULL) {
            return true;
        }
    }
    return false;
}

static bool holds(const RefusalRule *rule, const Refusal *r)
{
    return (rule->verb == NULL || any_of(rule->verb, is_verb, r)) &&
           (rule->codes == NULL || any_of(rule->codes, has_code, r)) &&
           (rule->words == NULL || any_of(rule->words, has_words, r)) &&
           (rule->where == ANYWHERE || (rule->where == IN_TLS) == r->encrypted) &&
           (rule->has == NULL || (r->caps != NULL && caps_has(r->caps, rule->has))) &&
           (rule->lacks == NULL || (r->caps != NULL && !caps_has(r->caps, rule->lacks)));
}

static char *offered_mechanisms(const Caps *caps)
{
    g_auto(GStrv) names = caps == NULL ? g_new0(char *, 1) : caps_mechanisms(caps);
    if (names[0] == NULL) {
        return g_strdup("no mechanism that it has named");
    }
    g_autofree char *list = g_strjoinv(" ", names);
    return escape_line_max(bytes_of(list), 300);
}

static char *fill_in(const char *text, const Caps *caps)
{
    g_auto(GStrv) parts = g_strsplit(text, "%M", -1);
    if (g_strv_length(parts) < 2) {
        return g_strdup(text);
    }
    g_autofree char *mechanisms = offered_mechanisms(caps);
    return g_strjoinv(mechanisms, parts);
}

char *explain_refusal(const Proto *proto, const char *verb, Bytes line, bool encrypted,
                      const Caps *caps)
{
    const Vocabulary *vocabulary = explain_vocabulary(proto);
    if (vocabulary == NULL || vocabulary->refusals == NULL) {
        return NULL;
    }
    Refusal r = {.verb = verb == NULL ? "" : verb, .encrypted = encrypted, .caps = caps};
    if (!code_parse_line(line, &r.code)) {
        r.code = (CodeLine){0};
    }
    g_autofree char *copy = bytes_dup(line);
    r.upper = g_ascii_strup(copy, -1);
    char *text = NULL;
    for (const RefusalRule *rule = vocabulary->refusals; text == NULL && rule->text != NULL;
         rule++) {
        text = holds(rule, &r) ? fill_in(rule->text, caps) : NULL;
    }
    g_free(r.upper);
    return text;
}
