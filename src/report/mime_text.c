/* mime_text.c: messages as lines on a screen. */
#include "report/mime_text.h"

#include <string.h>

#include "base/escape.h"

enum { VALUE_MAX = 2000, NAME_SHOWN = 120, DEPTH_SHOWN = 40 };

char *mime_text_octets(uint64_t n)
{
    g_autofree char *digits = g_strdup_printf("%" G_GUINT64_FORMAT, n);
    GString *out = g_string_new(NULL);
    size_t len = strlen(digits);
    for (size_t i = 0; i < len; i++) {
        g_string_append(out, i > 0 && (len - i) % 3 == 0 ? "," : "");
        g_string_append_c(out, digits[i]);
    }
    g_string_append(out, n == 1 ? " octet" : " octets");
    return g_string_free(out, FALSE);
}

/* --- headers --- */

static bool is_main(const char *name)
{
    static const char *const names[] = {"From", "Sender", "Reply-To", "To",
                                        "Cc",   "Bcc",    "Date",     "Subject"};
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        if (g_ascii_strcasecmp(names[i], name) == 0) {
            return true;
        }
    }
    return false;
}

char *mime_text_headers(const MimeTree *tree, bool all)
{
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < tree->headers->len; i++) {
        const MimeHeader *header = tree->headers->pdata[i];
        if (all || is_main(header->name)) {
            g_autofree char *name = escape_line_max(bytes_of(header->name), NAME_SHOWN);
            g_autofree char *value = escape_line_max(bytes_of(header->value), VALUE_MAX);
            g_string_append_printf(out, "%s: %s\n", name, value);
        }
    }
    return g_string_free(out, FALSE);
}

/* --- the tree --- */

static void append_details(GString *out, const MimeNode *node)
{
    if (node->kind == MIME_LEAF) {
        g_autofree char *size = mime_text_octets(node->bytes);
        g_string_append_printf(out, "%s", size);
        if (node->charset != NULL) {
            g_autofree char *charset = escape_line_max(bytes_of(node->charset), NAME_SHOWN);
            g_string_append_printf(out, ", %s", charset);
        }
        g_autofree char *cte = escape_line_max(bytes_of(node->cte), NAME_SHOWN);
        g_string_append_printf(out, ", %s", cte);
    }
    if (node->disposition != NULL) {
        g_autofree char *shown = escape_line_max(bytes_of(node->disposition), NAME_SHOWN);
        g_string_append_printf(out, "%s%s", node->kind == MIME_LEAF ? ", " : "", shown);
    }
    if (node->filename != NULL) {
        g_autofree char *shown = escape_line_max(bytes_of(node->filename), NAME_SHOWN);
        g_string_append_printf(out, "  \"%s\"", shown);
    }
    if (node->note != NULL) {
        g_autofree char *shown = escape_line_max(bytes_of(node->note), NAME_SHOWN);
        g_string_append_printf(out, "  (%s)", shown);
    }
}

/* The lines in front of a node: its ancestors' that have siblings to come, then its own. */
static void append_lead(GString *out, const MimeTree *tree, guint at, const char *lead)
{
    const MimeNode *node = tree->nodes->pdata[at];
    g_string_append(out, lead);
    if (node->depth > 0) {
        g_string_append(out, node->last ? "└ " : "├ ");
    }
}

/* lead[depth]: what stands in front of the nodes of that depth. */
static void extend_lead(GPtrArray *leads, const MimeNode *node)
{
    g_ptr_array_set_size(leads, (gint)node->depth + 1);
    const char *own = leads->pdata[node->depth];
    const char *more = node->depth == 0 || node->depth > DEPTH_SHOWN ? ""
                       : node->last                                  ? "  "
                                                                     : "│ ";
    g_ptr_array_add(leads, g_strconcat(own, more, NULL));
}

static size_t columns(const char *text)
{
    return (size_t)g_utf8_strlen(text, -1);
}

static void pad(GString *out, size_t from, size_t wanted)
{
    size_t have = columns(out->str + from);
    for (; have < wanted; have++) {
        g_string_append_c(out, ' ');
    }
}

static void append_files(GString *out, const MimeNode *node, const char *lead, size_t width)
{
    for (guint i = 0; node->files != NULL && i < node->files->len; i++) {
        const MimeFile *file = node->files->pdata[i];
        g_autofree char *size = mime_text_octets(file->bytes);
        g_autofree char *name = escape_line_max(bytes_of(file->name), NAME_SHOWN);
        size_t from = out->len;
        g_string_append_printf(out, "%s  %s#%u %s in the text  ", lead, node->path, file->number,
                               file->encoding);
        pad(out, from, width);
        g_string_append_printf(out, "%s  \"%s\"%s%s%s\n", size, name, file->problem ? "  (" : "",
                               file->problem ? file->problem : "", file->problem ? ")" : "");
    }
}

static void append_name(GString *out, const MimeNode *node)
{
    g_autofree char *type = escape_line_max(bytes_of(node->type), NAME_SHOWN);
    g_string_append_printf(out, "%s%s%s  ", node->path, *node->path ? " " : "", type);
}

/* How wide the names are, so that the details stand below each other; deep ones stick out. */
static size_t name_width(const MimeTree *tree)
{
    enum { WIDTH_MAX = 44 };
    size_t widest = 0;
    for (guint i = 0; i < tree->nodes->len; i++) {
        const MimeNode *node = tree->nodes->pdata[i];
        g_autoptr(GString) name = g_string_new(NULL);
        append_name(name, node);
        size_t width = columns(name->str) + 2 * (size_t)node->depth;
        widest = width <= WIDTH_MAX ? MAX(widest, width) : widest;
    }
    return widest;
}

char *mime_text_tree(const MimeTree *tree)
{
    GString *out = g_string_new(NULL);
    size_t width = name_width(tree);
    g_autoptr(GPtrArray) leads = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(leads, g_strdup(""));
    for (guint i = 0; i < tree->nodes->len; i++) {
        const MimeNode *node = tree->nodes->pdata[i];
        size_t from = out->len;
        append_lead(out, tree, i, leads->pdata[node->depth]);
        append_name(out, node);
        pad(out, from, width);
        append_details(out, node);
        g_string_truncate(out, from + strlen(g_strchomp(out->str + from)));
        g_string_append_c(out, '\n');
        extend_lead(leads, node);
        append_files(out, node, leads->pdata[node->depth + 1], width);
    }
    return g_string_free(out, FALSE);
}

char *mime_text_defects(const MimeTree *tree, const char *words)
{
    GString *out = g_string_new(NULL);
    if (words != NULL) {
        g_autofree char *shown = escape_line(bytes_of(words));
        g_string_append_printf(out, "*** %s\n", shown);
    }
    for (guint i = 0; i < tree->defects->len; i++) {
        g_autofree char *shown = escape_line(bytes_of(tree->defects->pdata[i]));
        g_string_append_printf(out, "*** %s\n", shown);
    }
    if (tree->defects_untold > 0) {
        g_string_append_printf(out, "*** and %u more\n", tree->defects_untold);
    }
    return g_string_free(out, FALSE);
}
