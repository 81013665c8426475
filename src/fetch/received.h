/* received.h: the trace header that is put before each message (RFC 5321 section 4.4). Pure. */
#pragma once

#include "base/bytes.h"

typedef struct {
    const char *host;    /* the server */
    const char *address; /* where it was reached, or NULL */
    const char *user;    /* or NULL */
    const char *proto;   /* "POP3" */
    bool encrypted;
    const char *local;  /* this host */
    const char *marker; /* becomes the id */
    int64_t when;       /* seconds since the epoch */
} ReceivedFacts;

/* Header lines with CRLF. What a user or server is called is written without what has a meaning in
 * headers. The caller frees it. */
char *received_header(const ReceivedFacts *facts);
