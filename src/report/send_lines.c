#include "report/send_lines.h"

#include <jansson.h>
#include <string.h>

static bool is_known(const char *key)
{
    static const char *const keys[] = {"file", "from", "to", "id", NULL};
    return g_strv_contains(keys, key);
}

static bool is_list_of_strings(json_t *value)
{
    bool good = json_is_array(value);
    for (size_t i = 0; i < json_array_size(value); i++) {
        good &= json_is_string(json_array_get(value, i));
    }
    return good;
}

static bool check_keys(json_t *root, GError **error)
{
    const char *key;
    json_t *value;
    json_object_foreach(root, key, value)
    {
        bool good = json_is_string(value) || (!strcmp(key, "to") && is_list_of_strings(value));
        if (!is_known(key) || !good) {
            return error_fail(error, POSTERN_ERROR_DATA,
                              "\"%s\": what is taken is \"file\", \"from\", \"to\" (a list) and "
                              "\"id\", all strings",
                              key);
        }
    }
    return json_object_get(root, "file") ||
           error_fail(error, POSTERN_ERROR_DATA, "it names no \"file\"");
}

static char **addresses(json_t *to)
{
    if (!to) {
        return NULL;
    }
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    for (size_t i = 0; i < json_array_size(to); i++) {
        g_strv_builder_add(builder, json_string_value(json_array_get(to, i)));
    }
    if (json_is_string(to)) {
        g_strv_builder_add(builder, json_string_value(to));
    }
    return g_strv_builder_end(builder);
}

static char *key_of(json_t *root, Bytes line, unsigned nth)
{
    const char *id = json_string_value(json_object_get(root, "id"));
    if (id) {
        return g_strconcat("id:", id, NULL);
    }
    g_autofree char *hash =
        g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)line.data, line.len);
    return g_strdup_printf("%s:%u", hash, nth);
}

BatchItem *send_line_item(Bytes line, unsigned nth, GError **error)
{
    json_error_t problem;
    json_t *root = json_loadb(line.data, line.len, JSON_REJECT_DUPLICATES, &problem);
    if (!json_is_object(root)) {
        error_fail(error, POSTERN_ERROR_DATA, "it is no JSON object: %s",
                   root ? "it is something else" : problem.text);
        json_decref(root);
        return NULL;
    }
    BatchItem *item = NULL;
    if (check_keys(root, error)) {
        const char *file = json_string_value(json_object_get(root, "file"));
        item = g_new0(BatchItem, 1);
        *item = (BatchItem){
            .key = key_of(root, line, nth),
            .name = g_strdup(file),
            .file = g_strdup(file),
            .length = -1,
            .sender = g_strdup(json_string_value(json_object_get(root, "from"))),
            .recipients = addresses(json_object_get(root, "to")),
        };
    }
    json_decref(root);
    return item;
}
