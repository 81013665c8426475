/* mime_text.c: decoding for SEARCH. */
#include "server/mime_text.h"

#include <string.h>

/* --- charsets --- */

/* Octets of a charset as valid UTF-8. The caller frees it. */
static char *to_utf8(Bytes octets, const char *charset)
{
    const char *data = octets.data ? octets.data : "";
    bool is_utf8 = !charset || g_ascii_strcasecmp(charset, "UTF-8") == 0 ||
                   g_ascii_strcasecmp(charset, "US-ASCII") == 0;
    char *text = is_utf8 ? NULL
                         : g_convert_with_fallback(data, (gssize)octets.len, "UTF-8", charset, "?",
                                                   NULL, NULL, NULL);
    return text ? text : g_utf8_make_valid(data, (gssize)octets.len);
}

/* --- transfer encodings --- */

static int hex_digit(char c)
{
    return g_ascii_xdigit_value(c);
}

static GString *decode_quoted(Bytes in, bool header)
{
    GString *out = g_string_sized_new(in.len);
    for (size_t i = 0; i < in.len; i++) {
        char c = in.data[i];
        if (c == '_' && header) {
            g_string_append_c(out, ' ');
        } else if (c != '=') {
            g_string_append_c(out, c);
        } else if (i + 2 < in.len && hex_digit(in.data[i + 1]) >= 0 &&
                   hex_digit(in.data[i + 2]) >= 0) {
            g_string_append_c(out,
                              (char)(hex_digit(in.data[i + 1]) << 4 | hex_digit(in.data[i + 2])));
            i += 2;
        } else { /* a soft line break: all up to the line's end */
            size_t end = i + 1;
            while (end < in.len &&
                   (in.data[end] == ' ' || in.data[end] == '\t' || in.data[end] == '\r')) {
                end++;
            }
            if (end < in.len && in.data[end] == '\n') {
                i = end;
            } else {
                g_string_append_c(out, c);
            }
        }
    }
    return out;
}

/* What is no base64 is skipped. */
static GString *decode_base64(Bytes in)
{
    GString *out = g_string_sized_new(in.len / 4 * 3 + 4);
    gint state = 0;
    guint save = 0;
    gsize n = g_base64_decode_step(in.data, in.len, (guchar *)out->str, &state, &save);
    g_string_set_size(out, n);
    return out;
}

/* --- encoded words (RFC 2047) --- */

/* "=?utf-8?q?x?=" at the front: its parts; the length is returned, 0: it is none. */
static size_t split_word(Bytes in, Bytes *charset, char *encoding, Bytes *text)
{
    if (!bytes_starts(in, "=?")) {
        return 0;
    }
    Bytes rest = bytes_sub(in, 2, SIZE_MAX);
    gssize first = bytes_index(rest, '?');
    if (first <= 0 || (size_t)first + 3 >= rest.len || rest.data[first + 2] != '?') {
        return 0;
    }
    *charset = bytes_sub(rest, 0, (size_t)first);
    *encoding = g_ascii_tolower(rest.data[first + 1]);
    rest = bytes_sub(rest, (size_t)first + 3, SIZE_MAX);
    gssize end = bytes_index(rest, '?');
    if (end < 0 || (size_t)end + 1 >= rest.len || rest.data[end + 1] != '=' ||
        (*encoding != 'q' && *encoding != 'b')) {
        return 0;
    }
    *text = bytes_sub(rest, 0, (size_t)end);
    return in.len - rest.len + (size_t)end + 2;
}

static char *decode_word(Bytes charset, char encoding, Bytes text)
{
    g_autofree char *name = bytes_dup(charset);
    char *language = strchr(name, '*'); /* RFC 2231 section 5 */
    if (language) {
        *language = '\0';
    }
    GString *octets = encoding == 'q' ? decode_quoted(text, true) : decode_base64(text);
    char *decoded = to_utf8(bytes_of_string(octets), name);
    g_string_free(octets, TRUE);
    return decoded;
}

