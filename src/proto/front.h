/* front.h: what a tunnel says to a client that knows no TLS, while the session behind it is inside
 * TLS: the server's greeting, its capabilities without the offer of TLS, and nothing else. */
#pragma once

#include "proto/session.h"

/* One row a protocol that greets and has STARTTLS. */
typedef struct Front Front;
/* NULL: the protocol has no front, a byte pipe is all there can be. */
const Front *front_of(const Proto *proto);

/* What to say, with its line end, to a client that cannot be served: "-ERR [SYS/TEMP] ..."; words
 * is one line. The caller frees it. */
char *front_refusal(const Front *front, const char *words);

/* Greets the client with the greeting of a session that has climbed to STAGE_TLS, and serves him as
 * long as he asks for capabilities: those are the server's, without STARTTLS; who asks for STARTTLS
 * himself is told no. The first line of another kind is passed on, and from then on whoever called
 * this joins the two. *ret_ended: the client has gone instead. Errors are those of either wire.
 * Suspends. */
bool front_serve(const Front *front, Session *s, Wire *client, bool *ret_ended, GError **error);

/* --- the pure parts, for tests --- */

/* A reply to EHLO or LHLO, its lines joined by LF, without the line that offers TLS; what was its
 * last line says so. The caller frees it. */
char *front_smtp_without_tls(const char *reply);
/* A line without the word STARTTLS, and without the blank before it. The caller frees it. */
char *front_line_without_word(Bytes line, const char *word);
/* An IMAP greeting whose capabilities are those of `caps`, if it tells any. The caller frees it. */
char *front_imap_greeting(const char *greeting, const Caps *caps);
