/* smtp_path.h: addresses and parameters of MAIL and RCPT (RFC 5321 4.1.2, 3461 4). Pure. */
#pragma once

#include "base/bytes.h"
#include "base/error.h"

/* Can this address stand between angle brackets and stay one address? Control characters, brackets
 * and blanks outside of quotes, octets above 127 without smtputf8, and more than 254 octets fail
 * with DATA. "" (the null reverse-path) and "postmaster" without a domain are fine. */
bool smtp_path_check(const char *address, bool smtputf8, GError **error);

/* xtext (RFC 3461 4): "+", "=" and everything that is not printable ASCII as +HH. The caller frees
 * it. */
char *smtp_xtext(const char *text);
