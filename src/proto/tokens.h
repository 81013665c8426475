/* tokens.h: the tokens of IMAP (RFC 3501 9, RFC 9051 9) and ManageSieve (RFC 5804 4): atoms, quoted
 * strings, literals, lists.
 *
 * Works on a whole response in one run of bytes, literals standing in place as "{n}CRLF" and n
 * octets. Pure: borrowed in, borrowed out; nothing is allocated but by token_text(). */
#pragma once

#include "base/bytes.h"

typedef enum {
    TOKEN_END,  /* nothing is left */
    TOKEN_BAD,  /* not a token: the cursor does not move any more */
    TOKEN_ATOM, /* also numbers, flags, NIL, and BODY[HEADER.FIELDS (FROM)]<0> in one piece */
    TOKEN_QUOTED,
    TOKEN_LITERAL,
    TOKEN_OPEN,  /* ( */
    TOKEN_CLOSE, /* ) */
} TokenKind;

typedef struct {
    TokenKind kind;
    Bytes text; /* QUOTED: between the quotes, escapes still in it */
} Token;

typedef struct {
    Bytes rest;
} Tokens;

Tokens tokens_of(Bytes response);
/* The next one; TOKEN_END for ever at the end. */
Token token_next(Tokens *t);
/* The text with the escapes of a quoted string undone. The caller frees it. */
char *token_text(Token token);

/* Does the line end in a literal's length, "{n}", "{n+}" or "~{n}"? *sync is false for the plus
 * form. */
bool token_literal_announced(Bytes line, uint64_t *ret_octets, bool *ret_sync);
