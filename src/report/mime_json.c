/* mime_json.c: messages for programs. */
#include "report/mime_json.h"

#include <jansson.h>
#include <string.h>

static json_t *text(const char *value)
{
    if (value == NULL) {
        return json_null();
    }
    g_autofree char *valid = g_utf8_make_valid(value, -1);
    return json_string(valid);
}

/* A leaf is its type; anything with parts is a list: its type, then they. */
static json_t *tree_from(const MimeTree *tree, guint *at)
{
    const MimeNode *node = tree->nodes->pdata[*at];
    (*at)++;
    if (node->kind == MIME_LEAF) {
        return text(node->type);
    }
    json_t *list = json_array();
    json_array_append_new(list, text(node->type));
    while (*at < tree->nodes->len &&
           ((const MimeNode *)tree->nodes->pdata[*at])->depth > node->depth) {
        json_array_append_new(list, tree_from(tree, at));
    }
    return list;
}

static json_t *tree_of(const MimeTree *tree)
{
    guint at = 0;
    json_t *all = tree_from(tree, &at);
    if (!json_is_array(all)) {
        json_t *list = json_array();
        json_array_append_new(list, all);
        all = list;
    }
    return all;
}

static json_t *part_of(const MimeNode *node)
{
    json_t *part = json_object();
    json_object_set_new(part, "path", text(node->path));
    json_object_set_new(part, "type", text(node->type));
    json_object_set_new(part, "charset", text(node->charset));
    json_object_set_new(part, "cte", text(node->cte));
    json_object_set_new(part, "disposition", text(node->disposition));
    json_object_set_new(part, "filename", text(node->filename));
    json_object_set_new(part, "bytes", json_integer((json_int_t)node->bytes));
    json_object_set_new(part, "sha256", text(node->sha256));
    return part;
}

static json_t *parts_of(const MimeTree *tree)
{
    json_t *parts = json_array();
    for (guint i = 0; i < tree->nodes->len; i++) {
        const MimeNode *node = tree->nodes->pdata[i];
        if (node->kind == MIME_LEAF) {
            json_array_append_new(parts, part_of(node));
        }
    }
    return parts;
}

/* By name, as it is spelled first; what stands several times is a list. */
static json_t *headers_of(const MimeTree *tree)
{
    json_t *headers = json_object();
    g_autoptr(GHashTable) spelled = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; i < tree->headers->len; i++) {
        const MimeHeader *header = tree->headers->pdata[i];
        char *lower = g_ascii_strdown(header->name, -1);
        const char *name = g_hash_table_lookup(spelled, lower);
        if (name == NULL) {
            g_hash_table_insert(spelled, lower, header->name);
            json_object_set_new(headers, header->name, text(header->value));
            continue;
        }
        g_free(lower);
        json_t *before = json_object_get(headers, name);
        if (!json_is_array(before)) {
            json_t *list = json_array();
            json_array_append(list, before);
            json_object_set_new(headers, name, list);
            before = list;
        }
        json_array_append_new(before, text(header->value));
    }
    return headers;
}

static json_t *defects_of(const MimeTree *tree, const char *words)
{
    json_t *defects = json_array();
    if (words != NULL) {
        json_array_append_new(defects, text(words));
    }
    for (guint i = 0; i < tree->defects->len; i++) {
        json_array_append_new(defects, text(tree->defects->pdata[i]));
    }
    for (guint i = 0; i < tree->nodes->len; i++) {
        const MimeNode *node = tree->nodes->pdata[i];
        for (guint k = 0; node->files != NULL && k < node->files->len; k++) {
            const MimeFile *file = node->files->pdata[k];
            g_autofree char *line =
                g_strdup_printf("part %s: holds the file \"%s\" in %s: --part=%s#%u", node->path,
                                file->name, file->encoding, node->path, file->number);
            json_array_append_new(defects, text(line));
        }
    }
    if (tree->defects_untold > 0) {
        g_autofree char *more = g_strdup_printf("and %u more", tree->defects_untold);
        json_array_append_new(defects, text(more));
    }
    return defects;
}

char *mime_json(const MimeTree *tree, const MimeJsonFacts *facts)
{
    json_t *object = json_object();
    json_object_set_new(object, "file", text(facts->file));
    json_object_set_new(object, "sha256", text(facts->sha256));
    json_object_set_new(object, "bytes", json_integer((json_int_t)facts->bytes));
    json_object_set_new(object, "tree", tree_of(tree));
    json_object_set_new(object, "parts", parts_of(tree));
    json_object_set_new(object, "headers", headers_of(tree));
    json_object_set_new(object, "defects", defects_of(tree, facts->words));
    char *dumped = json_dumps(object, JSON_COMPACT);
    char *line = g_strconcat(dumped ? dumped : "{}", "\n", NULL);
    free(dumped);
    json_decref(object);
    return line;
}
