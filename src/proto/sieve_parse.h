/* sieve_parse.h: what kind of response a ManageSieve server gives (RFC 5804 4). Pure. */
#pragma once

#include "proto/bracket.h"
#include "proto/tokens.h"

typedef enum { SIEVE_DATA, SIEVE_OK, SIEVE_NO, SIEVE_BYE, SIEVE_GARBAGE } SieveStatus;

typedef struct {
    SieveStatus status;
    char code[BRACKET_CODE_SIZE]; /* "TRYLATER", "SASL", or "" */
    Bytes code_args;
    Token first,
        second; /* DATA: its strings, END where there is none; else `first` is the human text */
} SieveResponse;

void sieve_parse_response(Bytes response, SieveResponse *ret);
