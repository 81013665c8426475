#include "proto/sieve_parse.h"

static const struct {
    const char *word;
    SieveStatus status;
} statuses[] = {{"OK", SIEVE_OK}, {"NO", SIEVE_NO}, {"BYE", SIEVE_BYE}};

static bool is_string(Token token)
{
    return token.kind == TOKEN_QUOTED || token.kind == TOKEN_LITERAL;
}

static bool parse_status(Bytes response, SieveResponse *ret)
{
    Bytes rest = response;
    Bytes word = bytes_trim(bytes_word(&rest));
    for (size_t i = 0; i < G_N_ELEMENTS(statuses); i++) {
        if (bytes_equal_ci(word, statuses[i].word)) {
            ret->status = statuses[i].status;
            Tokens text = tokens_of(bracket_code(rest, ret->code, &ret->code_args));
            ret->first = token_next(&text);
            return true;
        }
    }
    return false;
}

void sieve_parse_response(Bytes response, SieveResponse *ret)
{
    *ret = (SieveResponse){.status = SIEVE_GARBAGE};
    if (parse_status(response, ret)) {
        return;
    }
    Tokens tokens = tokens_of(response);
    ret->first = token_next(&tokens);
    ret->second = token_next(&tokens);
    if (is_string(ret->first) && ret->second.kind != TOKEN_BAD) {
        ret->status = SIEVE_DATA;
    }
}
