/* talk_complete.c: completion of what is typed. What may stand at the cursor depends on the words
 * before it. */
#include "cmd/talk_complete.h"

#include <dirent.h>
#include <string.h>

#include "cmd/talk.h"
#include "cmd/talk_edit.h"
#include "cmd/talk_line.h"

/* Every candidate that begins with the word, letters of either case alike. Who types in lower case
 * goes on in lower case. */
static void add_if_begins(GPtrArray *found, const char *word, const char *candidate)
{
    if (g_ascii_strncasecmp(candidate, word, strlen(word)) != 0) {
        return;
    }
    bool lower = false, upper = false;
    for (const char *p = word; *p != '\0'; p++) {
        lower |= g_ascii_islower(*p);
        upper |= g_ascii_isupper(*p);
    }
    g_ptr_array_add(found, lower && !upper ? g_ascii_strdown(candidate, -1) : g_strdup(candidate));
}

static void add_words(GPtrArray *found, const char *const *words, const char *word)
{
    for (size_t i = 0; words != NULL && words[i] != NULL; i++) {
        add_if_begins(found, word, words[i]);
    }
}

static void add_local_commands(GPtrArray *found, const char *word)
{
    for (const LocalCommand *c = local_commands; c->name != NULL; c++) {
        g_autofree char *name = g_strconcat("/", c->name, NULL);
        add_if_begins(found, word, name);
    }
}

static void add_mechanisms(GPtrArray *found, const Talk *t, const char *word)
{
    if (t->session != NULL && t->session->caps != NULL) {
        g_auto(GStrv) offered = caps_mechanisms(t->session->caps);
        add_words(found, (const char *const *)offered, word);
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

static bool is_command(const Talk *t, const char *word)
{
    const char *const *commands = dialogue_commands(t->dialogue);
    for (size_t i = 0; commands[i] != NULL; i++) {
        if (g_ascii_strcasecmp(commands[i], word) == 0) {
            return true;
        }
    }
    return false;
}

/* IMAP: a tag may stand before the command, and UID. */
static bool leads_a_command(const Talk *t, const char *word)
{
    return g_strcmp0(t->proto->name, "imap") == 0 &&
           (g_ascii_strcasecmp(word, "UID") == 0 || !is_command(t, word));
}

static bool names_a_mechanism(const char *before)
{
    static const char *const verbs[] = {"/auth", "AUTH", "AUTHENTICATE", NULL};
    for (size_t i = 0; verbs[i] != NULL; i++) {
        if (g_ascii_strcasecmp(verbs[i], before) == 0) {
            return true;
        }
    }
    return false;
}

/* The options of a local command, from its row: "[--json]". */
static void add_option(GPtrArray *found, const char *command, const char *word)
{
    for (const LocalCommand *c = local_commands; c->name != NULL; c++) {
        if (strcmp(c->name, command) == 0 && c->arguments != NULL &&
            g_str_has_prefix(c->arguments, "[--")) {
            g_autofree char *option = g_strndup(c->arguments + 1, strlen(c->arguments) - 2);
            add_if_begins(found, word, option);
        }
    }
}

/* What may stand where the last of these words is. */
static void add_candidates(GPtrArray *found, const Talk *t, char *const *words, guint last)
{
    const char *word = words[last], *before = last > 0 ? words[last - 1] : "";
    if (last == 0 && *word == '/') {
        add_local_commands(found, word);
    } else if (strcmp(words[0], "/save") == 0 || strcmp(words[0], "/send") == 0) {
        add_files(found, word);
    } else if (last > 0 && names_a_mechanism(before)) {
        add_mechanisms(found, t, word);
    } else if (last == 1 && words[0][0] == '/') {
        add_option(found, words[0] + 1, word);
    } else if (last == 0 || leads_a_command(t, before)) {
        add_words(found, dialogue_commands(t->dialogue), word);
    }
}

GPtrArray *talk_complete_candidates(const Talk *t, const char *before)
{
    GPtrArray *found = g_ptr_array_new_with_free_func(g_free);
    g_auto(GStrv) words = g_strsplit(before, " ", -1);
    guint n = g_strv_length(words);
    if (t->dialogue != NULL && talk_local_active(t) && n == 0) {
        add_words(found, dialogue_commands(t->dialogue), "");
    } else if (t->dialogue != NULL && talk_local_active(t)) {
        add_candidates(found, t, words, n - 1);
    }
    return found;
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

/* In columns below the line; libedit draws the line again when we return CC_REDISPLAY. */
static void list(Talk *t, const GPtrArray *found)
{
    size_t widest = 0;
    for (guint i = 0; i < found->len; i++) {
        widest = MAX(widest, (size_t)g_utf8_strlen(g_ptr_array_index(found, i), -1));
    }
    guint columns = MAX(1, (guint)line_terminal_width(fileno(t->out)) / ((guint)widest + 2));
    g_autoptr(GString) text = g_string_new("\n");
    for (guint i = 0; i < found->len; i++) {
        const char *name = g_ptr_array_index(found, i);
        bool ends = (i + 1) % columns == 0 || i + 1 == found->len;
        int pad = ends ? 0 : (int)(widest + 2 - (size_t)g_utf8_strlen(name, -1));
        g_string_append_printf(text, "%s%*s%s", name, pad, "", ends ? "\n" : "");
    }
    talk_print(t, text->str);
    fflush(t->out);
}

static unsigned char complete(EditLine *el, int key)
{
    (void)key;
    void *data = NULL;
    edit()->el_get(el, EL_CLIENTDATA, &data);
    Talk *t = data;
    if (t->dialogue != NULL && !talk_local_active(t)) {
        edit()->el_insertstr(el, "\t"); /* a message may have one */
        return CC_REFRESH;
    }
    const LineInfo *line = edit()->el_line(el);
    g_autofree char *before = g_strndup(line->buffer, (size_t)(line->cursor - line->buffer));
    g_autoptr(GPtrArray) found = talk_complete_candidates(t, before);
    if (found->len == 0) {
        return CC_ERROR;
    }
    const char *space = strrchr(before, ' ');
    size_t typed = strlen(space ? space + 1 : before), known = common_prefix(found);
    const char *first = g_ptr_array_index(found, 0);
    if (known > typed) {
        g_autofree char *rest = g_strndup(first + typed, known - typed);
        edit()->el_insertstr(el, rest);
    }
    if (found->len == 1 && !g_str_has_suffix(first, "/")) {
        edit()->el_insertstr(el, " ");
    } else if (found->len > 1 && known == typed) {
        list(t, found);
        return CC_REDISPLAY;
    }
    return CC_REFRESH;
}

void talk_complete_install(EditLine *el)
{
    /* el_set() would copy the two names and lose the copies. */
    edit()->el_wset(el, EL_ADDFN, L"postern-complete", L"complete what is typed", complete);
    edit()->el_set(el, EL_BIND, "^I", "postern-complete", NULL);
}
