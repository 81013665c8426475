#include "proto/bracket.h"

#include <string.h>

/* The index of the closing bracket, or -1. */
static gssize closing(Bytes text, char close)
{
    bool quoted = false;
    for (size_t i = 1; i < text.len; i++) {
        if (text.data[i] == '\\' && quoted) {
            i++;
        } else if (text.data[i] == '"') {
            quoted = !quoted;
        } else if (text.data[i] == close && !quoted) {
            return (gssize)i;
        }
    }
    return -1;
}

Bytes bracket_code(Bytes text, char code[BRACKET_CODE_SIZE], Bytes *ret_args)
{
    code[0] = '\0';
    if (ret_args) {
        *ret_args = BYTES_NONE;
    }
    bool square = bytes_starts(text, "[");
    gssize end = square || bytes_starts(text, "(") ? closing(text, square ? ']' : ')') : -1;
    if (end < 0) {
        return text;
    }
    Bytes args = bytes_sub(text, 1, (size_t)end - 1);
    Bytes word = bytes_word(&args);
    if (word.len && word.len < BRACKET_CODE_SIZE) {
        for (size_t i = 0; i < word.len; i++) {
            code[i] = g_ascii_toupper(word.data[i]);
        }
        code[word.len] = '\0';
        if (ret_args) {
            *ret_args = args;
        }
    }
    Bytes behind = bytes_sub(text, (size_t)end + 1, text.len);
    return bytes_starts(behind, " ") ? bytes_sub(behind, 1, behind.len) : behind;
}
