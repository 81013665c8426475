/* oauth_error.h: the JSON object by which a server says why it takes no token (RFC 7628
 * section 3.2.2, and Google's form for XOAUTH2). A tolerant scan for a few members, not a JSON
 * parser: it is only told to a person. Pure. */
#pragma once

#include "base/bytes.h"

/* The value of the member `key`: a string unescaped, a number as it stands. Not escaped for a
 * terminal. NULL when there is none. The caller frees it. */
char *oauth_error_member(Bytes json, const char *key);
/* Does it look like such an object? */
bool oauth_error_is(Bytes message);
/* "status invalid_token (...), scope ...": in words, escaped. The caller frees it. */
char *oauth_error_words(Bytes json);
