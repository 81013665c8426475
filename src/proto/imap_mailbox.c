#include "proto/imap_mailbox.h"

#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

/* --- encoding --- */

static bool is_plain(gunichar c)
{
    return c >= 0x20 && c <= 0x7e;
}

typedef struct {
    GString *out;
    uint32_t bits;
    int count;
    bool shifted;
} Encoder;

static void put_unit(Encoder *e, uint16_t unit)
{
    e->bits = e->bits << 16 | unit;
    e->count += 16;
    while (e->count >= 6) {
        e->count -= 6;
        g_string_append_c(e->out, alphabet[e->bits >> e->count & 63]);
    }
    e->bits &= (1U << e->count) - 1;
}

static void shift_back(Encoder *e)
{
    if (e->shifted) {
        if (e->count) {
            g_string_append_c(e->out, alphabet[e->bits << (6 - e->count) & 63]);
        }
        g_string_append_c(e->out, '-');
        *e = (Encoder){.out = e->out};
    }
}

static void encode_one(Encoder *e, gunichar c)
{
    if (is_plain(c)) {
        shift_back(e);
        g_string_append(e->out, c == '&' ? "&-" : (char[]){(char)c, 0});
        return;
    }
    if (!e->shifted) {
        g_string_append_c(e->out, '&');
        e->shifted = true;
    }
    if (c < 0x10000) {
        put_unit(e, (uint16_t)c);
    } else {
        put_unit(e, (uint16_t)(0xd800 + ((c - 0x10000) >> 10)));
        put_unit(e, (uint16_t)(0xdc00 + ((c - 0x10000) & 0x3ff)));
    }
}

char *imap_mailbox_encode(const char *name)
{
    if (!g_utf8_validate(name, -1, NULL)) {
        return NULL;
    }
    Encoder e = {.out = g_string_new(NULL)};
    for (const char *p = name; *p; p = g_utf8_next_char(p)) {
        encode_one(&e, g_utf8_get_char(p));
    }
    shift_back(&e);
    return g_string_free(e.out, FALSE);
}

/* --- decoding --- */

typedef struct {
    GString *out;
    uint16_t high; /* a surrogate that waits for its second half, or 0 */
} Decoder;

static bool take_unit(Decoder *d, uint16_t unit)
{
    bool is_high = unit >= 0xd800 && unit < 0xdc00, is_low = unit >= 0xdc00 && unit < 0xe000;
    if (is_low != (d->high != 0) || !unit) {
        return false;
    }
    if (is_high) {
        d->high = unit;
        return true;
    }
    gunichar c = unit;
    if (is_low) {
        c = 0x10000 + ((gunichar)(d->high - 0xd800) << 10) + (unit - 0xdc00);
        d->high = 0;
    }
    g_string_append_unichar(d->out, c);
    return true;
}

/* What stands between "&" and "-". */
static bool decode_shifted(Decoder *d, Bytes text)
{
    uint32_t bits = 0;
    int count = 0;
    for (size_t i = 0; i < text.len; i++) {
        const char *place = memchr(alphabet, text.data[i], 64);
        if (!place) {
            return false;
        }
        bits = bits << 6 | (uint32_t)(place - alphabet);
        count += 6;
        if (count >= 16) {
            count -= 16;
            if (!take_unit(d, (uint16_t)(bits >> count))) {
                return false;
            }
            bits &= (1U << count) - 1;
        }
    }
    return count < 6 && bits == 0 && !d->high;
}

static bool decode(Bytes raw, GString *out)
{
    for (size_t i = 0; i < raw.len; i++) {
        char c = raw.data[i];
        if (!is_plain((unsigned char)c)) {
            return false;
        }
        if (c != '&') {
            g_string_append_c(out, c);
            continue;
        }
        Bytes rest = bytes_sub(raw, i + 1, raw.len);
        gssize end = bytes_index(rest, '-');
        if (end < 0) {
            return false;
        }
        Decoder d = {.out = out};
        if (end == 0) {
            g_string_append_c(out, '&');
        } else if (!decode_shifted(&d, bytes_sub(rest, 0, (size_t)end))) {
            return false;
        }
        i += (size_t)end + 1;
    }
    return true;
}

char *imap_mailbox_decode(Bytes raw)
{
    g_autoptr(GString) out = g_string_sized_new(raw.len);
    if (decode(raw, out)) {
        return g_strndup(out->str, out->len);
    }
    return g_utf8_make_valid(raw.data ? raw.data : "", (gssize)raw.len);
}

/* --- patterns --- */

static bool same(char pattern, char c, char delimiter)
{
    return pattern == c || (pattern == '/' && delimiter && c == delimiter);
}

/* One mark to come back to is enough: a later "*" makes an earlier one's choice final. With "%"
 * too, which cannot pass a delimiter, the last of each kind is kept. */
static bool fits(const char *p, const char *name, char delimiter)
{
    const char *star = NULL, *star_name = NULL, *percent = NULL, *percent_name = NULL;
    while (*name || *p) {
        if (*p == '*') {
            star = ++p;
            star_name = name;
            percent = NULL;
        } else if (*p == '%') {
            percent = ++p;
            percent_name = name;
        } else if (*p && *name && same(*p, *name, delimiter)) {
            p++;
            name++;
        } else if (percent && *percent_name && *percent_name != delimiter) {
            name = ++percent_name;
            p = percent;
        } else if (star && *star_name) {
            name = ++star_name;
            p = star;
            percent = NULL;
        } else {
            return false;
        }
    }
    return true;
}

static bool begins_with_inbox(const char *text, char delimiter)
{
    return !g_ascii_strncasecmp(text, "INBOX", 5) && (!text[5] || same('/', text[5], delimiter));
}

bool imap_mailbox_matches(const char *pattern, const char *name, char delimiter)
{
    if (begins_with_inbox(pattern, delimiter) && begins_with_inbox(name, delimiter)) {
        pattern += 5;
        name += 5;
    }
    return fits(pattern, name, delimiter);
}
