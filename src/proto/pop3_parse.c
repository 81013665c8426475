#include "proto/pop3_parse.h"

#include <string.h>

#include "proto/bracket.h"

static const struct {
    const char *word;
    Pop3Status status;
} words[] = {{"+OK", POP3_OK}, {"-ERR", POP3_ERR}, {"+", POP3_CONTINUE}};

void pop3_parse_line(Bytes line, Pop3Line *ret)
{
    *ret = (Pop3Line){.text = line};
    Bytes rest = line;
    Bytes word = bytes_word(&rest);
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        if (bytes_equal_ci(word, words[i].word)) {
            ret->status = words[i].status;
            ret->text = rest;
        }
    }
    if (ret->status == POP3_OK || ret->status == POP3_ERR) {
        bracket_code(ret->text, ret->code, NULL);
    }
}

bool pop3_code_temporary(const char *code)
{
    return !strcmp(code, "IN-USE") || !strcmp(code, "SYS/TEMP") || !strcmp(code, "LOGIN-DELAY");
}

bool pop3_body_line(Bytes *line)
{
    if (bytes_starts(*line, ".")) {
        *line = bytes_sub(*line, 1, line->len);
        return line->len > 0;
    }
    return true;
}
