/* code_parse.h: reply lines that begin with three digits: SMTP and LMTP (RFC 5321 4.2), FTP (RFC
 * 959 4.2), NNTP (RFC 3977 3.2). Pure. */
#pragma once

#include "base/bytes.h"

typedef struct {
    int code;          /* 100 to 999 */
    bool more;         /* "250-": another line of the same reply follows */
    char enhanced[12]; /* RFC 3463 "2.1.0", or "" */
    Bytes text;        /* behind code and separator, the enhanced code still in it; borrowed */
} CodeLine;

/* False when it is no reply line. A bare "250", or "334" without the blank, is taken (RFC 5321 4.2
 * allows it for clients). */
bool code_parse_line(Bytes line, CodeLine *ret);
