/* caps.c: the capability set: lines in the order they came, found by name without case. */
#include "proto/caps.h"

#include <string.h>

enum { CAPS_MAX = 512, CAP_LINE_MAX = 4096 };

typedef struct {
    char *name;
    char *line; /* "NAME ARGS" */
} Cap;

struct Caps {
    GPtrArray *list; /* of Cap */
};

static void cap_free(void *data)
{
    Cap *cap = data;
    g_free(cap->name);
    g_free(cap->line);
    g_free(cap);
}

Caps *caps_new(void)
{
    Caps *caps = g_new0(Caps, 1);
    caps->list = g_ptr_array_new_with_free_func(cap_free);
    return caps;
}

void caps_free(Caps *caps)
{
    if (caps) {
        g_ptr_array_unref(caps->list);
        g_free(caps);
    }
}

static Cap *find(const Caps *caps, Bytes name)
{
    for (guint i = 0; caps && i < caps->list->len; i++) {
        Cap *cap = g_ptr_array_index(caps->list, i);
        if (bytes_equal_ci(name, cap->name)) {
            return cap;
        }
    }
    return NULL;
}

static void add_args(Cap *cap, Bytes args)
{
    if (args.len && strlen(cap->line) + args.len < CAP_LINE_MAX) {
        g_autofree char *more = bytes_dup(args);
        char *line = g_strconcat(cap->line, " ", more, NULL);
        g_free(cap->line);
        cap->line = line;
    }
}

void caps_add_line(Caps *caps, Bytes line)
{
    Bytes rest = bytes_trim(line);
    if (rest.len == 0 || rest.len > CAP_LINE_MAX || memchr(rest.data, '\0', rest.len)) {
        return;
    }
    Bytes name = bytes_word(&rest);
    Cap *cap = find(caps, name);
    if (cap) {
        add_args(cap, rest);
        return;
    }
    if (caps->list->len < CAPS_MAX) {
        cap = g_new0(Cap, 1);
        cap->name = bytes_dup(name);
        cap->line = g_strdup(cap->name);
        add_args(cap, rest);
        g_ptr_array_add(caps->list, cap);
    }
}

bool caps_has(const Caps *caps, const char *name)
{
    return find(caps, bytes_of(name)) != NULL;
}

const char *caps_args(const Caps *caps, const char *name)
{
    const Cap *cap = find(caps, bytes_of(name));
    size_t len = cap ? strlen(cap->name) : 0;
    return cap && cap->line[len] == ' ' ? cap->line + len + 1 : "";
}

size_t caps_count(const Caps *caps)
{
    return caps ? caps->list->len : 0;
}

const char *caps_name(const Caps *caps, size_t index)
{
    return ((const Cap *)g_ptr_array_index(caps->list, (guint)index))->name;
}

const char *caps_line(const Caps *caps, size_t index)
{
    return ((const Cap *)g_ptr_array_index(caps->list, (guint)index))->line;
}

/* --- SASL mechanisms --- */

static bool listed(GPtrArray *names, Bytes name)
{
    for (guint i = 0; i < names->len; i++) {
        if (bytes_equal_ci(name, g_ptr_array_index(names, i))) {
            return true;
        }
    }
    return false;
}

static void add_mechanism(GPtrArray *names, Bytes name)
{
    if (name.len && !listed(names, name)) {
        g_ptr_array_add(names, bytes_dup(name));
    }
}

static void add_mechanisms(GPtrArray *names, const char *args)
{
    Bytes rest = bytes_of(args);
    while (rest.len) {
        add_mechanism(names, bytes_word(&rest));
    }
}

char **caps_mechanisms(const Caps *caps)
{
    GPtrArray *names = g_ptr_array_new();
    for (size_t i = 0; i < caps_count(caps); i++) {
        Bytes name = bytes_of(caps_name(caps, i));
        if (bytes_equal_ci(name, "AUTH") || bytes_equal_ci(name, "SASL")) {
            add_mechanisms(names, caps_args(caps, caps_name(caps, i)));
        } else if (bytes_starts_ci(name, "AUTH=")) {
            /* IMAP's form, and "AUTH=LOGIN PLAIN" of old SMTP servers: Exchange before 5.5 SP2 said
             * only that. */
            add_mechanism(names, bytes_sub(name, 5, name.len));
            add_mechanisms(names, caps_args(caps, caps_name(caps, i)));
        }
    }
    g_ptr_array_add(names, NULL);
    return (char **)g_ptr_array_free(names, FALSE);
}

/* --- a spoiled STARTTLS --- */

/* Cisco's "fixup" writes XXXXXXXA, others overwrite a part: XTARTTLS, STARTXXX. */
static bool looks_mangled(const char *name, const char *word)
{
    size_t len = strlen(word);
    size_t filler = 0, same = 0;
    if (strlen(name) != len || !g_ascii_strcasecmp(name, word)) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        filler += g_ascii_toupper(name[i]) == 'X';
        same += g_ascii_toupper(name[i]) == word[i];
    }
    return filler + 1 >= len || (len > 4 && filler && filler + same >= len) || same + 1 == len;
}

const char *caps_mangled_tls(const Caps *caps, const char *word)
{
    for (size_t i = 0; i < caps_count(caps); i++) {
        if (looks_mangled(caps_name(caps, i), word)) {
            return caps_name(caps, i);
        }
    }
    return NULL;
}
