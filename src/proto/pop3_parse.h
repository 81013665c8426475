/* pop3_parse.h: the lines a POP3 server says (RFC 1939, 2449, 5034). Pure. */
#pragma once

#include "base/bytes.h"

typedef enum { POP3_NO_STATUS, POP3_OK, POP3_ERR, POP3_CONTINUE } Pop3Status;

typedef struct {
    Pop3Status status; /* NO_STATUS: not a status line */
    char code[32];     /* "IN-USE", "SYS/TEMP", upper case, or "" (RFC 2449 8) */
    Bytes text; /* behind the status and blanks; the code still in it; for CONTINUE the challenge */
} Pop3Line;

void pop3_parse_line(Bytes line, Pop3Line *ret);
/* [IN-USE], [SYS/TEMP], [LOGIN-DELAY]: try again later (RFC 2449 8.1, 3206). */
bool pop3_code_temporary(const char *code);

/* A line of a multi-line body: false at the lone dot; a dot in front of others is taken off. */
bool pop3_body_line(Bytes *line);
