/* imapd_list.c: LIST, LSUB, NAMESPACE. */
#include <string.h>

#include "proto/imap_mailbox.h"
#include "server/imapd.h"

enum { PATTERN_MAX = 1000, STARS_MAX = 20 };

/* A name to be listed: a folder, or only something above one. */
typedef struct {
    char *name;
    bool there;
} Listed;

static void listed_clear(gpointer data)
{
    g_free(((Listed *)data)->name);
}

static bool is_child_of(const char *name, const char *above)
{
    size_t len = strlen(above);
    return strncmp(name, above, len) == 0 && name[len] == '/';
}

/* The name, and those above it that fit the pattern and are not there by themselves. */
static void add_name(GArray *out, GHashTable *seen, const char *pattern, const char *name)
{
    if (imap_mailbox_matches(pattern, name, '/') && g_hash_table_add(seen, g_strdup(name))) {
        const Listed listed = {g_strdup(name), true};
        g_array_append_val(out, listed);
    }
}

static void add_above(GArray *out, GHashTable *seen, const char *pattern, const char *name)
{
    for (const char *slash = strchr(name, '/'); slash; slash = strchr(slash + 1, '/')) {
        g_autofree char *above = g_strndup(name, (gsize)(slash - name));
        if (imap_mailbox_matches(pattern, above, '/') && g_hash_table_add(seen, g_strdup(above))) {
            const Listed listed = {g_strdup(above), false};
            g_array_append_val(out, listed);
        }
    }
}

static int by_name(gconstpointer a, gconstpointer b)
{
    return strcmp(((const Listed *)a)->name, ((const Listed *)b)->name);
}

/* `above`: names that only have something below them are listed too. */
static GArray *collect(GPtrArray *names, const char *pattern, bool above)
{
    GArray *out = g_array_new(FALSE, FALSE, sizeof(Listed));
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_array_set_clear_func(out, listed_clear);
    for (guint n = 0; n < names->len; n++) {
        add_name(out, seen, pattern, names->pdata[n]);
    }
    for (guint n = 0; above && n < names->len; n++) {
        add_above(out, seen, pattern, names->pdata[n]);
    }
    g_array_sort(out, by_name);
    return out;
}

static bool has_children(const GPtrArray *names, const char *name)
{
    for (guint n = 0; n < names->len; n++) {
        if (is_child_of(names->pdata[n], name)) {
            return true;
        }
    }
    return false;
}

static bool say_one(Imapd *i, const char *response, const char *attributes, const char *name,
                    GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_string_printf(text, "* %s (%s) \"/\" ", response, attributes);
    imapd_put_mailbox(text, name);
    return imapd_say(i, text, error);
}

static GPtrArray *folder_names(const MailUser *user)
{
    GPtrArray *names = g_ptr_array_new();
    for (guint n = 0; n < user->folders->len; n++) {
        g_ptr_array_add(names, ((const MailFolder *)user->folders->pdata[n])->name);
    }
    return names;
}

/* Reference and pattern as one; NULL when they are not to be understood, or would take too long. */
static char *read_pattern(Bytes args, bool *ret_root)
{
    g_autofree char *reference = imap_scan_astring(&args, false);
    g_autofree char *pattern =
        reference && imap_scan_space(&args) ? imap_scan_astring(&args, true) : NULL;
    if (!pattern || args.len > 0) {
        return NULL;
    }
    *ret_root = *pattern == '\0';
    g_autofree char *raw = g_strconcat(reference, pattern, NULL);
    unsigned stars = 0;
    for (const char *c = raw; *c; c++) {
        stars += *c == '*' || *c == '%';
    }
    bool good = strlen(raw) <= PATTERN_MAX && stars <= STARS_MAX;
    return good ? imap_mailbox_decode(bytes_of(raw)) : NULL;
}

bool imapd_cmd_list(Imapd *i, Bytes args, GError **error)
{
    bool root;
    g_autofree char *pattern = read_pattern(args, &root);
    if (!pattern) {
        return imapd_bad(i, "LIST REFERENCE PATTERN");
    }
    g_autoptr(GPtrArray) names = folder_names(i->user);
    g_autoptr(GArray) found = collect(names, pattern, true);
    for (guint n = 0; !root && n < found->len; n++) {
        const Listed *l = &g_array_index(found, Listed, n);
        const char *children = has_children(names, l->name) ? "\\HasChildren" : "\\HasNoChildren";
        g_autofree char *attributes = g_strconcat(l->there ? "" : "\\Noselect ", children, NULL);
        if (!say_one(i, "LIST", attributes, l->name, error)) {
            return false;
        }
    }
    /* The delimiter and the root, asked for by an empty pattern (RFC 3501 6.3.8). */
    if (root && !say_one(i, "LIST", "\\Noselect", "", error)) {
        return false;
    }
    imapd_ok(i, "that is all");
    return true;
}

bool imapd_cmd_lsub(Imapd *i, Bytes args, GError **error)
{
    bool root;
    g_autofree char *pattern = read_pattern(args, &root);
    if (!pattern) {
        return imapd_bad(i, "LSUB REFERENCE PATTERN");
    }
    bool percent = g_str_has_suffix(pattern, "%");
    g_autoptr(GArray) found = collect(i->user->subscriptions, pattern, percent);
    for (guint n = 0; n < found->len; n++) {
        const Listed *l = &g_array_index(found, Listed, n);
        if (!say_one(i, "LSUB", l->there ? "" : "\\Noselect", l->name, error)) {
            return false;
        }
    }
    imapd_ok(i, "that is all");
    return true;
}

bool imapd_cmd_namespace(Imapd *i, Bytes args, GError **error)
{
    (void)args;
    (void)error;
    guest_reply(i->g, "* NAMESPACE ((\"\" \"/\")) NIL NIL");
    imapd_ok(i, "that is all");
    return true;
}
