/* explain_header.c: RFC 2047 words of a header field decoded, to be shown beside the line. Pure; a
 * fuzz target. */
#include <string.h>

#include "base/escape.h"
#include "report/explain.h"

#define FIELD_MAX 16384 /* octets of a line that are looked at */
#define SHOWN_MAX 1000  /* characters of the result */

typedef struct {
    Bytes charset, text;
    char encoding; /* 'B' or 'Q' */
    size_t len;    /* of the whole word, "=?" to "?=" */
} EncodedWord;

/* The charsets mail is written in, as libc calls them. A closed list: libc has hundreds of
 * converters, the odd ones with bugs of their own, and what a message asks for is not ours to load.
 * A name that ends in '*' stands for all that begin so. */
static const struct {
    const char *mail, *libc;
} charsets[] = {
    {"utf-8", "UTF-8"},           {"utf8", "UTF-8"},
    {"us-ascii", "UTF-8"},        {"ascii", "UTF-8"},
    {"utf-7", "UTF-7"},           {"iso-8859-*", NULL},
    {"iso8859-1", "ISO-8859-1"},  {"latin1", "ISO-8859-1"},
    {"windows-125*", NULL},       {"cp125*", NULL},
    {"koi8-r", "KOI8-R"},         {"koi8-u", "KOI8-U"},
    {"gb2312", "GB18030"},        {"gbk", "GB18030"},
    {"gb18030", "GB18030"},       {"big5", "BIG5"},
    {"big5-hkscs", "BIG5-HKSCS"}, {"shift_jis", "CP932"},
    {"shift-jis", "CP932"},       {"sjis", "CP932"},
    {"cp932", "CP932"},           {"windows-31j", "CP932"},
    {"euc-jp", "EUC-JP"},         {"iso-2022-jp", "ISO-2022-JP"},
    {"euc-kr", "CP949"},          {"ks_c_5601-1987", "CP949"},
    {"cp949", "CP949"},           {"iso-2022-kr", "ISO-2022-KR"},
    {"tis-620", "TIS-620"},       {"macintosh", "MACINTOSH"},
    {"cp850", "CP850"},           {"ibm850", "CP850"},
    {"cp437", "CP437"},           {"ibm437", "CP437"},
    {"cp866", "CP866"},           {"ibm866", "CP866"},
};

/* The caller frees it; NULL when it is none of them. */
static char *libc_charset(Bytes charset)
{
    g_autofree char *copy = bytes_dup(charset);
    g_autofree char *name = g_ascii_strdown(copy, -1);
    for (size_t i = 0; i < G_N_ELEMENTS(charsets); i++) {
        const char *known = charsets[i].mail;
        size_t len = strlen(known);
        bool family = known[len - 1] == '*';
        const char *number = name + len - 1;
        if (!family && strcmp(name, known) == 0) {
            return g_strdup(charsets[i].libc);
        }
        if (family && strncmp(name, known, len - 1) == 0 && number[0] != '\0' &&
            strlen(number) <= 2 && number[strspn(number, "0123456789")] == '\0') {
            return g_ascii_strup(name, -1);
        }
    }
    return NULL;
}

/* "=?charset*lang?Q?text?=" at the front of b. */
static bool parse_word(Bytes b, EncodedWord *ret)
{
    if (!bytes_starts(b, "=?")) {
        return false;
    }
    Bytes rest = bytes_sub(b, 2, b.len);
    gssize charset_end = bytes_index(rest, '?');
    Bytes behind_charset =
        charset_end <= 0 ? BYTES_NONE : bytes_sub(rest, (size_t)charset_end + 1, rest.len);
    if (behind_charset.len < 4 || behind_charset.data[1] != '?') {
        return false;
    }
    Bytes text = bytes_sub(behind_charset, 2, behind_charset.len);
    gssize text_end = bytes_index(text, '?');
    if (text_end < 0 || (size_t)text_end + 1 >= text.len || text.data[text_end + 1] != '=') {
        return false;
    }
    ret->charset = bytes_sub(rest, 0, (size_t)charset_end);
    gssize language = bytes_index(ret->charset, '*'); /* RFC 2231 5 */
    if (language >= 0) {
        ret->charset = bytes_sub(ret->charset, 0, (size_t)language);
    }
    ret->encoding = g_ascii_toupper(behind_charset.data[0]);
    ret->text = bytes_sub(text, 0, (size_t)text_end);
    ret->len = (size_t)(text.data + text_end + 2 - b.data);
    return ret->encoding == 'B' || ret->encoding == 'Q';
}

