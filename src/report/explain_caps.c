/* explain_caps.c: capabilities looked up, grouped, compared. */
#include <string.h>

#include "base/escape.h"
#include "report/explain_tables.h"

#define CAP_NAME_MAX 60 /* characters of a name that are shown */

static const char *const group_titles[GROUP_COUNT] = {
    [GROUP_SECURITY] = "Security", [GROUP_AUTH] = "Authentication", [GROUP_TRANSPORT] = "Transport",
    [GROUP_MAILBOX] = "Mailboxes", [GROUP_MESSAGE] = "Messages",    [GROUP_SEARCH] = "Searching",
    [GROUP_LIMIT] = "Limits",      [GROUP_SERVER] = "Server",       [GROUP_OTHER] = "Others",
};

static bool has_argument_in_name(const char *name)
{
    return g_str_has_suffix(name, "=");
}

/* Exact names first; then the longest beginning that ends in '='. */
static const CapMeaning *find(const CapMeaning *table, const char *name)
{
    const CapMeaning *best = NULL;
    for (const CapMeaning *row = table; row != NULL && row->name != NULL; row++) {
        size_t len = strlen(row->name);
        if (g_ascii_strcasecmp(row->name, name) == 0) {
            return row;
        }
        if (has_argument_in_name(row->name) && g_ascii_strncasecmp(row->name, name, len) == 0 &&
            (best == NULL || len > strlen(best->name))) {
            best = row;
        }
    }
    return best;
}

/* ManageSieve quotes names and values: quotes mean nothing here. Caller frees. */
static char *unquoted(const char *line)
{
    g_auto(GStrv) parts = g_strsplit(line, "\"", -1);
    char *joined = g_strjoinv("", parts);
    return g_strstrip(joined);
}

char *explain_login_by(const char *arguments)
{
    g_auto(GStrv) names = g_strsplit_set(arguments, " =,", -1);
    g_autoptr(GPtrArray) words = g_ptr_array_new();
    for (size_t i = 0; names[i] != NULL; i++) {
        if (names[i][0] != '\0') {
            g_ptr_array_add(words, names[i]);
        }
    }
    if (words->len == 0) {
        return NULL;
    }
    g_ptr_array_add(words, NULL);
    g_autofree char *list = explain_mechanisms((const char *const *)words->pdata);
    return g_strdup_printf("log in by %s", list);
}

char *explain_software(const char *arguments)
{
    g_autofree char *name = escape_line_max(bytes_of(arguments), 80);
    return arguments[0] == '\0' ? NULL : g_strdup_printf("the server is %s", name);
}

char *explain_capability_phrase(const Vocabulary *vocabulary, const char *line, CapGroup *ret_group,
                                const char **ret_rfc)
{
    g_autofree char *plain = unquoted(line);
    size_t name_len = strcspn(plain, " \t");
    g_autofree char *name = g_strndup(plain, name_len);
    const CapMeaning *meaning = vocabulary == NULL ? NULL : find(vocabulary->capabilities, name);
    *ret_group = meaning == NULL ? GROUP_OTHER : meaning->group;
    *ret_rfc = meaning == NULL ? NULL : meaning->rfc;
    if (meaning == NULL) {
        return NULL;
    }
    char *phrase = NULL;
    if (meaning->with_arguments != NULL) {
        const char *arguments =
            has_argument_in_name(meaning->name) ? plain + strlen(meaning->name) : plain + name_len;
        g_autofree char *trimmed = g_strstrip(g_strdup(arguments));
        phrase = meaning->with_arguments(trimmed);
    }
    return phrase != NULL ? phrase : g_strdup(meaning->phrase);
}

/* A line that lists mechanisms: FULL shows those one by one instead. */
static bool lists_mechanisms(const char *name)
{
    return g_ascii_strcasecmp(name, "AUTH") == 0 || g_ascii_strcasecmp(name, "SASL") == 0 ||
           g_ascii_strncasecmp(name, "AUTH=", 5) == 0;
}

