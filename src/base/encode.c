/* encode.c: bytes as text and back: base64 and hexadecimal (declared in bytes.h). */
#include "base/bytes.h"

/* The value of a base64 digit, or -1. */
static int sextet(char c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Decodes four digits, of which the last `pads` are '='. Bits that padding leaves over must be
 * zero, so that there is exactly one text for any bytes (RFC 4648 section 3.5). */
static bool decode_quartet(const char *text, size_t pads, GByteArray *out)
{
    uint32_t bits = 0;
    for (size_t i = 0; i < 4; i++) {
        int value = i >= 4 - pads ? 0 : sextet(text[i]);
        if (value < 0) {
            return false;
        }
        bits = bits << 6 | (uint32_t)value;
    }
    uint8_t octets[] = {(uint8_t)(bits >> 16), (uint8_t)(bits >> 8), (uint8_t)bits};
    if ((pads >= 1 && octets[2] != 0) || (pads == 2 && octets[1] != 0)) {
        return false;
    }
    g_byte_array_append(out, octets, (guint)(3 - pads));
    return true;
}

GByteArray *bytes_base64_decode(Bytes text)
{
    if (text.len % 4 != 0 || text.len > G_MAXUINT) {
        return NULL;
    }
    /* Room from the start: growing would leave copies of what may be a secret. */
    g_autoptr(GByteArray) out = g_byte_array_sized_new((guint)(text.len / 4 * 3));
    for (size_t at = 0; at < text.len; at += 4) {
        size_t pads = 0;
        if (at + 4 == text.len && text.data[at + 3] == '=') {
            pads = text.data[at + 2] == '=' ? 2 : 1;
        }
        if (!decode_quartet(text.data + at, pads, out)) {
            return NULL;
        }
    }
    return g_steal_pointer(&out);
}

char *bytes_base64(Bytes b)
{
    return b.len == 0 ? g_strdup("") : g_base64_encode((const guchar *)b.data, b.len);
}

static char *hex(Bytes b, const char *digits, const char *separator)
{
    GString *out = g_string_sized_new(b.len * 3);
    for (size_t i = 0; i < b.len; i++) {
        uint8_t octet = (uint8_t)b.data[i];
        g_string_append(out, i == 0 ? "" : separator);
        g_string_append_c(out, digits[octet >> 4]);
        g_string_append_c(out, digits[octet & 15]);
    }
    return g_string_free(out, FALSE);
}

char *bytes_hex(Bytes b)
{
    return hex(b, "0123456789abcdef", "");
}

char *bytes_hex_colons(Bytes b)
{
    return hex(b, "0123456789ABCDEF", ":");
}

GByteArray *bytes_from_hex(Bytes text)
{
    g_autoptr(GByteArray) out = g_byte_array_new();
    size_t at = 0;
    while (at < text.len) {
        if (text.data[at] == ':' || g_ascii_isspace(text.data[at])) {
            at++;
            continue;
        }
        if (at + 1 == text.len || !g_ascii_isxdigit(text.data[at]) ||
            !g_ascii_isxdigit(text.data[at + 1])) {
            return NULL;
        }
        uint8_t octet = (uint8_t)(g_ascii_xdigit_value(text.data[at]) << 4 |
                                  g_ascii_xdigit_value(text.data[at + 1]));
        g_byte_array_append(out, &octet, 1);
        at += 2;
    }
    return g_steal_pointer(&out);
}