char *mime_header_text(Bytes value)
{
    g_autofree char *line = mime_unfold(value);
    GString *out = g_string_new(NULL);
    Bytes in = bytes_of(line);
    size_t after_word = SIZE_MAX; /* where `out` ended behind the last encoded word */
    while (in.len > 0) {
        Bytes charset, text;
        char encoding;
        size_t n = split_word(in, &charset, &encoding, &text);
        if (n == 0) {
            bool blank = in.data[0] == ' ' || in.data[0] == '\t';
            after_word = blank ? after_word : SIZE_MAX;
            g_string_append_c(out, in.data[0]);
            in = bytes_sub(in, 1, SIZE_MAX);
            continue;
        }
        if (after_word != SIZE_MAX) { /* blanks between two encoded words are none */
            g_string_truncate(out, after_word);
        }
        g_autofree char *decoded = decode_word(charset, encoding, text);
        g_string_append(out, decoded);
        after_word = out->len;
        in = bytes_sub(in, n, SIZE_MAX);
    }
    char *valid = g_utf8_make_valid(out->str, (gssize)out->len);
    g_string_free(out, TRUE);
    return valid;
}

/* --- finding --- */

bool mime_text_has(const char *text, const char *folded)
{
    g_autofree char *own =
        g_str_is_ascii(text) ? g_ascii_strdown(text, -1) : g_utf8_casefold(text, -1);
    return strstr(own, folded) != NULL;
}

static void drop_nuls(GString *text)
{
    gsize kept = 0;
    for (gsize i = 0; i < text->len; i++) {
        if (text->str[i] != '\0') {
            text->str[kept++] = text->str[i];
        }
    }
    g_string_truncate(text, kept);
}

static GString *decode_body(Bytes header, Bytes body)
{
    Bytes value;
    if (mime_field(header, "Content-Transfer-Encoding", &value)) {
        value = bytes_trim(value);
        if (bytes_equal_ci(value, "quoted-printable")) {
            return decode_quoted(body, false);
        }
        if (bytes_equal_ci(value, "base64")) {
            return decode_base64(body);
        }
    }
    return g_string_new_len(body.data ? body.data : "", (gssize)body.len);
}

bool mime_part_has(const MimeParts *tree, const MimePart *part, const char *folded)
{
    MimeContent type;
    mime_part_type(tree, part, &type);
    bool found = false;
    if (part->kind == MIME_LEAF && (g_ascii_strcasecmp(type.type, "text") == 0 ||
                                    g_ascii_strcasecmp(type.type, "message") == 0)) {
        GString *octets = decode_body(mime_part_header(tree, part), mime_part_body(tree, part));
        drop_nuls(octets);
        g_autofree char *text =
            to_utf8(bytes_of_string(octets), mime_content_param(&type, "charset"));
        found = mime_text_has(text, folded);
        g_string_free(octets, TRUE);
    }
    mime_content_clear(&type);
    return found;
}

bool mime_header_has(Bytes header, const char *folded)
{
    Bytes whole, name, value;
    while (mime_field_next(&header, &whole, &name, &value)) {
        g_autofree char *text = mime_header_text(value);
        g_autofree char *title = bytes_dup(name);
        g_autofree char *line = g_strdup_printf("%s: %s", title, text);
        g_autofree char *valid = g_utf8_make_valid(line, -1);
        if (mime_text_has(valid, folded)) {
            return true;
        }
    }
    return false;
}

/* --- dates --- */

static unsigned month_of(Bytes word)
{
    static const char months[] = "janfebmaraprmayjunjulaugsepoctnovdec";
    for (unsigned i = 0; word.len >= 3 && i < 12; i++) {
        if (g_ascii_strncasecmp(word.data, months + (size_t)i * 3, 3) == 0) {
            return i + 1;
        }
    }
    return 0;
}

uint32_t mime_date(Bytes value)
{
    MimeLexer lexer = {.rest = value};
    Bytes day, month, year;
    uint64_t d = 0, y = 0;
    bool good = mime_token(&lexer, ",", &day);
    if (good && !g_ascii_isdigit(day.data[0])) {
        mime_special(&lexer, ',');
        good = mime_token(&lexer, ",", &day);
    }
    good = good && mime_token(&lexer, ",", &month) && mime_token(&lexer, ",", &year) &&
           bytes_number(day, 31, &d) && d > 0 && month_of(month) && bytes_number(year, 9999, &y);
    mime_lexer_clear(&lexer);
    y += !good || y > 999 ? 0 : year.len == 3 ? 1900 : y < 50 ? 2000 : 1900; /* RFC 5322 4.3 */
    return good ? (uint32_t)(y * 10000 + month_of(month) * 100 + d) : 0;
}