static void decode_q(GByteArray *out, Bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        guint8 c = (guint8)text.data[i];
        int high = c == '=' && i + 2 < text.len ? g_ascii_xdigit_value(text.data[i + 1]) : -1;
        int low = high >= 0 ? g_ascii_xdigit_value(text.data[i + 2]) : -1;
        if (low >= 0) {
            c = (guint8)(high * 16 + low);
            i += 2;
        } else if (c == '_') {
            c = ' ';
        }
        g_byte_array_append(out, &c, 1);
    }
}

/* Lenient: padding that is missing is no reason not to read a subject. */
static bool decode_b(GByteArray *out, Bytes text)
{
    g_autoptr(GString) padded = g_string_new_len(text.len > 0 ? text.data : "", (gssize)text.len);
    while (padded->len % 4 != 0) {
        g_string_append_c(padded, '=');
    }
    g_autoptr(GByteArray) raw = bytes_base64_decode(bytes_of_string(padded));
    if (raw == NULL) {
        return false;
    }
    g_byte_array_append(out, raw->data, raw->len);
    return true;
}

/* Octets of one charset, gathered over adjacent words: senders cut characters in two (RFC 2047 5
 * forbids it, many do). */
typedef struct {
    GString *out;
    GByteArray *raw;
    char *charset; /* of raw; NULL: nothing gathered */
    bool decoded;
} Decoder;

static void flush(Decoder *d)
{
    if (d->charset == NULL || d->raw->len == 0) {
        g_clear_pointer(&d->charset, g_free);
        return;
    }
    g_autofree char *utf8 = g_convert_with_fallback((const char *)d->raw->data, d->raw->len,
                                                    "UTF-8", d->charset, "?", NULL, NULL, NULL);
    if (utf8 != NULL) {
        g_string_append(d->out, utf8);
    } else {
        g_string_append_len(d->out, (const char *)d->raw->data, d->raw->len); /* shown escaped */
    }
    g_byte_array_set_size(d->raw, 0);
    g_clear_pointer(&d->charset, g_free);
}

static bool take_word(Decoder *d, const EncodedWord *word)
{
    g_autofree char *charset = libc_charset(word->charset);
    if (charset == NULL) {
        return false;
    }
    if (d->charset == NULL || strcmp(charset, d->charset) != 0) {
        flush(d);
        d->charset = g_steal_pointer(&charset);
    }
    if (word->encoding == 'Q') {
        decode_q(d->raw, word->text);
    } else if (!decode_b(d->raw, word->text)) {
        return false;
    }
    d->decoded = true;
    return true;
}

static size_t blanks(Bytes b)
{
    size_t n = 0;
    while (n < b.len && (b.data[n] == ' ' || b.data[n] == '\t')) {
        n++;
    }
    return n;
}

/* Blanks between two encoded words are not part of the text (RFC 2047 6.2). */
static Bytes skip_between_words(Bytes b)
{
    EncodedWord next;
    Bytes behind = bytes_sub(b, blanks(b), b.len);
    return parse_word(behind, &next) ? behind : b;
}

static void decode(Decoder *d, Bytes b)
{
    while (b.len > 0) {
        EncodedWord word;
        if (parse_word(b, &word) && take_word(d, &word)) {
            b = skip_between_words(bytes_sub(b, word.len, b.len));
            continue;
        }
        flush(d);
        g_string_append_c(d->out, b.data[0]);
        b = bytes_sub(b, 1, b.len);
    }
    flush(d);
}

char *explain_header_field(Bytes line)
{
    Bytes field = bytes_sub(line, 0, FIELD_MAX);
    Decoder d = {.out = g_string_new(NULL), .raw = g_byte_array_new()};
    decode(&d, field);
    char *shown = d.decoded ? escape_line_max(bytes_trim(bytes_of_string(d.out)), SHOWN_MAX) : NULL;
    g_string_free(d.out, TRUE);
    g_byte_array_unref(d.raw);
    return shown;
}
