/* IMAP responses and their tokens. */
#include "proto/imap_parse.h"
#include "proto/tokens.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Bytes all = {(const char *)data, size};
    ImapResponse response;
    imap_parse_response(all, &response);
    imap_code_temporary(response.code);
    Tokens tokens = tokens_of(all);
    Token token;
    do {
        size_t before = tokens.rest.len;
        token = token_next(&tokens);
        g_free(token_text(token));
        g_assert_true(tokens.rest.len < before || token.kind == TOKEN_END ||
                      token.kind == TOKEN_BAD);
    } while (token.kind != TOKEN_END && token.kind != TOKEN_BAD);
    return 0;
}
