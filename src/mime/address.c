#include "mime/address.h"

#include <string.h>

#include "base/escape.h"
#include "base/idn.h"
#include "proto/smtp_path.h"

enum { SHOWN_MAX = 80, LIST_MAX = 100 * 1000 };

/* One entry of the list while it is read. */
typedef struct {
    Bytes rest;
    GString *plain;   /* what stands outside of angle brackets and comments */
    GString *angle;   /* what stands inside */
    GString *comment; /* the last one */
    bool has_angle, in_group;
    bool names;  /* are wanted: each message's addresses are read, and their names by few */
    GArray *out; /* of AddressEntry */
} Reader;

static void clear_entry(void *data)
{
    AddressEntry *entry = data;
    g_free(entry->name);
    g_free(entry->address);
}

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
static bool take_comment(Reader *r)
{
    g_string_truncate(r->comment, 0);
    for (size_t depth = 1; depth;) {
        if (!r->rest.len) {
            return false;
        }
        char c = take(r);
        bool quoted = c == '\\' && r->rest.len;
        c = quoted ? take(r) : c;
        depth += quoted ? 0 : (c == '(') - (c == ')');
        if (depth) {
            g_string_append_c(r->comment, c);
        }
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

/* "\"Doe, Joe\"  Jr." -> "Doe, Joe Jr."; NULL when nothing is left. The caller frees it. */
static char *unquoted(const char *words)
{
    GString *out = g_string_new(NULL);
    for (const char *c = words; *c; c++) {
        bool pair = *c == '\\' && c[1];
        bool again = *c == ' ' && (!out->len || out->str[out->len - 1] == ' ');
        c += pair;
        if (pair || (*c != '"' && !again)) {
            g_string_append_c(out, *c);
        }
    }
    char *name = g_strchomp(g_string_free(out, FALSE));
    if (!*name) {
        g_clear_pointer(&name, g_free);
    }
    return name;
}

static void add_entry(Reader *r, char *name, const char *address)
{
    AddressEntry entry = {.name = name, .address = g_strdup(address)};
    g_array_append_val(r->out, entry);
    g_string_truncate(r->plain, 0);
    g_string_truncate(r->angle, 0);
    g_string_truncate(r->comment, 0);
    r->has_angle = false;
}

static bool finish(Reader *r, Bytes whole, GError **error)
{
    g_autofree char *plain = g_strdup(g_strstrip(r->plain->str));
    const char *address = r->has_angle ? without_route(r->angle->str) : plain;
    if (!*plain && !r->has_angle) {
        return true;
    }
    g_autoptr(GError) cause = NULL;
    if (!*address || !smtp_path_check(address, true, &cause)) {
        return refuse(whole, cause ? cause->message : "the brackets are empty", error);
    }
    if (r->out->len >= LIST_MAX) {
        return refuse(whole, "it has too many", error);
    }
    const char *name = r->has_angle && *plain ? plain : r->comment->str;
    add_entry(r, r->names ? unquoted(name) : NULL, address);
    return true;
}

static bool read_list(Reader *r, Bytes whole, GError **error)
{
    while (r->rest.len) {
        char c = take(r);
        bool fine = true;
        if (c == '(') {
            fine = take_comment(r);
        } else if (c == '"') {
            fine = take_quoted(r, r->plain);
        } else if (c == '<') {
            fine = take_angle(r);
        } else if (c == ',' || c == ';') {
            if (!finish(r, whole, error)) {
                return false;
            }
            if (c == ';' && r->in_group) {
                add_entry(r, NULL, NULL);
                r->in_group = false;
            }
        } else if (c == ':' && !r->in_group && !r->has_angle && !strchr(r->plain->str, '@')) {
            char *name = unquoted(r->plain->str);
            add_entry(r, name ? name : g_strdup(""), NULL);
            r->in_group = true;
        } else {
            g_string_append_c(r->plain, strchr("\r\n\t", c) ? ' ' : c);
        }
        if (!fine) {
            return refuse(whole, "a bracket or quote is left open", error);
        }
    }
    return finish(r, whole, error);
}

static GArray *read_entries(Bytes list, bool names, GError **error)
{
    if (list.len && memchr(list.data, '\0', list.len)) {
        refuse(list, "a NUL is in it", error);
        return NULL;
    }
    g_autoptr(GString) plain = g_string_new(NULL);
    g_autoptr(GString) angle = g_string_new(NULL);
    g_autoptr(GString) comment = g_string_new(NULL);
    g_autoptr(GArray) out = g_array_new(FALSE, TRUE, sizeof(AddressEntry));
    g_array_set_clear_func(out, clear_entry);
    Reader r = {.rest = list,
                .plain = plain,
                .angle = angle,
                .comment = comment,
                .names = names,
                .out = out};
    return read_list(&r, list, error) ? g_steal_pointer(&out) : NULL;
}

GArray *address_entries(Bytes list, GError **error)
{
    return read_entries(list, true, error);
}

bool address_list(Bytes list, GPtrArray *out, GError **error)
{
    g_autoptr(GArray) entries = read_entries(list, false, error);
    for (guint i = 0; entries && i < entries->len; i++) {
        AddressEntry *entry = &g_array_index(entries, AddressEntry, i);
        if (entry->address) {
            g_ptr_array_add(out, g_steal_pointer(&entry->address));
        }
    }
    return entries != NULL;
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