/* The SASL mechanisms, NULL-terminated; none where such a line means something else (FTP's AUTH
 * TLS). g_strfreev(). */
static char **mechanisms_of(const Vocabulary *vocabulary, const Caps *caps)
{
    for (size_t i = 0; i < caps_count(caps); i++) {
        const char *name = caps_name(caps, i);
        const CapMeaning *meaning =
            vocabulary == NULL ? NULL : find(vocabulary->capabilities, name);
        if (meaning != NULL && meaning->group == GROUP_AUTH && lists_mechanisms(name)) {
            return caps_mechanisms(caps);
        }
    }
    return g_new0(char *, 1);
}

static void add_full_line(GString *out, const char *name, const char *phrase, const char *rfc)
{
    g_autofree char *shown = escape_line_max(bytes_of(name), CAP_NAME_MAX);
    g_string_append_printf(out, "  %-20s", shown);
    if (phrase != NULL) {
        g_autofree char *meaning = explain_with_rfc(phrase, rfc);
        g_string_append_printf(out, " %s", meaning);
    }
    g_string_truncate(out, strlen(g_strchomp(out->str)));
    g_string_append_c(out, '\n');
}

static void add_mechanisms(GString *out, const Vocabulary *vocabulary, const Caps *caps)
{
    g_auto(GStrv) names = mechanisms_of(vocabulary, caps);
    for (size_t i = 0; names[i] != NULL; i++) {
        const SaslMechanism *mechanism = sasl_mechanism_find(bytes_of(names[i]));
        add_full_line(out, names[i], mechanism == NULL ? "not known here" : mechanism->verdict,
                      mechanism == NULL ? NULL : mechanism->rfc);
    }
}

/* A title, and a line each. */
static void add_full_group(GString *out, const Vocabulary *vocabulary, const Caps *caps,
                           CapGroup wanted)
{
    g_autoptr(GString) lines = g_string_new(NULL);
    for (size_t i = 0; i < caps_count(caps); i++) {
        CapGroup group;
        const char *rfc;
        g_autofree char *phrase =
            explain_capability_phrase(vocabulary, caps_line(caps, i), &group, &rfc);
        if (group == wanted && !(wanted == GROUP_AUTH && lists_mechanisms(caps_name(caps, i)))) {
            g_autofree char *name = unquoted(caps_name(caps, i));
            add_full_line(lines, name, phrase, rfc);
        }
    }
    if (wanted == GROUP_AUTH) {
        add_mechanisms(lines, vocabulary, caps);
    }
    if (lines->len > 0) {
        g_string_append_printf(out, "%s\n%s", group_titles[wanted], lines->str);
    }
}

/* The items of a group, "NAME: phrase" each. Mechanisms are one item, however many lines list them.
 */
static GPtrArray *brief_items(const Vocabulary *vocabulary, const Caps *caps, CapGroup wanted)
{
    GPtrArray *items = g_ptr_array_new_with_free_func(g_free);
    g_auto(GStrv) mechanisms = mechanisms_of(vocabulary, caps);
    if (wanted == GROUP_AUTH && mechanisms[0] != NULL) {
        g_autofree char *list = explain_mechanisms((const char *const *)mechanisms);
        g_ptr_array_add(items, g_strdup_printf("log in by %s", list));
    }
    for (size_t i = 0; i < caps_count(caps); i++) {
        CapGroup group;
        const char *rfc;
        g_autofree char *phrase =
            explain_capability_phrase(vocabulary, caps_line(caps, i), &group, &rfc);
        bool told = mechanisms[0] != NULL && lists_mechanisms(caps_name(caps, i));
        if (group == wanted && !(wanted == GROUP_AUTH && told)) {
            g_autofree char *name = unquoted(caps_name(caps, i));
            g_autofree char *shown = escape_line_max(bytes_of(name), CAP_NAME_MAX);
            g_ptr_array_add(items, g_strconcat(shown, phrase == NULL ? NULL : ": ", phrase, NULL));
        }
    }
    return items;
}

