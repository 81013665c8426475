/* pop3.h: POP3 on the ladder (RFC 1939, 2449, 2595, 5034), and the replies that later verbs read.
 */
#pragma once

#include "proto/pop3_parse.h"
#include "proto/session.h"

/* Reads a status line. PROTOCOL when it is none. Suspends. */
bool pop3_reply(Session *s, Pop3Line *reply, GError **error);
