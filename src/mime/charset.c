/* charset.c: iconv in pieces. */
#include "mime/charset.h"

#include <errno.h>
#include <string.h>

#define REPLACEMENT "\357\277\275"
#define CARRIED_MAX 32 /* of a character that goes on; no set has longer ones */

struct Charset {
    GIConv iconv; /* (GIConv)-1: UTF-8 or windows-1252, as it comes */
    char carried[CARRIED_MAX];
    size_t carried_len;
};

/* Names that mail uses and iconv does not know, or knows as something narrower than what is meant.
 */
static const char *real_name(const char *name)
{
    static const struct {
        const char *said, *meant;
    } names[] = {
        {"iso-8859-1", "windows-1252"},
        {"latin1", "windows-1252"},
        {"iso-8859-8-i", "iso-8859-8"},
        {"gb2312", "gb18030"},
        {"ks_c_5601-1987", "cp949"},
        {"euc-kr", "cp949"},
        {"shift_jis", "cp932"},
        {"x-sjis", "cp932"},
        {"unicode-1-1-utf-7", "utf-7"},
        {"x-mac-roman", "macintosh"},
        {"cp-850", "cp850"},
        {"x-gbk", "gbk"},
        {"utf8", "utf-8"},
        {"x-unknown", ""},
        {"unknown-8bit", ""},
        {"us-ascii", ""},
        {"ascii", ""},
        {"ansi_x3.4-1968", ""},
        {"utf-8", ""},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        if (g_ascii_strcasecmp(names[i].said, name) == 0) {
            return names[i].meant;
        }
    }
    return name;
}

/* "//" would be an instruction to iconv. */
static GIConv open_named(const char *name)
{
    name = real_name(name);
    bool sane = *name != '\0' && strlen(name) < 64 &&
                strspn(name, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "-_.:+()") == strlen(name);
    return sane ? g_iconv_open("UTF-8", name) : (GIConv)-1;
}

bool charset_known(const char *name)
{
    if (*real_name(name) == '\0') {
        return true;
    }
    GIConv iconv = open_named(name);
    bool known = iconv != (GIConv)-1;
    if (known) {
        g_iconv_close(iconv);
    }
    return known;
}

Charset *charset_new(const char *name)
{
    Charset *charset = g_new0(Charset, 1);
    charset->iconv = name ? open_named(name) : (GIConv)-1;
    return charset;
}

void charset_free(Charset *charset)
{
    if (charset != NULL) {
        if (charset->iconv != (GIConv)-1) {
            g_iconv_close(charset->iconv);
        }
        g_free(charset);
    }
}

/* --- UTF-8, else windows-1252 --- */

static void append_1252(GString *out, uint8_t c)
{
    static const gunichar upper[32] = {
        0x20ac, 0xfffd, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
        0x2039, 0x0152, 0xfffd, 0x017d, 0xfffd, 0xfffd, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
        0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0xfffd, 0x017e, 0x0178};
    g_string_append_unichar(out, c >= 0x80 && c < 0xa0 ? upper[c - 0x80] : c);
}

/* Takes what it can; returns how much is left because a character is not complete. */
static size_t take_utf8(Bytes text, GString *out, bool last)
{
    while (text.len > 0) {
        const char *end;
        g_utf8_validate_len(text.data, text.len, &end);
        g_string_append_len(out, text.data, end - text.data);
        text = bytes_sub(text, (size_t)(end - text.data), SIZE_MAX);
        if (text.len == 0) {
            break;
        }
        bool incomplete = (uint8_t)text.data[0] >= 0xc2 && text.len < 4 &&
                          g_utf8_get_char_validated(text.data, (gssize)text.len) == (gunichar)-2;
        if (incomplete && !last) {
            return text.len;
        }
        if (text.data[0] == '\0') {
            g_string_append_c(out, ' ');
        } else {
            append_1252(out, (uint8_t)text.data[0]);
        }
        text = bytes_sub(text, 1, SIZE_MAX);
    }
    return 0;
}

/* --- iconv --- */

static size_t take_iconv(GIConv iconv, Bytes text, GString *out, bool last)
{
    char *in = (char *)text.data;
    gsize left = text.len;
    char buffer[2000];
    while (left > 0) {
        char *to = buffer;
        gsize room = sizeof buffer;
        gsize done = g_iconv(iconv, &in, &left, &to, &room);
        int number = errno;
        g_string_append_len(out, buffer, to - buffer);
        if (done != (gsize)-1 || number == E2BIG) {
            continue;
        }
        if (number == EINVAL && !last && left < CARRIED_MAX) {
            return left;
        }
        g_string_append(out, REPLACEMENT);
        in++;
        left--;
    }
    return 0;
}

static size_t take(Charset *charset, Bytes text, GString *out, bool last)
{
    return charset->iconv == (GIConv)-1 ? take_utf8(text, out, last)
                                        : take_iconv(charset->iconv, text, out, last);
}

void charset_feed(Charset *charset, Bytes piece, GString *out)
{
    /* A character that began in the last piece: octet by octet until it is through. */
    while (charset->carried_len > 0 && piece.len > 0) {
        charset->carried[charset->carried_len++] = piece.data[0];
        piece = bytes_sub(piece, 1, SIZE_MAX);
        Bytes whole = {charset->carried, charset->carried_len};
        size_t left = take(charset, whole, out, charset->carried_len == CARRIED_MAX);
        memmove(charset->carried, charset->carried + charset->carried_len - left, left);
        charset->carried_len = left;
    }
    if (piece.len > 0) {
        size_t left = take(charset, piece, out, false);
        memcpy(charset->carried, piece.data + piece.len - left, left);
        charset->carried_len = left;
    }
}

void charset_end(Charset *charset, GString *out)
{
    Bytes rest = {charset->carried, charset->carried_len};
    charset->carried_len = 0;
    take(charset, rest, out, true);
    if (charset->iconv != (GIConv)-1) {
        char buffer[64]; /* what a set with shifts still holds */
        char *to = buffer;
        gsize room = sizeof buffer;
        g_iconv(charset->iconv, NULL, NULL, &to, &room);
        g_string_append_len(out, buffer, to - buffer);
    }
}
