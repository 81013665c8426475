/* sender.c: a small look into a header; mime/ is for the rest. */
#include "deliver/sender.h"

#include <string.h>

#define ADDRESS_MAX 320

static Bytes next_line(Bytes *rest)
{
    gssize end = bytes_index(*rest, '\n');
    Bytes line = bytes_sub(*rest, 0, end < 0 ? rest->len : (size_t)end);
    *rest = bytes_sub(*rest, end < 0 ? rest->len : (size_t)end + 1, rest->len);
    return line.len > 0 && line.data[line.len - 1] == '\r' ? bytes_sub(line, 0, line.len - 1)
                                                           : line;
}

/* The value of the first such field, its first line only. */
static bool field(Bytes text, const char *name, Bytes *ret)
{
    while (text.len > 0) {
        Bytes line = next_line(&text);
        if (line.len == 0) {
            return false;
        }
        if (bytes_starts_ci(line, name)) {
            *ret = bytes_trim(bytes_sub(line, strlen(name), line.len));
            return true;
        }
    }
    return false;
}

static bool is_address_char(char c)
{
    return (unsigned char)c > 0x20 && c != 0x7f && strchr("<>()[]\\,;:\"", c) == NULL;
}

/* "<a@b>", "Name <a@b>" or "a@b". */
static Bytes bare(Bytes value)
{
    gssize open = bytes_index(value, '<');
    if (open >= 0) {
        value = bytes_sub(value, (size_t)open + 1, value.len);
        gssize close = bytes_index(value, '>');
        value = close >= 0 ? bytes_sub(value, 0, (size_t)close) : BYTES_NONE;
    }
    Bytes word = bytes_word(&value);
    bool good = word.len <= ADDRESS_MAX && value.len == 0;
    for (size_t i = 0; i < word.len; i++) {
        good = good && is_address_char(word.data[i]);
    }
    return good && word.len > 0 && word.data[0] != '-' ? word : BYTES_NONE;
}

char *deliver_sender(Bytes text)
{
    static const char *const names[] = {"Return-Path:", "Sender:", "From:"};
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        Bytes value;
        if (field(text, names[i], &value)) {
            return bytes_dup(bare(value));
        }
    }
    return g_strdup("");
}
