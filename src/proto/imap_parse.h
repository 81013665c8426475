/* imap_parse.h: what kind of response a line is (RFC 3501 7, RFC 9051 7). Values inside are read
 * with tokens.h. Pure. */
#pragma once

#include "proto/bracket.h"

typedef enum { IMAP_UNTAGGED, IMAP_TAGGED, IMAP_CONTINUE, IMAP_GARBAGE } ImapKind;
typedef enum { IMAP_DATA, IMAP_OK, IMAP_NO, IMAP_BAD, IMAP_BYE, IMAP_PREAUTH } ImapStatus;

typedef struct {
    ImapKind kind;
    Bytes tag;                    /* TAGGED */
    ImapStatus status;            /* DATA: not a status response */
    char code[BRACKET_CODE_SIZE]; /* of a status response: "CAPABILITY", "UNAVAILABLE", upper case,
                                     or "" */
    Bytes code_args;              /* what stands behind it in the brackets */
    Bytes text;      /* human text of a status response; the challenge or text of CONTINUE */
    bool has_number; /* DATA: "23 EXISTS" */
    uint64_t number;
    Bytes word; /* DATA: "CAPABILITY", "EXISTS", "FETCH" */
    Bytes rest; /* DATA: behind the word: for tokens_of() */
} ImapResponse;

void imap_parse_response(Bytes response, ImapResponse *ret);
/* Codes that mean "try again later" (RFC 5530): UNAVAILABLE, INUSE, SERVERBUG; and what proxies
 * borrow from POP3, IN-USE. */
bool imap_code_temporary(const char *code);
