/* smtp.h: what SMTP, Submission and LMTP share on the ladder (RFC 5321, 3207, 4954, 2033). `send`
 * will add the rest. */
#pragma once

#include "proto/code_reply.h"
#include "proto/session.h"

bool smtp_greet(Session *s, GError **error);
bool smtp_ask_tls(Session *s, GError **error);
void smtp_quit(Session *s);
/* "EHLO" or "LHLO" with our name; the capabilities are in the reply. An EHLO that is not known
 * (500, 502) gives way to HELO, and then there is no STARTTLS. Suspends. */
bool smtp_hello(Session *s, const char *verb, GError **error);
extern const AuthFraming smtp_auth;
