/* mta_sts_parse.c: reading MTA-STS and TLS-RPT as a sender does, and saying what it would stumble
 * over. */
#include "audit/mta_sts_parse.h"

#include <string.h>

#include "audit/txt_tags.h"
#include "base/escape.h"

enum {
    POLICY_MAX = 65536, /* octets; RFC 8461 3.3 suggests this limit to senders */
    PATTERNS_MAX = 512,
    PROBLEMS_MAX = 32,
    MAX_AGE_MAX = 31557600, /* RFC 8461 3.2 */
    ID_MAX = 32,
};

static void problem(MtaStsPolicy *policy, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void problem(MtaStsPolicy *policy, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    if (policy->problems->len < PROBLEMS_MAX) {
        g_ptr_array_add(policy->problems, text);
    } else {
        g_free(text);
    }
}

/* A host name, with "*." in front if a pattern is wanted. */
static bool is_host(Bytes name)
{
    if (name.len == 0 || name.len > 253) {
        return false;
    }
    size_t label = 0;
    for (size_t i = 0; i < name.len; i++) {
        char c = name.data[i];
        if (c == '.' ? label == 0 : !g_ascii_isalnum(c) && c != '-' && c != '_') {
            return false;
        }
        label = c == '.' ? 0 : label + 1;
        if (label > 63) {
            return false;
        }
    }
    return label > 0;
}

static bool is_pattern(Bytes value)
{
    return is_host(bytes_starts(value, "*.") ? bytes_sub(value, 2, value.len) : value);
}

static void take_version(MtaStsPolicy *policy, Bytes value)
{
    if (!bytes_equal(value, BYTES_LITERAL("STSv1"))) {
        g_autofree char *shown = escape_line_max(value, 40);
        problem(policy, "version is \"%s\", not \"STSv1\"", shown);
    }
}

static void take_mode(MtaStsPolicy *policy, Bytes value)
{
    static const char *const modes[] = {"enforce", "testing", "none"};
    for (size_t i = 0; i < G_N_ELEMENTS(modes); i++) {
        if (bytes_equal(value, bytes_of(modes[i]))) {
            policy->mode = g_strdup(modes[i]);
            return;
        }
    }
    g_autofree char *shown = escape_line_max(value, 40);
    problem(policy, "mode is \"%s\", not enforce, testing or none", shown);
}

static void take_max_age(MtaStsPolicy *policy, Bytes value)
{
    uint64_t seconds = 0;
    if (bytes_number(value, MAX_AGE_MAX, &seconds)) {
        policy->max_age = (int64_t)seconds;
        return;
    }
    g_autofree char *shown = escape_line_max(value, 40);
    problem(policy, "max_age is \"%s\", not a number of seconds up to %d", shown, MAX_AGE_MAX);
}

static void take_mx(MtaStsPolicy *policy, Bytes value)
{
    g_autofree char *shown = escape_line_max(value, 80);
    if (!is_pattern(value)) {
        problem(policy, "mx \"%s\" is no host name and no \"*.\" pattern", shown);
    } else if (policy->mx->len == PATTERNS_MAX) {
        problem(policy, "more than %d mx lines", PATTERNS_MAX);
    } else {
        g_autofree char *copy = bytes_dup(value);
        g_ptr_array_add(policy->mx, g_ascii_strdown(copy, -1));
    }
}

/* A key that may come once; of a second one senders take the first. */
static const struct {
    const char *key;
    bool repeats;
    void (*take)(MtaStsPolicy *policy, Bytes value);
} keys[] = {
    {"version", false, take_version},
    {"mode", false, take_mode},
    {"max_age", false, take_max_age},
    {"mx", true, take_mx},
};

/* `seen` has a flag for each row of keys. Unknown keys are for extensions (RFC 8461 3.2). */
static void take_line(MtaStsPolicy *policy, Bytes line, bool seen[G_N_ELEMENTS(keys)])
{
    gssize colon = bytes_index(line, ':');
    if (colon <= 0) {
        g_autofree char *shown = escape_line_max(line, 60);
        problem(policy, "the line \"%s\" is not \"key: value\"", shown);
        return;
    }
    Bytes key = bytes_trim(bytes_sub(line, 0, (size_t)colon));
    Bytes value = bytes_trim(bytes_sub(line, (size_t)colon + 1, line.len));
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
        if (!bytes_equal(key, bytes_of(keys[i].key))) {
            continue;
        }
        if (seen[i] && !keys[i].repeats) {
            problem(policy, "more than one line \"%s\"", keys[i].key);
        } else {
            keys[i].take(policy, value);
        }
        seen[i] = true;
    }
}

