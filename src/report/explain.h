/* explain.h: what a server's words mean, in a phrase with the RFC: reply codes, enhanced codes,
 * response codes, capabilities, greetings, SASL exchanges, header fields. Pure: text in, text out;
 * tables. Nothing here prints. All returned strings are the caller's, already escaped, NULL when
 * there is nothing to say.
 *
 * BRIEF is what helps in passing; FULL adds what a person who learns or debugs wants: classes of
 * codes, a line a capability. */
#pragma once

#include "proto/caps.h"
#include "proto/dialogue.h"
#include "sasl/decode.h"

typedef enum { EXPLAIN_OFF, EXPLAIN_BRIEF, EXPLAIN_FULL } ExplainLevel;
/* "off|brief|full". USAGE. */
bool explain_level_parse(const char *text, ExplainLevel *ret, GError **error);

/* "250 done as asked (RFC 5321 4.2.3)"; with an enhanced code its meaning too (RFC 3463); the
 * numbers a POP3 or IMAP line carries in words. May be several lines. `line` is the status line
 * without its line end. */
char *explain_reply(const Proto *proto, const ReceivedUnit *unit, Bytes line, ExplainLevel level);
/* All of them grouped (security, authentication, transport, mailbox ...), in BRIEF a line a group,
 * however long: wrap_text() makes it fit. */
char *explain_capabilities(const Proto *proto, const Caps *caps, ExplainLevel level);
/* What TLS changed: "+ AUTH PLAIN LOGIN", "- STARTTLS", "~ AUTH: + PLAIN - CRAM-MD5"; several
 * lines; NULL when nothing did. */
char *explain_caps_difference(const Caps *before, const Caps *after);
/* A greeting: product and host if it tells them, an APOP challenge pointed out. `line` is its first
 * line. */
char *explain_greeting(const Proto *proto, Bytes line);
/* A base64 challenge or response of the exchange of `mechanism` (NULL: not known) decoded beside
 * the line, secrets masked. */
char *explain_sasl(const char *mechanism, Bytes base64, bool from_server);
/* A header field with RFC 2047 words in it, decoded; NULL when there are none. One line: of a
 * folded field, one part. */
char *explain_header_field(Bytes line);
/* "8.4 MB (8,388,608 octets)". */
char *explain_size(uint64_t octets);
/* Why a command that was refused may have been, and what to try: "-ERR permission denied" after
 * APOP, AUTH before STARTTLS ... caps may be NULL. verb is in upper case, "" for the greeting. */
char *explain_refusal(const Proto *proto, const char *verb, Bytes line, bool encrypted,
                      const Caps *caps);
