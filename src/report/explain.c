/* explain.c: which vocabulary a protocol speaks, and the small phrases every file of explain_ uses.
 */
#include "report/explain.h"

#include <string.h>

#include "base/escape.h"
#include "report/explain_tables.h"

#define SASL_LINE_MAX 2000    /* characters of a decoded exchange that are shown */
#define SASL_BASE64_MAX 65536 /* longer ones are no exchange anybody can read */

bool explain_level_parse(const char *text, ExplainLevel *ret, GError **error)
{
    static const char *const names[] = {"off", "brief", "full"};
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        if (strcmp(text, names[i]) == 0) {
            *ret = (ExplainLevel)i;
            return true;
        }
    }
    return error_fail(error, POSTERN_ERROR_USAGE,
                      "how much to explain is off, brief or full, not \"%s\"", text);
}

static const Vocabulary *const vocabularies[] = {
    &vocabulary_smtp, &vocabulary_pop3, &vocabulary_imap, &vocabulary_sieve, &vocabulary_nntp,
    &vocabulary_ftp,  &vocabulary_irc,  &vocabulary_xmpp, &vocabulary_mysql,
};

const Vocabulary *explain_vocabulary(const Proto *proto)
{
    for (size_t i = 0; proto != NULL && i < G_N_ELEMENTS(vocabularies); i++) {
        if (g_strv_contains(vocabularies[i]->protos, proto->name)) {
            return vocabularies[i];
        }
    }
    return NULL;
}

/* 8388608 -> "8,388,608" */
static char *grouped(uint64_t number)
{
    g_autofree char *digits = g_strdup_printf("%" G_GUINT64_FORMAT, number);
    GString *out = g_string_new(NULL);
    size_t len = strlen(digits);
    for (size_t i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0) {
            g_string_append_c(out, ',');
        }
        g_string_append_c(out, digits[i]);
    }
    return g_string_free(out, FALSE);
}

char *explain_size_short(uint64_t octets)
{
    static const struct {
        uint64_t from,
            unit; /* from: what would be shown as 1000 of the smaller unit goes to this one */
        const char *name;
    } units[] = {
        {UINT64_C(999950000000), UINT64_C(1000000000000), "TB"},
        {UINT64_C(999950000), UINT64_C(1000000000), "GB"},
        {UINT64_C(999950), UINT64_C(1000000), "MB"},
        {UINT64_C(1000), UINT64_C(1000), "kB"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(units); i++) {
        if (octets >= units[i].from) {
            return g_strdup_printf("%.1f %s", (double)octets / (double)units[i].unit,
                                   units[i].name);
        }
    }
    return explain_count(octets, "octet", "octets");
}

char *explain_size(uint64_t octets)
{
    char *size = explain_size_short(octets);
    if (octets < 1000) {
        return size;
    }
    g_autofree char *shorter = size;
    g_autofree char *exact = grouped(octets);
    return g_strdup_printf("%s (%s octets)", shorter, exact);
}

char *explain_with_rfc(const char *phrase, const char *rfc)
{
    if (rfc == NULL) {
        return g_strdup(phrase);
    }
    bool ends_in_brackets = g_str_has_suffix(phrase, ")");
    return ends_in_brackets ? g_strdup_printf("%.*s; %s)", (int)strlen(phrase) - 1, phrase, rfc)
                            : g_strdup_printf("%s (%s)", phrase, rfc);
}

char *explain_count(uint64_t count, const char *one, const char *many)
{
    return g_strdup_printf("%" G_GUINT64_FORMAT " %s", count, count == 1 ? one : many);
}

bool explain_number(const char *arguments, uint64_t *ret)
{
    return bytes_number(bytes_trim(bytes_of(arguments)), UINT64_MAX, ret);
}

/* What a name is worth, in a word or two. */
static const char *judgement(const char *name)
{
    static const char *const words[] = {
        [SASL_STRENGTH_DEAD] = "not used", [SASL_STRENGTH_CLEARTEXT] = "the password itself",
        [SASL_STRENGTH_WEAK] = "weak",     [SASL_STRENGTH_GOOD] = "good",
        [SASL_STRENGTH_BEST] = "best",
    };
    const SaslMechanism *mechanism = sasl_mechanism_find(bytes_of(name));
    if (mechanism == NULL) {
        return "unknown here";
    }
    bool token = mechanism->strength == SASL_STRENGTH_CLEARTEXT && mechanism->needs_token;
    return token ? "a token" : words[mechanism->strength];
}

/* All from `first` on that are worth the same; they are marked in done. */
static void add_judged(GString *out, const char *const *names, size_t first, bool *done)
{
    const char *word = judgement(names[first]);
    for (size_t i = first; names[i] != NULL; i++) {
        if (!done[i] && strcmp(judgement(names[i]), word) == 0) {
            g_autofree char *name = escape_line_max(bytes_of(names[i]), 40);
            g_string_append_printf(out, "%s%s", out->len > 0 ? (i == first ? "; " : ", ") : "",
                                   name);
            done[i] = true;
        }
    }
    g_string_append_printf(out, " (%s)", word);
}

char *explain_mechanisms(const char *const *names)
{
    GString *out = g_string_new(NULL);
    g_autofree bool *done = g_new0(bool, g_strv_length((char **)names) + 1);
    for (size_t i = 0; names[i] != NULL; i++) {
        if (!done[i]) {
            add_judged(out, names, i, done);
        }
    }
    return g_string_free(out, FALSE);
}

/* One response line of an exchange that says something without any base64. */
static const char *plain_meaning(Bytes text)
{
    if (bytes_equal(text, BYTES_LITERAL("*"))) {
        return "cancels the exchange (RFC 4954 4)";
    }
    return bytes_equal(text, BYTES_LITERAL("=")) ? "an empty initial response (RFC 4954 4)" : NULL;
}

char *explain_sasl(const char *mechanism, Bytes base64, bool from_server)
{
    Bytes text = bytes_trim(base64);
    const char *plain = plain_meaning(text);
    if (plain != NULL) {
        return g_strdup(plain);
    }
    if (text.len == 0 && from_server) {
        return g_strdup("an empty challenge: your response is next, in base64 (* cancels)");
    }
    if (text.len == 0 || text.len > SASL_BASE64_MAX) {
        return NULL;
    }
    g_autoptr(GByteArray) raw = bytes_base64_decode(text);
    if (raw == NULL) {
        return NULL;
    }
    g_autoptr(SaslDecoded) decoded =
        sasl_decode(bytes_of_array(raw), mechanism, from_server, false);
    g_autofree char *line = sasl_decoded_line(decoded);
    secret_wipe(raw->data, raw->len);
    return line == NULL ? NULL : escape_line_max(bytes_of(line), SASL_LINE_MAX);
}
