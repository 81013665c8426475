#include "config/import_block.h"

#include <string.h>

ImportBlock *import_block_new(unsigned line)
{
    ImportBlock *block = g_new0(ImportBlock, 1);
    block->values = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    block->lines = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    block->line = line;
    return block;
}

void import_block_free(ImportBlock *block)
{
    if (!block) {
        return;
    }
    g_hash_table_unref(block->values);
    g_hash_table_unref(block->lines);
    secret_free(block->password);
    g_free(block);
}

void import_block_set(ImportBlock *block, const char *name, Bytes value, unsigned line)
{
    g_hash_table_replace(block->values, g_strdup(name), bytes_dup(value));
    g_hash_table_replace(block->lines, g_strdup(name), GUINT_TO_POINTER(line));
}

void import_block_set_password(ImportBlock *block, Bytes value, unsigned line)
{
    secret_free(block->password);
    block->password = secret_new(value.data, value.len);
    g_hash_table_replace(block->lines, g_strdup("password"), GUINT_TO_POINTER(line));
}

void import_block_lay(ImportBlock *block, const ImportBlock *from)
{
    GHashTableIter iter;
    gpointer name;
    gpointer value;
    for (g_hash_table_iter_init(&iter, from->values);
         g_hash_table_iter_next(&iter, &name, &value);) {
        import_block_set(block, name, bytes_of(value), import_block_line(from, name));
    }
    if (from->password) {
        secret_free(block->password);
        block->password = secret_copy(from->password);
    }
}

const char *import_block_get(const ImportBlock *block, const char *name)
{
    return g_hash_table_lookup(block->values, name);
}

unsigned import_block_line(const ImportBlock *block, const char *name)
{
    gpointer line = g_hash_table_lookup(block->lines, name);
    return line ? GPOINTER_TO_UINT(line) : block->line;
}

bool import_block_is_on(const ImportBlock *block, const char *name, bool otherwise)
{
    static const char *const words[] = {"on", "true", "yes", "1", NULL};
    const char *value = import_block_get(block, name);
    g_autofree char *lower = value ? g_ascii_strdown(value, -1) : NULL;
    return lower ? g_strv_contains(words, lower) : otherwise;
}

const char *import_said(const ImportMove *m, const char *name)
{
    return import_block_get(m->block, name);
}

void import_remark(const ImportMove *m, const char *name, const char *words)
{
    if (import_said(m, name)) {
        const char *dot = strchr(name, '.');
        import_note(m->to, import_block_line(m->block, name), "%s: %s", dot ? dot + 1 : name,
                    words);
    }
}
