/* sandbox_mail.c: looks for links and codes; a message as JSON. */
#include "report/sandbox_mail.h"

#include <jansson.h>
#include <string.h>

#include "base/escape.h"

/* Letters that end a sentence rather than an address. */
#define PUNCTUATION ".,;:!?)]}>'\""

static GRegex *compiled(const char *pattern)
{
    return g_regex_new(pattern, G_REGEX_CASELESS | G_REGEX_OPTIMIZE, 0, NULL);
}

char **sandbox_mail_links(const char *text)
{
    g_autoptr(GRegex) regex = compiled("https?://[^\\s<>\"\\\\^`{|}]+");
    g_autoptr(GMatchInfo) match = NULL;
    g_autoptr(GPtrArray) links = g_ptr_array_new();
    for (g_regex_match(regex, text, 0, &match); g_match_info_matches(match);
         g_match_info_next(match, NULL)) {
        char *link = g_match_info_fetch(match, 0);
        size_t len = strlen(link);
        /* A ")" that was opened within belongs to it. */
        while (len > 0 && strchr(PUNCTUATION, link[len - 1]) &&
               !(link[len - 1] == ')' && memchr(link, '(', len))) {
            link[--len] = '\0';
        }
        g_ptr_array_add(links, link);
    }
    g_ptr_array_add(links, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&links), FALSE);
}

char *sandbox_mail_code(const char *text)
{
    static const char *const patterns[] = {
        "(?:code|pin|otp|token|passcode|password)\\b[^0-9]{0,60}?"
        "(?<![\\w./=&?%#-])(\\d{4,8}|\\d{3}[- ]\\d{3})(?![\\w-])",
        "(?<![\\w./=&?%#:-])(\\d{4,8}|\\d{3}[- ]\\d{3})(?![\\w-])",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(patterns); i++) {
        g_autoptr(GRegex) regex = compiled(patterns[i]);
        g_autoptr(GMatchInfo) match = NULL;
        if (g_regex_match(regex, text, 0, &match)) {
            g_autofree char *code = g_match_info_fetch(match, 1);
            g_auto(GStrv) parts = g_strsplit_set(code, "- ", -1);
            return g_strjoinv("", parts);
        }
    }
    return NULL;
}

static json_t *text_or_null(const char *text)
{
    if (!text) {
        return json_null();
    }
    json_t *json = json_string(text);
    if (json) {
        return json;
    }
    g_autofree char *escaped = escape_text(bytes_of(text));
    return json_string(escaped);
}

char *sandbox_mail_json(const SandboxMail *m)
{
    json_t *object = json_object(), *headers = json_array(), *links = json_array();
    g_auto(GStrv) found = sandbox_mail_links(m->text);
    g_autofree char *code = sandbox_mail_code(m->text);
    for (const char *const *h = m->headers; *h; h += 2) {
        json_t *pair = json_array();
        json_array_append_new(pair, text_or_null(h[0]));
        json_array_append_new(pair, text_or_null(h[1]));
        json_array_append_new(headers, pair);
    }
    for (char **link = found; *link; link++) {
        json_array_append_new(links, text_or_null(*link));
    }
    json_object_set_new(object, "from", text_or_null(m->from));
    json_object_set_new(object, "to", text_or_null(m->to));
    json_object_set_new(object, "subject", text_or_null(m->subject));
    json_object_set_new(object, "received", json_integer(m->received));
    json_object_set_new(object, "octets", json_integer((json_int_t)m->octets));
    json_object_set_new(object, "path", text_or_null(m->file));
    json_object_set_new(object, "headers", headers);
    json_object_set_new(object, "text", text_or_null(m->text));
    json_object_set_new(object, "links", links);
    json_object_set_new(object, "code", text_or_null(code));
    char *text = json_dumps(object, JSON_COMPACT);
    char *copy = g_strdup(text);
    free(text);
    json_decref(object);
    return copy;
}
