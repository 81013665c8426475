#include "send/address.h"

#include <string.h>

#include "base/escape.h"
#include "base/idn.h"
#include "proto/smtp_path.h"

enum { SHOWN_MAX = 80, LIST_MAX = 100 * 1000 };

/* One entry of the list while it is read. */
typedef struct {
    Bytes rest;
    GString *plain; /* what stands outside of angle brackets and comments */
    GString *angle; /* what stands inside */
    bool has_angle;
} Reader;

static bool refuse(Bytes shown_of, const char *why, GError **error)
{
    g_autofree char *shown = escape_line_max(bytes_trim(shown_of), SHOWN_MAX);
    return error_fail(error, POSTERN_ERROR_DATA, "\"%s\" is no list of addresses: %s", shown, why);
}

static char take(Reader *r)
{
    char c = r->rest.data[0];
    r->rest = bytes_sub(r->rest, 1, r->rest.len);
    return c;
}

/* "(...)", nested. The first bracket has been taken. */
static bool skip_comment(Reader *r)
{
    for (size_t depth = 1; depth;) {
        if (!r->rest.len) {
            return false;
        }
        char c = take(r);
        if (c == '\\' && r->rest.len) {
            take(r);
        }
        depth += (c == '(') - (c == ')');
    }
    return true;
}

/* Up to the closing quote, quotes kept: the local part of an address may need them. */
static bool take_quoted(Reader *r, GString *into)
{
    g_string_append_c(into, '"');
    while (r->rest.len) {
        char c = take(r);
        g_string_append_c(into, c);
        if (c == '\\' && r->rest.len) {
            g_string_append_c(into, take(r));
        } else if (c == '"') {
            return true;
        }
    }
    return false;
}

static bool take_angle(Reader *r)
{
    r->has_angle = true;
    g_string_truncate(r->angle, 0);
    while (r->rest.len) {
        char c = take(r);
        if (c == '>') {
            return true;
        }
        if (c == '"') {
            if (!take_quoted(r, r->angle)) {
                return false;
            }
        } else if (!strchr(" \t\r\n", c)) {
            g_string_append_c(r->angle, c);
        }
    }
    return false;
}

/* "@relay1,@relay2:joe@example.org" -> "joe@example.org" (RFC 5322 4.4). */
static const char *without_route(const char *address)
{
    const char *colon = *address == '@' ? strchr(address, ':') : NULL;
    return colon ? colon + 1 : address;
}

static bool finish(Reader *r, Bytes whole, GPtrArray *out, GError **error)
{
    g_autofree char *plain = g_strdup(g_strstrip(r->plain->str));
    const char *address = r->has_angle ? without_route(r->angle->str) : plain;
    bool nothing = !*plain && !r->has_angle;
    g_autoptr(GError) cause = NULL;
    if (!nothing && (!*address || !smtp_path_check(address, true, &cause))) {
        return cause ? refuse(whole, cause->message, error)
                     : refuse(whole, "the brackets are empty", error);
    }
    if (!nothing && out->len >= LIST_MAX) {
        return refuse(whole, "it has too many", error);
    }
    if (!nothing) {
        g_ptr_array_add(out, g_strdup(address));
    }
    g_string_truncate(r->plain, 0);
    g_string_truncate(r->angle, 0);
    r->has_angle = false;
    return true;
}

static bool read_list(Reader *r, Bytes whole, GPtrArray *out, GError **error)
{
    while (r->rest.len) {
        char c = take(r);
        bool fine = true;
        if (c == '(') {
            fine = skip_comment(r);
        } else if (c == '"') {
            fine = take_quoted(r, r->plain);
        } else if (c == '<') {
            fine = take_angle(r);
        } else if (c == ',' || c == ';') {
            if (!finish(r, whole, out, error)) {
                return false;
            }
        } else if (c == ':' && !r->has_angle && !strchr(r->plain->str, '@')) {
            g_string_truncate(r->plain, 0); /* a group's name */
        } else {
            g_string_append_c(r->plain, strchr("\r\n\t", c) ? ' ' : c);
        }
        if (!fine) {
            return refuse(whole, "a bracket or quote is left open", error);
        }
    }
    return finish(r, whole, out, error);
}

bool address_list(Bytes list, GPtrArray *out, GError **error)
{
    if (list.len && memchr(list.data, '\0', list.len)) {
        return refuse(list, "a NUL is in it", error);
    }
    g_autoptr(GString) plain = g_string_new(NULL);
    g_autoptr(GString) angle = g_string_new(NULL);
    Reader r = {.rest = list, .plain = plain, .angle = angle};
    return read_list(&r, list, out, error);
}

char *address_one(const char *text, GError **error)
{
    g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(g_free);
    if (!address_list(bytes_of(text), found, error)) {
        return NULL;
    }
    if (found->len != 1) {
        refuse(bytes_of(text), found->len ? "one address is expected" : "it is empty", error);
        return NULL;
    }
    return g_strdup(g_ptr_array_index(found, 0));
}

bool address_is_ascii(const char *address)
{
    return g_str_is_ascii(address);
}

char *address_for_envelope(const char *address, GError **error)
{
    const char *at = strrchr(address, '@');
    g_autofree char *local = at ? g_strndup(address, (gsize)(at - address)) : NULL;
    if (!at || address_is_ascii(at) || !address_is_ascii(local)) {
        return g_strdup(address);
    }
    g_autoptr(GError) cause = NULL;
    g_autofree char *domain = idn_to_ascii(at + 1, &cause);
    if (!domain) {
        error_fail(error, POSTERN_ERROR_DATA, "%s", cause->message);
        return NULL;
    }
    return g_strconcat(local, "@", domain, NULL);
}
