/* oauth_error.c: see oauth_error.h. */
#include "sasl/oauth_error.h"

#include "base/escape.h"

#include <string.h>

static void skip_blanks(Bytes *rest)
{
    while (rest->len > 0 && strchr(" \t\r\n", rest->data[0]) && rest->data[0]) {
        *rest = bytes_sub(*rest, 1, SIZE_MAX);
    }
}

static bool hex_digits(Bytes text, gunichar *ret)
{
    *ret = 0;
    for (size_t i = 0; i < 4; i++) {
        int digit = i < text.len ? g_ascii_xdigit_value(text.data[i]) : -1;
        if (digit < 0) {
            return false;
        }
        *ret = *ret * 16 + (gunichar)digit;
    }
    return true;
}

/* Behind the backslash; gives how many bytes it took. */
static size_t unescape(Bytes text, GString *out)
{
    static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
    gunichar u;
    if (text.data[0] == 'u' && hex_digits(bytes_sub(text, 1, 4), &u)) {
        g_string_append_unichar(out, u == 0 || (u >= 0xd800 && u < 0xe000) ? 0xfffd : u);
        return 5;
    }
    const char *known = text.data[0] ? strchr(from, text.data[0]) : NULL;
    g_string_append_c(out, known ? to[known - from] : text.data[0]);
    return 1;
}

/* Takes a string with its quotes off the front; what the object was cut short in is taken as far as
 * it goes. */
static void take_string(Bytes *rest, GString *out)
{
    g_string_truncate(out, 0);
    size_t i = 1;
    while (i < rest->len && rest->data[i] != '"') {
        if (rest->data[i] == '\\' && i + 1 < rest->len) {
            i += 1 + unescape(bytes_sub(*rest, i + 1, SIZE_MAX), out);
        } else {
            g_string_append_c(out, rest->data[i++]);
        }
    }
    *rest = bytes_sub(*rest, i + 1, SIZE_MAX);
}

static char *take_value(Bytes rest)
{
    g_autoptr(GString) value = g_string_new(NULL);
    skip_blanks(&rest);
    if (rest.len > 0 && rest.data[0] == '"') {
        take_string(&rest, value);
    } else {
        for (size_t i = 0; i < rest.len && rest.data[i] && !strchr(",}] \t\r\n", rest.data[i]);
             i++) {
            g_string_append_c(value, rest.data[i]);
        }
    }
    return g_string_free(g_steal_pointer(&value), FALSE);
}

char *oauth_error_member(Bytes json, const char *key)
{
    g_autoptr(GString) name = g_string_new(NULL);
    while (json.len > 0) {
        if (json.data[0] != '"') {
            json = bytes_sub(json, 1, SIZE_MAX);
            continue;
        }
        take_string(&json, name);
        skip_blanks(&json);
        if (json.len > 0 && json.data[0] == ':') {
            json = bytes_sub(json, 1, SIZE_MAX);
            if (strcmp(name->str, key) == 0) {
                return take_value(json);
            }
        }
    }
    return NULL;
}

bool oauth_error_is(Bytes message)
{
    message = bytes_trim(message);
    if (!bytes_starts(message, "{")) {
        return false;
    }
    g_autofree char *status = oauth_error_member(message, "status");
    return status != NULL;
}

static const struct {
    const char *status, *words;
} statuses[] = {
    {"invalid_token", "the token has expired, was revoked, or is for another service"},
    {"insufficient_scope",
     "the token does not allow mail access: ask for one with the scope named"},
    {"invalid_request", "the request was malformed"},
    {"400", "the token has expired, was revoked, or is for another user or service"},
    {"401", "the token has expired, was revoked, or is for another user or service"},
    {"403", "the token does not allow this"},
};

static void append_member(GString *out, Bytes json, const char *key, const char *label)
{
    g_autofree char *raw = oauth_error_member(json, key);
    if (raw && *raw) {
        g_autofree char *shown = escape_line_max(bytes_of(raw), 200);
        g_string_append_printf(out, "; %s %s", label, shown);
    }
}

char *oauth_error_words(Bytes json)
{
    g_autofree char *raw = oauth_error_member(json, "status");
    if (!raw) {
        return g_strdup("token refused, and no reason told");
    }
    g_autofree char *status = escape_line_max(bytes_of(raw), 60);
    const char *words = NULL;
    for (size_t i = 0; i < G_N_ELEMENTS(statuses); i++) {
        if (strcmp(raw, statuses[i].status) == 0) {
            words = statuses[i].words;
        }
    }
    g_autoptr(GString) out = g_string_new(NULL);
    g_string_append_printf(out, "token refused, status %s%s%s", status, words ? ": " : "",
                           words ? words : "");
    append_member(out, json, "error_description", "it says:");
    append_member(out, json, "scope", "scope");
    append_member(out, json, "openid-configuration", "where to get one:");
    return g_string_free(g_steal_pointer(&out), FALSE);
}
