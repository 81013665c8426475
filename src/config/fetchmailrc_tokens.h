/* fetchmailrc_tokens.h: the tokens of a fetchmailrc. Pure. Internal to config/.
 *
 * Noise words, punctuation and comments are skipped here. Behind `user`, `is`, `to`, `password`
 * and "=" the next word is a string whatever it looks like: the tokens keep track of that
 * themselves. */
#pragma once

#include "config/fetchmailrc_words.h"

typedef enum {
    FETCHMAIL_END,
    FETCHMAIL_STRING,
    FETCHMAIL_NUMBER,
    FETCHMAIL_EQUALS,
    FETCHMAIL_WORD
} FetchmailTokenKind;

typedef struct {
    FetchmailTokenKind kind;
    unsigned line;
    Bytes raw;                 /* as written, quotes too */
    const FetchmailWord *word; /* WORD */
    bool negated;              /* "nokeep" */
    int number;                /* NUMBER */
    bool too_large;            /* NUMBER that fits no int */
} FetchmailToken;

typedef struct {
    Bytes rest;
    unsigned line;
    bool name; /* the next word is a string */
    bool auth; /* behind `auth`: "password" is a mechanism there */
} FetchmailTokens;

/* The next one; at the end FETCHMAIL_END again and again. */
FetchmailToken fetchmail_token_next(FetchmailTokens *tokens);

/* The value of a STRING: quotes off, escapes undone. NULL when there is a NUL in it. The caller
 * frees it. */
char *fetchmail_token_string(const FetchmailToken *token);
/* The same as a Secret; no copy is left behind. */
Secret *fetchmail_token_secret(const FetchmailToken *token);
