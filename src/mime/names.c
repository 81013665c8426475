/* names.c: safe file names. */
#include "mime/names.h"

#include <string.h>

static const struct {
    const char *type, *extension;
} extensions[] = {
    {"text/plain", ".txt"},
    {"text/html", ".html"},
    {"text/calendar", ".ics"},
    {"text/csv", ".csv"},
    {"text/vcard", ".vcf"},
    {"text/x-vcard", ".vcf"},
    {"text/xml", ".xml"},
    {"image/png", ".png"},
    {"image/jpeg", ".jpg"},
    {"image/gif", ".gif"},
    {"image/webp", ".webp"},
    {"image/svg+xml", ".svg"},
    {"image/tiff", ".tiff"},
    {"image/bmp", ".bmp"},
    {"audio/mpeg", ".mp3"},
    {"audio/wav", ".wav"},
    {"audio/x-wav", ".wav"},
    {"video/mp4", ".mp4"},
    {"application/pdf", ".pdf"},
    {"application/zip", ".zip"},
    {"application/gzip", ".gz"},
    {"application/json", ".json"},
    {"application/xml", ".xml"},
    {"application/rtf", ".rtf"},
    {"application/msword", ".doc"},
    {"application/ms-tnef", ".dat"},
    {"application/pgp-signature", ".asc"},
    {"application/pgp-encrypted", ".asc"},
    {"application/pgp-keys", ".asc"},
    {"application/pkcs7-signature", ".p7s"},
    {"application/x-pkcs7-signature", ".p7s"},
    {"application/pkcs7-mime", ".p7m"},
    {"application/x-pkcs7-mime", ".p7m"},
    {"message/rfc822", ".eml"},
    {"message/global", ".eml"},
};

static const char *extension_of(const char *type)
{
    for (size_t i = 0; i < G_N_ELEMENTS(extensions); i++) {
        if (g_ascii_strcasecmp(extensions[i].type, type) == 0) {
            return extensions[i].extension;
        }
    }
    return g_ascii_strncasecmp(type, "text/", 5) == 0 ? ".txt" : ".bin";
}

static const char *last_component(const char *name)
{
    const char *slash = strrchr(name, '/');
    name = slash ? slash + 1 : name;
    const char *backslash = strrchr(name, '\\');
    return backslash ? backslash + 1 : name;
}

/* Controls, unassigned, private, surrogates, and what is invisible or reorders: format characters,
 * line separators, variation selectors, fillers. */
static bool unwanted(gunichar c)
{
    switch (g_unichar_type(c)) {
    case G_UNICODE_CONTROL:
    case G_UNICODE_FORMAT:
    case G_UNICODE_UNASSIGNED:
    case G_UNICODE_PRIVATE_USE:
    case G_UNICODE_SURROGATE:
    case G_UNICODE_LINE_SEPARATOR:
    case G_UNICODE_PARAGRAPH_SEPARATOR:
        return true;
    default:
        return g_unichar_iszerowidth(c) && !g_unichar_ismark(c);
    }
}

static void append_cleaned(GString *out, const char *name)
{
    for (const char *at = name; *at; at = g_utf8_next_char(at)) {
        gunichar c = g_utf8_get_char(at);
        if (c < 0x80 && strchr("<>:\"|?*`$!&;'%", (int)c) != NULL) {
            g_string_append_c(out, '_');
        } else if (g_unichar_isspace(c)) {
            g_string_append_c(out, ' ');
        } else if (!unwanted(c)) {
            g_string_append_unichar(out, c);
        }
    }
}

/* A leading dot hides a file, a leading dash makes it an option, a trailing dot or blank is not
 * kept everywhere. */
static void trim_ends(GString *name)
{
    while (name->len > 0 && strchr(". ", name->str[name->len - 1]) != NULL) {
        g_string_truncate(name, name->len - 1);
    }
    size_t skip = strspn(name->str, ". ");
    g_string_erase(name, 0, (gssize)skip);
    if (name->str[0] == '-' || name->str[0] == '~') {
        name->str[0] = '_';
    }
}

/* Names that are devices in Windows, whatever follows the first dot. */
static bool is_device(const char *name)
{
    static const char *const devices[] = {"CON",    "PRN",     "AUX",   "NUL",
                                          "CONIN$", "CONOUT$", "CLOCK$"};
    g_autofree char *stem = g_strndup(name, strcspn(name, "."));
    g_strchomp(stem);
    for (size_t i = 0; i < G_N_ELEMENTS(devices); i++) {
        if (g_ascii_strcasecmp(stem, devices[i]) == 0) {
            return true;
        }
    }
    bool port =
        g_ascii_strncasecmp(stem, "COM", 3) == 0 || g_ascii_strncasecmp(stem, "LPT", 3) == 0;
    return port && g_utf8_strlen(stem, -1) == 4 && g_unichar_isalnum(g_utf8_get_char(stem + 3)) &&
           !g_ascii_isalpha(stem[3]);
}

/* Where the extension begins; the end when there is none. A dot in front is none. */
static size_t extension_at(const char *name)
{
    const char *dot = strrchr(name, '.');
    bool is_one = dot != NULL && dot != name && strlen(dot) <= 16;
    return is_one ? (size_t)(dot - name) : strlen(name);
}

/* At most max bytes, at a character's border. */
static size_t cut_at(const char *text, size_t len, size_t max)
{
    if (len <= max) {
        return len;
    }
    while (max > 0 && ((uint8_t)text[max] & 0xc0) == 0x80) {
        max--;
    }
    return max;
}

static void shorten(GString *name)
{
    if (name->len <= NAMES_MAX) {
        return;
    }
    size_t at = extension_at(name->str);
    size_t keep = cut_at(name->str, at, NAMES_MAX - (name->len - at));
    g_string_erase(name, (gssize)keep, (gssize)(at - keep));
    g_string_truncate(name, cut_at(name->str, name->len, NAMES_MAX));
}

char *names_safe(const char *name, const char *section, const char *type)
{
    GString *out = g_string_new(NULL);
    if (name != NULL) {
        g_autofree char *valid = g_utf8_make_valid(last_component(name), -1);
        append_cleaned(out, valid);
        trim_ends(out);
        shorten(out);
        trim_ends(out);
    }
    if (out->len == 0) {
        g_string_printf(out, "part-%s%s", section, extension_of(type));
    }
    if (is_device(out->str)) {
        g_string_prepend_c(out, '_');
    }
    return g_string_free(out, FALSE);
}

char *names_numbered(const char *name, unsigned n)
{
    size_t at = extension_at(name);
    return g_strdup_printf("%.*s-%u%s", (int)at, name, n, name + at);
}
