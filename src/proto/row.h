/* row.h: what the protocols' rows have in common: judging the offer of TLS, and the messages for
 * it. For src/proto only.
 *
 * The four ways in which STARTTLS does not come about have four messages, all INSECURE; they are
 * written here, once. */
#pragma once

#include "proto/session.h"

/* Do the capabilities have `word` ("STARTTLS"), which offers `command`? When not, says so: MISSING
 * or MANGLED. Capabilities that were never told (NULL) are no answer: then it is asked for. Sets
 * s->tls_offer. */
bool row_tls_offered(Session *s, const char *word, const char *command, GError **error);
/* The server's answer to `command`: kept, and when it is no yes, the error REFUSED with its words.
 * Gives `agreed` back. */
bool row_tls_answer(Session *s, const char *command, bool agreed, Bytes words, GError **error);
/* STARTTLS cannot be had because the server says we are logged in already (RFC 3501 6.2.1). */
bool row_tls_preauth(Session *s, GError **error);

/* Keeps the greeting's first line. */
void row_keep_greeting(Session *s, Bytes line);
/* The whole greeting of a three-digit protocol: kept; 1yz means wait, 2yz is a welcome. Suspends.
 */
bool row_code_greeting(Session *s, bool ftp, GError **error);
/* The greeting was no welcome: UNAVAILABLE or TEMPFAIL with its words. */
bool row_turned_away(bool temporary, Bytes words, GError **error);
/* What came is not of this protocol: PROTOCOL, and a guess at what it is ("SSH-2.0", "HTTP/1.1",
 * TLS). */
bool row_not_spoken(const Session *s, Bytes line, GError **error);
/* Replaces the capabilities in force. Takes caps. */
void row_set_caps(Session *s, Caps *caps);
/* Keeps the server's words about an authentication; they are borrowed back as Bytes. */
Bytes row_keep_auth_answer(Session *s, Bytes words);
/* The name to say in EHLO: the plan's, this host's if it has a dot, else an address literal (RFC
 * 5321 4.1.4). Caller frees. */
char *row_own_name(const Session *s);
/* SASL in its plainest framing: the command, a blank, and the initial response if there is one;
 * then a line of base64 for each challenge, or "*" to give up (NULL). Suspend. */
bool row_auth_begin(Session *s, const char *command, const Secret *initial, GError **error);
bool row_auth_respond(Session *s, const Secret *base64, GError **error);
/* With the last message of a login, or right behind it: the commands of s->after_login, if there
 * are any and the server takes them. Suspends. */
bool row_send_after_login(Session *s, GError **error);
/* A password by the plan's callback; AUTH when there is none. The caller owns it. */
Secret *row_password(Session *s, GError **error);
/* The user's name; AUTH when none was given. Borrowed. */
const char *row_user(Session *s, GError **error);