/* "Transport - PIPELINING: several commands ...; CHUNKING: ..." */
static void add_brief_group(GString *out, const Vocabulary *vocabulary, const Caps *caps,
                            CapGroup wanted)
{
    g_autoptr(GPtrArray) items = brief_items(vocabulary, caps, wanted);
    if (items->len == 0) {
        return;
    }
    g_ptr_array_add(items, NULL);
    g_autofree char *joined = g_strjoinv("; ", (char **)items->pdata);
    g_string_append_printf(out, "%s - %s\n", group_titles[wanted], joined);
}

char *explain_capabilities(const Proto *proto, const Caps *caps, ExplainLevel level)
{
    if (level == EXPLAIN_OFF || caps_count(caps) == 0) {
        return NULL;
    }
    const Vocabulary *vocabulary = explain_vocabulary(proto);
    GString *out = g_string_new(NULL);
    for (CapGroup group = 0; group < GROUP_COUNT; group++) {
        if (level == EXPLAIN_FULL) {
            add_full_group(out, vocabulary, caps, group);
        } else {
            add_brief_group(out, vocabulary, caps, group);
        }
    }
    if (out->len == 0) {
        g_string_free(out, TRUE);
        return NULL;
    }
    g_string_truncate(out, out->len - 1);
    return g_string_free(out, FALSE);
}

/* ---- the difference ---- */

static bool has_word(char *const *words, const char *word)
{
    for (size_t i = 0; words[i] != NULL; i++) {
        if (g_ascii_strcasecmp(words[i], word) == 0) {
            return true;
        }
    }
    return false;
}

static void add_words_missing_in(GString *out, char sign, char *const *words, char *const *others)
{
    for (size_t i = 0; words[i] != NULL; i++) {
        if (words[i][0] != '\0' && !has_word(others, words[i])) {
            g_autofree char *shown = escape_line(bytes_of(words[i]));
            g_string_append_printf(out, " %c %s", sign, shown);
        }
    }
}

/* The same name with other arguments. */
static void add_changed(GString *out, const char *name, const char *before, const char *after)
{
    g_auto(GStrv) old = g_strsplit(before, " ", -1);
    g_auto(GStrv) new = g_strsplit(after, " ", -1);
    g_autoptr(GString) words = g_string_new(NULL);
    add_words_missing_in(words, '+', new, old);
    add_words_missing_in(words, '-', old, new);
    if (words->len > 0) {
        g_autofree char *shown = escape_line(bytes_of(name));
        g_string_append_printf(out, "~ %s:%s\n", shown, words->str);
    }
}

/* Those of `caps` that `others` lacks: with arguments a line each, bare names together. */
static void add_missing(GString *out, char sign, const Caps *caps, const Caps *others)
{
    g_autoptr(GString) bare = g_string_new(NULL);
    for (size_t i = 0; i < caps_count(caps); i++) {
        const char *name = caps_name(caps, i);
        if (others != NULL && caps_has(others, name)) {
            continue;
        }
        g_autofree char *shown = escape_line(bytes_of(caps_line(caps, i)));
        if (caps_args(caps, name)[0] != '\0') {
            g_string_append_printf(out, "%c %s\n", sign, shown);
        } else {
            g_string_append_printf(bare, "%s %s", bare->len > 0 ? "," : "", shown);
        }
    }
    if (bare->len > 0) {
        g_string_append_printf(out, "%c%s\n", sign, bare->str);
    }
}

char *explain_caps_difference(const Caps *before, const Caps *after)
{
    g_autoptr(GString) out = g_string_new(NULL);
    for (size_t i = 0; before != NULL && i < caps_count(after); i++) {
        const char *name = caps_name(after, i);
        if (caps_has(before, name)) {
            add_changed(out, name, caps_args(before, name), caps_args(after, name));
        }
    }
    add_missing(out, '+', after, before);
    add_missing(out, '-', before, after);
    return out->len == 0 ? NULL : g_strndup(out->str, out->len - 1);
}
