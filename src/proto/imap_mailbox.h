/* imap_mailbox.h: names of IMAP folders: modified UTF-7 (RFC 3501 5.1.3), and patterns over them.
 * Pure. */
#pragma once

#include "base/bytes.h"

/* A name in UTF-8 as it is sent. NULL when it is no UTF-8. The caller frees it. */
char *imap_mailbox_encode(const char *name);
/* A name as it came, in UTF-8; one that is no modified UTF-7 is taken as it is, bytes that are no
 * UTF-8 becoming U+FFFD. The caller frees it. */
char *imap_mailbox_decode(Bytes raw);

/* Does the name fit: "*" any run, "%" any run without the delimiter, "/" the delimiter itself?
 * INBOX, also as the first part, is compared without case. */
bool imap_mailbox_matches(const char *pattern, const char *name, char delimiter);
