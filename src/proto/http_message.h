/* http_message.h: where an HTTP/1.1 answer ends (RFC 9112 6.3), for `talk https://`: by its length,
 * its chunks, or the close. Pure; a fuzz target. Nothing of it is kept but counters. */
#pragma once

#include "base/bytes.h"

typedef struct HttpMessage HttpMessage;

HttpMessage *http_message_new(void);
void http_message_free(HttpMessage *m);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HttpMessage, http_message_free)

/* A line of a request, in order: an answer to HEAD has no body, and each request ends in an empty
 * line and wants one answer. */
void http_message_request_line(HttpMessage *m, Bytes line);
/* Bytes of the answers, in pieces of any size. */
void http_message_receive(HttpMessage *m, Bytes piece);
/* True when every request that was ended has its answer whole. False for ever when only the close
 * can end it. */
bool http_message_complete(const HttpMessage *m);
