#include "base/escape.h"

#include <string.h>

/* What reorders text, takes no room, or starts a line nobody asked for. Joiners are among them
 * although some scripts and emoji use them: what a server says is shown so that nothing hides in
 * it, not so that it is beautiful. */
static const struct {
    gunichar first, last;
} deceiving[] = {
    {0x80, 0x9f},       /* C1 controls: 0x9b is CSI */
    {0xad, 0xad},       /* soft hyphen */
    {0x34f, 0x34f},     /* combining grapheme joiner */
    {0x61c, 0x61c},     /* Arabic letter mark */
    {0x115f, 0x1160},   /* Hangul fillers */
    {0x17b4, 0x17b5},   /* Khmer inherent vowels: invisible */
    {0x180b, 0x180f},   /* Mongolian selectors and vowel separator */
    {0x200b, 0x200f},   /* zero width space and joiners, left-to-right and right-to-left mark */
    {0x2028, 0x202e},   /* line and paragraph separator, bidi embeddings and overrides */
    {0x2060, 0x206f},   /* word joiner, invisible operators, bidi isolates, deprecated controls */
    {0x3164, 0x3164},   /* Hangul filler */
    {0xfeff, 0xfeff},   /* byte order mark */
    {0xffa0, 0xffa0},   /* half-width Hangul filler */
    {0xfff9, 0xfffb},   /* interlinear annotation */
    {0x1d173, 0x1d17a}, /* musical formatting */
    {0xe0000, 0xe0fff}, /* tags and variation selectors */
};

static bool deceives(gunichar c)
{
    for (size_t i = 0; i < G_N_ELEMENTS(deceiving); i++) {
        if (c >= deceiving[i].first && c <= deceiving[i].last) {
            return true;
        }
    }
    return false;
}

/* The length of the character b starts with when it may be shown as it is, else 0. */
static size_t harmless(Bytes b, gunichar *ret_char)
{
    uint8_t first = (uint8_t)b.data[0];
    if (first < 0x80) {
        *ret_char = first;
        return first == '\t' || (first >= 0x20 && first != 0x7f) ? 1 : 0;
    }
    gunichar c = g_utf8_get_char_validated(b.data, (gssize)b.len);
    if (c == (gunichar)-1 || c == (gunichar)-2) {
        *ret_char = 0;
        return 0;
    }
    *ret_char = c;
    return deceives(c) ? 0 : (size_t)g_unichar_to_utf8(c, NULL);
}

/* Appends what the front of b (not empty) is shown as; returns how many of its bytes that were. */
static size_t append_front(GString *out, Bytes b)
{
    gunichar c;
    size_t len = harmless(b, &c);
    if (len > 0) {
        g_string_append_len(out, b.data, (gssize)len);
        return len;
    }
    if (c >= 0x80) {
        g_string_append_printf(out, "\\u{%04X}", c);
        return (size_t)g_unichar_to_utf8(c, NULL);
    }
    if (b.data[0] == '\r' || b.data[0] == '\n') {
        g_string_append(out, b.data[0] == '\r' ? "\\r" : "\\n");
    } else {
        g_string_append_printf(out, "\\x%02X", (uint8_t)b.data[0]);
    }
    return 1;
}

static Bytes behind(Bytes b, size_t taken)
{
    return (Bytes){b.data + taken, b.len - taken};
}

char *escape_line(Bytes b)
{
    GString *out = g_string_sized_new(b.len);
    while (b.len > 0) {
        b = behind(b, append_front(out, b));
    }
    return g_string_free(out, FALSE);
}

char *escape_text(Bytes b)
{
    GString *out = g_string_sized_new(b.len);
    while (b.len > 0) {
        size_t taken = 1;
        if (b.data[0] == '\n') {
            g_string_append_c(out, '\n');
        } else if (b.data[0] != '\r' || b.len == 1 || b.data[1] != '\n') {
            taken = append_front(out, b);
        }
        b = behind(b, taken);
    }
    return g_string_free(out, FALSE);
}

char *escape_line_max(Bytes b, size_t max_chars)
{
    GString *out = g_string_new(NULL);
    size_t shown = 0;
    while (b.len > 0) {
        size_t before = out->len;
        size_t taken = append_front(out, b);
        shown += (size_t)g_utf8_strlen(out->str + before, (gssize)(out->len - before));
        if (shown > max_chars) {
            g_string_truncate(out, before);
            g_string_append_printf(out, "... (+%zu bytes)", b.len);
            break;
        }
        b = behind(b, taken);
    }
    return g_string_free(out, FALSE);
}

/* For what single quotes would put raw on a terminal: $'...' (POSIX 2024; bash, zsh, ksh and
 * busybox had it before). */
static char *quote_with_escapes(const char *word)
{
    GString *out = g_string_new("$'");
    for (Bytes b = bytes_of(word); b.len > 0;) {
        gunichar c;
        size_t len = harmless(b, &c);
        if (len == 0) {
            /* A byte at a time, in octal: always three digits, so that what follows cannot be taken
             * for a fourth. */
            g_string_append_printf(out, "\\%03o", (uint8_t)b.data[0]);
            len = 1;
        } else if (b.data[0] == '\'' || b.data[0] == '\\') {
            g_string_append_printf(out, "\\%c", b.data[0]);
        } else {
            g_string_append_len(out, b.data, (gssize)len);
        }
        b = behind(b, len);
    }
    g_string_append_c(out, '\'');
    return g_string_free(out, FALSE);
}

char *escape_shell(const char *word)
{
    static const char plain[] = G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "_@%+=:,./-";
    if (word[0] != '\0' && word[strspn(word, plain)] == '\0') {
        return g_strdup(word);
    }
    for (Bytes b = bytes_of(word); b.len > 0;) {
        gunichar c;
        size_t len = harmless(b, &c);
        if (len == 0) {
            return quote_with_escapes(word);
        }
        b = behind(b, len);
    }
    return g_shell_quote(word);
}
