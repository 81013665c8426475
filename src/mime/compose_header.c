#include "mime/compose_header.h"

#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/escape.h"
#include "mime/address.h"

enum { WIDTH = 76, WORD_MAX = 900, PIECE_OCTETS = 42 };

/* --- words --- */

static size_t column(const GString *out)
{
    const char *lf = strrchr(out->str, '\n');
    return lf ? out->len - (size_t)(lf + 1 - out->str) : out->len;
}

/* The blanks in front of a word begin a new line where it would not fit; a line of blanks alone
 * must not come of it. */
static void put(GString *out, const char *blanks, size_t n_blanks, const char *word, size_t len)
{
    if (n_blanks && column(out) + n_blanks + len > WIDTH) {
        g_string_append_c(out, '\n');
    }
    g_string_append_len(out, blanks, (gssize)n_blanks);
    g_string_append_len(out, word, (gssize)len);
}

static bool is_to_be_encoded(const char *word, size_t len)
{
    bool plain = len <= WORD_MAX && !g_strstr_len(word, (gssize)len, "=?");
    for (size_t i = 0; i < len && plain; i++) {
        plain = (unsigned char)word[i] < 0x80;
    }
    return !plain;
}

/* As encoded words of at most 75 characters, blanks and all (RFC 2047 2). */
static void put_encoded(GString *out, const char *blanks, size_t n_blanks, const char *text,
                        size_t len)
{
    for (const char *at = text, *end = text + len; at < end;) {
        const char *next = at;
        while (next < end && g_utf8_next_char(next) - at <= PIECE_OCTETS) {
            next = g_utf8_next_char(next);
        }
        g_autofree char *base64 = bytes_base64((Bytes){at, (size_t)(next - at)});
        g_autofree char *word = g_strconcat("=?UTF-8?B?", base64, "?=", NULL);
        put(out, at == text ? blanks : " ", at == text ? n_blanks : 1, word, strlen(word));
        at = next;
    }
}

static size_t blanks_at(const char *text)
{
    return strspn(text, " \t");
}

/* The end of the run of words that are to be encoded together: what stands between two encoded
 * words is not seen. */
static const char *run_end(const char *word)
{
    const char *end = word + strcspn(word, " \t");
    while (*end) {
        const char *next = end + blanks_at(end);
        size_t len = strcspn(next, " \t");
        if (!is_to_be_encoded(next, len)) {
            break;
        }
        end = next + len;
    }
    return end;
}

static void put_words(GString *out, const char *text)
{
    for (const char *at = text; *at;) {
        size_t n_blanks = blanks_at(at);
        const char *word = at + n_blanks;
        size_t len = strcspn(word, " \t");
        if (is_to_be_encoded(word, len)) {
            len = (size_t)(run_end(word) - word);
            put_encoded(out, at, n_blanks, word, len);
        } else if (len) {
            put(out, at, n_blanks, word, len);
        }
        at = word + len;
    }
}

void compose_field(GString *out, const char *name, const char *value)
{
    g_string_append_printf(out, "%s:", name);
    g_autofree char *text = g_strconcat(" ", value, NULL);
    put_words(out, text);
    g_string_append_c(out, '\n');
}

/* --- addresses --- */

static const char atom_signs[] = "!#$%&'*+-/=?^_`{|}~";

static bool is_phrase(const char *name)
{
    bool good = *name != '\0' && !strstr(name, "=?");
    for (const char *c = name; good && *c; c++) {
        good = g_ascii_isalnum(*c) || *c == ' ' || strchr(atom_signs, *c);
    }
    return good;
}

/* A name is one word to who folds; an encoded one brings its own folds. */
static char *phrase_of(const char *name)
{
    bool encoded_already = g_str_has_prefix(name, "=?") && g_str_has_suffix(name, "?=");
    if (is_phrase(name) || (encoded_already && g_str_is_ascii(name))) {
        return g_strdup(name);
    }
    GString *out = g_string_new(NULL);
    if (g_str_is_ascii(name) && strlen(name) < WORD_MAX / 2) {
        g_string_append_c(out, '"');
        for (const char *c = name; *c; c++) {
            g_string_append_printf(out, "%s%c", strchr("\"\\", *c) ? "\\" : "", *c);
        }
        g_string_append_c(out, '"');
    } else {
        put_encoded(out, "", 0, name, strlen(name));
    }
    return g_string_free(out, FALSE);
}

char *compose_mailbox(const char *name, const char *address)
{
    g_autofree char *phrase = name && *name ? phrase_of(name) : NULL;
    return phrase ? g_strconcat(phrase, " <", address, ">", NULL) : g_strdup(address);
}

/* "Müller, Jürgen <j@b>": the comma makes two of it, and the first would be somebody else. */
static bool is_half_a_name(const GArray *entries, guint i)
{
    const AddressEntry *entry = &g_array_index(entries, AddressEntry, i);
    const AddressEntry *next =
        i + 1 < entries->len ? &g_array_index(entries, AddressEntry, i + 1) : NULL;
    bool bare = entry->address && !entry->name && !strchr(entry->address, '@');
    return bare && ((next && next->name && next->address) || !g_str_is_ascii(entry->address));
}

static char *entry_text(const AddressEntry *entry, GError **error)
{
    if (!entry->address) {
        g_autofree char *group = entry->name ? phrase_of(entry->name) : NULL;
        return group ? g_strconcat(group, ":", NULL) : g_strdup(";");
    }
    g_autofree char *address = address_for_envelope(entry->address, error);
    return address ? compose_mailbox(entry->name, address) : NULL;
}

/* No comma stands behind a group's name or before its end. */
static bool add_list(GString *out, const char *list, bool *first, GError **error)
{
    g_autoptr(GArray) entries = address_entries(bytes_of(list), error);
    if (entries && !entries->len) {
        return error_fail(error, POSTERN_ERROR_DATA, "\"%s\" is no address", list);
    }
    for (guint i = 0; entries && i < entries->len; i++) {
        const AddressEntry *entry = &g_array_index(entries, AddressEntry, i);
        if (is_half_a_name(entries, i)) {
            g_autofree char *shown = escape_line_max(bytes_of(list), WIDTH);
            return error_fail(error, POSTERN_ERROR_DATA,
                              "\"%s\": \"%s\" is no address; a name with a comma needs quotes: "
                              "'\"Doe, Joe\" <joe@example.org>'",
                              shown, entry->address);
        }
        g_autofree char *text = entry_text(entry, error);
        if (!text) {
            return false;
        }
        bool ends_group = !strcmp(text, ";");
        if (!*first && !ends_group) {
            g_string_append_c(out, ',');
        }
        size_t len = strcspn(text, "\n");
        put(out, " ", ends_group ? 0 : 1, text, len);
        g_string_append(out, text + len);
        *first = !entry->address && entry->name;
    }
    return entries != NULL;
}

bool compose_address_field(GString *out, const char *name, const char *const *lists, GError **error)
{
    g_autoptr(GString) field = g_string_new(name);
    g_string_append_c(field, ':');
    size_t empty = field->len;
    bool first = true;
    for (size_t i = 0; lists && lists[i]; i++) {
        if (!add_list(field, lists[i], &first, error)) {
            return false;
        }
    }
    if (field->len > empty) {
        g_string_append_printf(out, "%s\n", field->str);
    }
    return true;
}
