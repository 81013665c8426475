#include "proto/code_parse.h"

#include <string.h>

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

/* "2.1.0 ", "5.7.139 ": class 2, 4 or 5, then two numbers of up to three digits (RFC 3463 2). */
static void find_enhanced(CodeLine *line)
{
    Bytes rest = line->text;
    Bytes word = bytes_word(&rest);
    size_t dots = 0, run = 0;
    if (word.len < 5 || word.len >= sizeof line->enhanced || !strchr("245", word.data[0])) {
        return;
    }
    for (size_t i = 0; i < word.len; i++) {
        bool dot = word.data[i] == '.';
        if ((!dot && !digit(word.data[i])) || (dot && run == 0) || run > 3) {
            return;
        }
        dots += dot;
        run = dot ? 0 : run + 1;
    }
    if (dots == 2 && run > 0 && run <= 3 && word.data[1] == '.') {
        memcpy(line->enhanced, word.data, word.len);
    }
}

bool code_parse_line(Bytes line, CodeLine *ret)
{
    *ret = (CodeLine){0};
    if (line.len < 3 || !digit(line.data[0]) || !digit(line.data[1]) || !digit(line.data[2])) {
        return false;
    }
    ret->code = (line.data[0] - '0') * 100 + (line.data[1] - '0') * 10 + (line.data[2] - '0');
    if (ret->code < 100) {
        return false;
    }
    if (line.len > 3) {
        char separator = line.data[3];
        if (separator != ' ' && separator != '-' && separator != '\t') {
            return false;
        }
        ret->more = separator == '-';
        ret->text = bytes_sub(line, 4, line.len);
    }
    find_enhanced(ret);
    return true;
}