MtaStsPolicy *mta_sts_policy_parse(Bytes text)
{
    MtaStsPolicy *policy = g_new0(MtaStsPolicy, 1);
    policy->mx = g_ptr_array_new_with_free_func(g_free);
    policy->problems = g_ptr_array_new_with_free_func(g_free);
    policy->max_age = -1;
    if (text.len > POLICY_MAX) {
        problem(policy, "longer than %d octets", POLICY_MAX);
        text = bytes_sub(text, 0, POLICY_MAX);
    }
    bool seen[G_N_ELEMENTS(keys)] = {false};
    for (Bytes line; txt_next_line(&text, &line);) {
        if (bytes_trim(line).len > 0) {
            take_line(policy, line, seen);
        }
    }
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
        /* mode none needs no mx */
        bool needed = !keys[i].repeats || g_strcmp0(policy->mode, "none") != 0;
        if (!seen[i] && needed) {
            problem(policy, "there is no line \"%s\"", keys[i].key);
        }
    }
    return policy;
}

void mta_sts_policy_free(MtaStsPolicy *policy)
{
    if (policy == NULL) {
        return;
    }
    g_free(policy->mode);
    g_ptr_array_unref(policy->mx);
    g_ptr_array_unref(policy->problems);
    g_free(policy);
}

bool mta_sts_mx_matches(const char *pattern, const char *host)
{
    Bytes name = bytes_of(host);
    if (name.len > 0 && name.data[name.len - 1] == '.') {
        name.len--;
    }
    if (!g_str_has_prefix(pattern, "*.")) {
        return name.len > 0 && bytes_equal_ci(name, pattern);
    }
    gssize dot = bytes_index(name, '.');
    return dot > 0 && bytes_equal_ci(bytes_sub(name, (size_t)dot + 1, name.len), pattern + 2);
}

/* The one record of its kind, or an error. */
static bool one_record(Bytes records, const char *version, Bytes *ret, GError **error)
{
    unsigned count = txt_records(records, version, ret);
    if (count == 0) {
        return error_fail(error, POSTERN_ERROR_DATA, "no record begins with \"%s;\"", version);
    }
    return count == 1 ||
           error_fail(error, POSTERN_ERROR_DATA,
                      "%u records begin with \"%s\": senders ignore them all", count, version);
}

static Bytes tag_value(Bytes record, const char *name)
{
    for (TxtTag tag; txt_next_tag(&record, &tag);) {
        if (bytes_equal(tag.name, bytes_of(name))) {
            return tag.value;
        }
    }
    return BYTES_NONE;
}

char *mta_sts_record_parse(Bytes records, GError **error)
{
    Bytes record;
    if (!one_record(records, "v=STSv1", &record, error)) {
        return NULL;
    }
    Bytes id = tag_value(record, "id");
    bool fine = id.len > 0 && id.len <= ID_MAX;
    for (size_t i = 0; i < id.len; i++) {
        fine = fine && g_ascii_isalnum(id.data[i]);
    }
    if (!fine) {
        g_autofree char *shown = escape_line_max(id, 40);
        error_fail(error, POSTERN_ERROR_DATA, "id is \"%s\", not 1 to %d letters and digits", shown,
                   ID_MAX);
        return NULL;
    }
    return bytes_dup(id);
}

/* "mailto:a@example.org,https://example.org/report" */
static bool are_report_uris(Bytes list)
{
    g_autofree char *text = bytes_dup(list);
    g_auto(GStrv) uris = g_strsplit(text, ",", 64);
    for (size_t i = 0; uris[i] != NULL; i++) {
        const char *uri = g_strstrip(uris[i]);
        bool mail = g_ascii_strncasecmp(uri, "mailto:", 7) == 0 && strchr(uri + 7, '@') != NULL;
        bool https = g_ascii_strncasecmp(uri, "https://", 8) == 0 && uri[8] != '\0';
        if (!mail && !https) {
            return false;
        }
    }
    return uris[0] != NULL;
}

char *tls_rpt_record_parse(Bytes records, GError **error)
{
    Bytes record;
    if (!one_record(records, "v=TLSRPTv1", &record, error)) {
        return NULL;
    }
    Bytes rua = tag_value(record, "rua");
    if (!are_report_uris(rua)) {
        g_autofree char *shown = escape_line_max(rua, 80);
        error_fail(error, POSTERN_ERROR_DATA, "rua is \"%s\", not mailto: or https:// addresses",
                   shown);
        return NULL;
    }
    return bytes_dup(rua);
}
