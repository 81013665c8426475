#include "config/getmailrc.h"

#include <string.h>

#define TEXT_MAX (1024 * 1024)
#define SETTINGS_MAX 1000

typedef struct {
    const char *file;
    unsigned line;
    char *section;
    ImportBlock *block;
    char *name; /* the setting that an indented line goes on with; NULL: none */
    unsigned settings;
} Parser;

static bool fail(const Parser *p, GError **error, const char *words)
{
    return error_fail(error, POSTERN_ERROR_CONFIG, "%s:%u: %s", p->file, p->line, words);
}

static bool take_section(Parser *p, Bytes line, GError **error)
{
    gssize end = bytes_index(line, ']');
    if (end < 0) {
        return fail(p, error, "a section is written [NAME]");
    }
    g_free(p->section);
    p->section = g_ascii_strdown(line.data + 1, end - 1);
    g_clear_pointer(&p->name, g_free);
    return true;
}

static bool is_password(const char *name)
{
    return g_str_has_suffix(name, ".password");
}

/* An indented line belongs to the value above it. */
static bool go_on(Parser *p, Bytes line, GError **error)
{
    if (!p->name || is_password(p->name)) {
        return fail(p, error, "this line goes on with nothing");
    }
    g_autofree char *more = bytes_dup(line);
    g_autofree char *whole = g_strconcat(import_block_get(p->block, p->name), " ", more, NULL);
    import_block_set(p->block, p->name, bytes_of(whole), import_block_line(p->block, p->name));
    return true;
}

static bool take_setting(Parser *p, Bytes line, GError **error)
{
    size_t length = 0;
    while (length < line.len && line.data[length] != '=' && line.data[length] != ':') {
        length++;
    }
    if (!p->section || length == line.len || length == 0 || ++p->settings > SETTINGS_MAX) {
        return fail(p, error, "expected NAME = VALUE in a section");
    }
    Bytes word = bytes_trim(bytes_sub(line, 0, MIN(length, 60)));
    Bytes value = bytes_trim(bytes_sub(line, length + 1, line.len));
    g_autofree char *lower = g_ascii_strdown(word.data ? word.data : "", (gssize)word.len);
    g_free(p->name);
    p->name = g_strconcat(p->section, ".", lower, NULL);
    if (is_password(p->name)) {
        import_block_set_password(p->block, value, p->line);
    } else {
        import_block_set(p->block, p->name, value, p->line);
    }
    return true;
}

static bool take_line(Parser *p, Bytes line, GError **error)
{
    Bytes text = bytes_trim(line);
    if (text.len == 0 || text.data[0] == '#' || text.data[0] == ';') {
        return true;
    }
    if (text.data != line.data && p->name) {
        return go_on(p, text, error);
    }
    return text.data[0] == '[' ? take_section(p, text, error) : take_setting(p, text, error);
}

ImportBlock *getmailrc_parse(Bytes text, const char *file, GError **error)
{
    if (text.len > TEXT_MAX) {
        error_fail(error, POSTERN_ERROR_LIMIT, "%s is longer than %d bytes", file, TEXT_MAX);
        return NULL;
    }
    g_autoptr(ImportBlock) block = import_block_new(1);
    Parser p = {.file = file, .block = block};
    bool good = true;
    while (good && text.len > 0) {
        gssize end = bytes_index(text, '\n');
        size_t len = end < 0 ? text.len : (size_t)end;
        p.line++;
        good = take_line(&p, bytes_sub(text, 0, len), error);
        text = bytes_sub(text, len + 1, text.len);
    }
    g_free(p.section);
    g_free(p.name);
    return good ? g_steal_pointer(&block) : NULL;
}

char **getmailrc_tuple(const char *value)
{
    g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(g_free);
    for (const char *c = value; *c;) {
        const char *end = *c == '"' || *c == '\'' ? strchr(c + 1, *c) : NULL;
        if (end) {
            g_ptr_array_add(list, g_strndup(c + 1, (gsize)(end - c - 1)));
            c = end;
        }
        c++;
    }
    if (list->len == 0) {
        return NULL;
    }
    g_ptr_array_add(list, NULL);
    return (char **)g_ptr_array_steal(list, NULL);
}
