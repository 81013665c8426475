#include "proto/tokens.h"

#include <string.h>

Tokens tokens_of(Bytes response)
{
    return (Tokens){response};
}

static Token bad(void)
{
    return (Token){TOKEN_BAD, BYTES_NONE};
}

static Token take(Tokens *t, TokenKind kind, size_t from, size_t len, size_t whole)
{
    Token token = {kind, bytes_sub(t->rest, from, len)};
    t->rest = bytes_sub(t->rest, whole, t->rest.len);
    return token;
}

static Token quoted(Tokens *t)
{
    for (size_t i = 1; i < t->rest.len; i++) {
        if (t->rest.data[i] == '\\') {
            i++;
        } else if (t->rest.data[i] == '"') {
            return take(t, TOKEN_QUOTED, 1, i - 1, i + 1);
        }
    }
    return bad();
}

static Token literal(Tokens *t)
{
    gssize lf = bytes_index(t->rest, '\n');
    if (lf < 0) {
        return bad();
    }
    Bytes line = bytes_sub(t->rest, 0, (size_t)lf);
    if (line.len && line.data[line.len - 1] == '\r') {
        line.len--;
    }
    uint64_t octets;
    bool sync;
    size_t from = (size_t)lf + 1;
    if (!token_literal_announced(line, &octets, &sync) || octets > t->rest.len - from) {
        return bad();
    }
    return take(t, TOKEN_LITERAL, from, (size_t)octets, from + (size_t)octets);
}

static bool ends_atom(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '(' || c == ')' || c == '"';
}

/* An atom; what stands in its brackets belongs to it, blanks and parentheses too. */
static Token atom(Tokens *t)
{
    size_t i = 0, depth = 0;
    for (; i < t->rest.len; i++) {
        char c = t->rest.data[i];
        if (depth == 0 && ends_atom(c)) {
            break;
        }
        if (c == '\r' || c == '\n' || c == '\0') {
            return bad();
        }
        depth += c == '[';
        depth -= c == ']' && depth;
    }
    return i && depth == 0 ? take(t, TOKEN_ATOM, 0, i, i) : bad();
}

/* Only in front: the end of the run may be a literal's own octets. */
static void skip_blanks(Tokens *t)
{
    while (t->rest.len && strchr(" \t\r\n", t->rest.data[0]) && t->rest.data[0]) {
        t->rest = bytes_sub(t->rest, 1, t->rest.len);
    }
}

Token token_next(Tokens *t)
{
    skip_blanks(t);
    if (!t->rest.len) {
        return (Token){TOKEN_END, BYTES_NONE};
    }
    switch (t->rest.data[0]) {
    case '(':
        return take(t, TOKEN_OPEN, 0, 1, 1);
    case ')':
        return take(t, TOKEN_CLOSE, 0, 1, 1);
    case '"':
        return quoted(t);
    case '{':
        return literal(t);
    case '~': /* literal8, RFC 3516 */
        if (t->rest.len > 1 && t->rest.data[1] == '{') {
            t->rest = bytes_sub(t->rest, 1, t->rest.len);
            return literal(t);
        }
        return atom(t);
    default:
        return atom(t);
    }
}

char *token_text(Token token)
{
    if (token.kind != TOKEN_QUOTED) {
        return bytes_dup(token.text);
    }
    GString *text = g_string_sized_new(token.text.len);
    for (size_t i = 0; i < token.text.len; i++) {
        if (token.text.data[i] == '\\' && i + 1 < token.text.len) {
            i++;
        }
        g_string_append_c(text, token.text.data[i]);
    }
    return g_string_free(text, FALSE);
}

bool token_literal_announced(Bytes line, uint64_t *ret_octets, bool *ret_sync)
{
    if (line.len < 3 || line.data[line.len - 1] != '}') {
        return false;
    }
    const char *open = memrchr(line.data, '{', line.len);
    if (!open) {
        return false;
    }
    Bytes digits = bytes_sub(line, (size_t)(open - line.data) + 1, line.len);
    digits.len--;
    *ret_sync = true;
    if (digits.len && digits.data[digits.len - 1] == '+') {
        digits.len--;
        *ret_sync = false;
    }
    return bytes_number(digits, UINT32_MAX, ret_octets);
}
