/* talk_complete.c: completion of what is typed. */
#include <dirent.h>
#include <string.h>

#include "cmd/talk.h"
#include "cmd/talk_complete.h"

/* Every candidate that begins with the word, letters of either case alike. */
static void add_if_begins(GPtrArray *found, const char *word, const char *candidate)
{
    if (g_ascii_strncasecmp(candidate, word, strlen(word)) == 0) {
        g_ptr_array_add(found, g_strdup(candidate));
    }
}

static void add_commands(GPtrArray *found, const Talk *t, const char *word)
{
    for (const LocalCommand *c = local_commands; *word == '/' && c->name != NULL; c++) {
        g_autofree char *name = g_strconcat("/", c->name, NULL);
        add_if_begins(found, word, name);
    }
    const char *const *names = t->dialogue ? dialogue_commands(t->dialogue) : NULL;
    for (size_t i = 0; names != NULL && names[i] != NULL; i++) {
        add_if_begins(found, word, names[i]);
    }
}

static void add_files(GPtrArray *found, const char *word)
{
    g_autofree char *directory = g_path_get_dirname(word);
    const char *slash = strrchr(word, '/');
    const char *base = slash ? slash + 1 : word;
    g_autofree char *lead = g_strndup(word, (size_t)(base - word));
    g_autoptr(GDir) dir = g_dir_open(directory, 0, NULL);
    for (const char *name = dir ? g_dir_read_name(dir) : NULL; name != NULL;
         name = g_dir_read_name(dir)) {
        if (g_str_has_prefix(name, base) && (name[0] != '.' || base[0] == '.')) {
            g_autofree char *path = g_strconcat(lead, name, NULL);
            bool folder = g_file_test(path, G_FILE_TEST_IS_DIR);
            g_ptr_array_add(found, g_strconcat(path, folder ? "/" : "", NULL));
        }
    }
}

static size_t common_prefix(const GPtrArray *found)
{
    const char *first = g_ptr_array_index(found, 0);
    size_t len = strlen(first);
    for (guint i = 1; i < found->len; i++) {
        const char *other = g_ptr_array_index(found, i);
        size_t n = 0;
        while (n < len && g_ascii_tolower(first[n]) == g_ascii_tolower(other[n]) &&
               other[n] != '\0') {
            n++;
        }
        len = n;
    }
    return len;
}

/* Below the line; libedit draws the line again when we return CC_REDISPLAY. */
static void list(Talk *t, const GPtrArray *found)
{
    g_autoptr(GString) text = g_string_new("\n");
    for (guint i = 0; i < found->len; i++) {
        g_string_append_printf(text, "%s%s", (const char *)g_ptr_array_index(found, i),
                               i + 1 < found->len ? "  " : "");
    }
    talk_print(t, text->str);
    fflush(t->out);
}

static unsigned char complete(EditLine *el, int key)
{
    (void)key;
    void *data = NULL;
    el_get(el, EL_CLIENTDATA, &data);
    Talk *t = data;
    const LineInfo *line = el_line(el);
    g_autofree char *before = g_strndup(line->buffer, (size_t)(line->cursor - line->buffer));
    const char *space = strrchr(before, ' ');
    const char *word = space ? space + 1 : before;
    bool wants_file = g_str_has_prefix(before, "/save ") || g_str_has_prefix(before, "/send ");
    g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(g_free);
    if (wants_file) {
        add_files(found, word);
    } else {
        add_commands(found, t, word);
    }
    if (found->len == 0 || *before == '\0') {
        return CC_ERROR;
    }
    size_t typed = strlen(word), known = common_prefix(found);
    const char *first = g_ptr_array_index(found, 0);
    if (known > typed) {
        g_autofree char *rest = g_strndup(first + typed, known - typed);
        el_insertstr(el, rest);
    }
    if (found->len == 1 && !g_str_has_suffix(first, "/")) {
        el_insertstr(el, " ");
    } else if (found->len > 1 && known == typed) {
        list(t, found);
        return CC_REDISPLAY;
    }
    return CC_REFRESH;
}

void talk_complete_install(EditLine *el)
{
    /* el_set() would copy the two names and lose the copies. */
    el_wset(el, EL_ADDFN, L"postern-complete", L"complete what is typed", complete);
    el_set(el, EL_BIND, "^I", "postern-complete", NULL);
}
