#include "base/bytes.h"

#include <string.h>

static bool blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool white(char c)
{
    return blank(c) || c == '\r' || c == '\n';
}

Bytes bytes_of(const char *text)
{
    return text == NULL ? BYTES_NONE : (Bytes){text, strlen(text)};
}

Bytes bytes_of_array(const GByteArray *array)
{
    return array == NULL ? BYTES_NONE : (Bytes){(const char *)array->data, array->len};
}

Bytes bytes_of_string(const GString *string)
{
    return string == NULL ? BYTES_NONE : (Bytes){string->str, string->len};
}

Bytes bytes_sub(Bytes b, size_t offset, size_t len)
{
    if (b.data == NULL) {
        return BYTES_NONE;
    }
    offset = MIN(offset, b.len);
    return (Bytes){b.data + offset, MIN(len, b.len - offset)};
}

Bytes bytes_trim(Bytes b)
{
    while (b.len > 0 && white(b.data[0])) {
        b = bytes_sub(b, 1, b.len);
    }
    while (b.len > 0 && white(b.data[b.len - 1])) {
        b.len--;
    }
    return b;
}

Bytes bytes_word(Bytes *rest)
{
    size_t end = 0;
    while (end < rest->len && !blank(rest->data[end])) {
        end++;
    }
    Bytes word = bytes_sub(*rest, 0, end);
    while (end < rest->len && blank(rest->data[end])) {
        end++;
    }
    *rest = bytes_sub(*rest, end, rest->len);
    return word;
}

bool bytes_equal(Bytes a, Bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

bool bytes_equal_ci(Bytes a, const char *text)
{
    /* What is compared with names in a table mostly differs at once. */
    bool may_be = a.len == 0 || lower(a.data[0]) == lower(text[0]);
    return may_be && a.len == strlen(text) && bytes_starts_ci(a, text);
}

bool bytes_starts(Bytes b, const char *prefix)
{
    size_t len = strlen(prefix);
    return b.len >= len && (len == 0 || memcmp(b.data, prefix, len) == 0);
}

bool bytes_starts_ci(Bytes b, const char *prefix)
{
    size_t len = strlen(prefix);
    if (b.len < len) {
        return false;
    }
    /* Not g_ascii_strncasecmp: that stops at a NUL, which a peer may send. */
    for (size_t i = 0; i < len; i++) {
        if (lower(b.data[i]) != lower(prefix[i])) {
            return false;
        }
    }
    return true;
}

gssize bytes_index(Bytes b, char c)
{
    const char *at = b.len == 0 ? NULL : memchr(b.data, c, b.len);
    return at == NULL ? -1 : at - b.data;
}

char *bytes_dup(Bytes b)
{
    char *copy = g_malloc(b.len + 1);
    if (b.len > 0) {
        memcpy(copy, b.data, b.len);
    }
    copy[b.len] = '\0';
    return copy;
}

bool bytes_number(Bytes b, uint64_t max, uint64_t *ret)
{
    uint64_t value = 0;
    for (size_t i = 0; i < b.len; i++) {
        if (!g_ascii_isdigit(b.data[i])) {
            return false;
        }
        uint64_t digit = (uint64_t)g_ascii_digit_value(b.data[i]);
        if (digit > max || value > (max - digit) / 10) {
            return false;
        }
        value = value * 10 + digit;
    }
    if (b.len == 0) {
        return false;
    }
    *ret = value;
    return true;
}
