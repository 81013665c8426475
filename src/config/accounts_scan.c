#include "config/accounts_scan.h"

#include <string.h>

#include "base/escape.h"

typedef struct {
    AccountsScan *scan;
    const char *file;
    unsigned line;
    char *section; /* the one we are in, or NULL */
} Scanner;

static char *key_of(const char *section, const char *key)
{
    return key ? g_strconcat(section, "\n", key, NULL) : g_strdup(section);
}

unsigned accounts_scan_line(const AccountsScan *scan, const char *section, const char *key)
{
    g_autofree char *name = key_of(section, key);
    return GPOINTER_TO_UINT(g_hash_table_lookup(scan->lines, name));
}

const Secret *accounts_scan_password(const AccountsScan *scan, const char *section)
{
    return g_hash_table_lookup(scan->passwords, section);
}

void accounts_scan_clear(AccountsScan *scan)
{
    g_clear_pointer(&scan->lines, g_hash_table_unref);
    g_clear_pointer(&scan->passwords, g_hash_table_unref);
}

/* Remembers where a section or key stands; a second one is an error, because GKeyFile would
 * silently take the last. */
static bool note_line(Scanner *s, const char *key, GError **error)
{
    unsigned before = accounts_scan_line(s->scan, s->section, key);
    if (before) {
        g_autofree char *shown = escape_line_max(bytes_of(key ? key : s->section), 60);
        return error_fail(error, POSTERN_ERROR_CONFIG, "%s:%u: %s%s%s is already at line %u",
                          s->file, s->line, key ? "" : "[", shown, key ? "" : "]", before);
    }
    g_hash_table_insert(s->scan->lines, key_of(s->section, key), GUINT_TO_POINTER(s->line));
    return true;
}

static bool fail_syntax(const Scanner *s, GError **error)
{
    return error_fail(error, POSTERN_ERROR_CONFIG,
                      "%s:%u: expected \"[account NAME]\", \"[defaults]\", \"key = value\" or a "
                      "\"# comment\"",
                      s->file, s->line);
}

static bool scan_section(Scanner *s, Bytes line, GError **error)
{
    Bytes name = bytes_sub(line, 1, line.len - 2);
    bool closed = line.len > 2 && line.data[line.len - 1] == ']';
    for (size_t i = 0; closed && i < name.len; i++) {
        closed = !g_ascii_iscntrl(name.data[i]) && name.data[i] != '[' && name.data[i] != ']';
    }
    if (!closed) {
        return fail_syntax(s, error);
    }
    g_free(s->section);
    s->section = bytes_dup(name);
    return note_line(s, NULL, error);
}

/* GKeyFile's escapes, undone into `out`, which has room for value.len bytes. */
static bool unescape(Bytes value, char *out, size_t *out_len)
{
    static const char from[] = "sntr\\";
    static const char to[] = " \n\t\r\\";
    size_t n = 0;
    for (size_t i = 0; i < value.len; i++) {
        char c = value.data[i];
        if (c == '\\') {
            const char *found = ++i < value.len ? strchr(from, value.data[i]) : NULL;
            if (!found || !*found) {
                return false;
            }
            c = to[found - from];
        }
        out[n++] = c;
    }
    *out_len = n;
    return true;
}

static bool take_password(Scanner *s, Bytes value, GError **error)
{
    char *plain = g_malloc(value.len + 1);
    size_t len = 0;
    bool good = unescape(value, plain, &len) && len > 0;
    if (good) {
        g_hash_table_insert(s->scan->passwords, g_strdup(s->section), secret_new(plain, len));
    }
    secret_wipe(plain, value.len + 1);
    g_free(plain);
    return good || error_fail(error, POSTERN_ERROR_CONFIG,
                              "%s:%u: [%s] password: expected some text, in which a backslash is "
                              "written \\\\",
                              s->file, s->line, s->section);
}

static bool scan_key(Scanner *s, Bytes line, GError **error)
{
    gssize equals = bytes_index(line, '=');
    Bytes key = bytes_trim(bytes_sub(line, 0, equals < 0 ? 0 : (size_t)equals));
    bool good = equals >= 0 && key.len > 0 && s->section;
    for (size_t i = 0; good && i < key.len; i++) {
        good = !g_ascii_iscntrl(key.data[i]);
    }
    if (!good) {
        return fail_syntax(s, error);
    }
    g_autofree char *name = bytes_dup(key);
    if (!note_line(s, name, error)) {
        return false;
    }
    if (strcmp(name, "password") != 0) {
        return true;
    }
    Bytes value = bytes_trim(bytes_sub(line, (size_t)equals + 1, line.len));
    if (!take_password(s, value, error)) {
        return false;
    }
    memset((char *)value.data, '*', value.len);
    return true;
}

static bool scan_line(Scanner *s, Bytes line, GError **error)
{
    line = bytes_trim(line);
    if (line.len == 0 || line.data[0] == '#') {
        return true;
    }
    return line.data[0] == '[' ? scan_section(s, line, error) : scan_key(s, line, error);
}

static bool scan_all(Scanner *s, Bytes text, GError **error)
{
    if (memchr(text.data, '\0', text.len) || !g_utf8_validate(text.data, (gssize)text.len, NULL)) {
        return error_fail(error, POSTERN_ERROR_CONFIG, "%s: this is not UTF-8 text", s->file);
    }
    while (text.len > 0) {
        gssize end = bytes_index(text, '\n');
        size_t len = end < 0 ? text.len : (size_t)end;
        s->line++;
        if (!scan_line(s, bytes_sub(text, 0, len), error)) {
            return false;
        }
        text = bytes_sub(text, len + 1, text.len);
    }
    return true;
}

bool accounts_scan(char *text, size_t len, const char *file, AccountsScan *ret, GError **error)
{
    *ret = (AccountsScan){
        .lines = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
        .passwords =
            g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)secret_free),
    };
    Scanner s = {.scan = ret, .file = file};
    bool good = len == 0 || scan_all(&s, (Bytes){text, len}, error);
    g_free(s.section);
    if (!good) {
        accounts_scan_clear(ret);
    }
    return good;
}
