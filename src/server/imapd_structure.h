/* imapd_structure.h: ENVELOPE and BODYSTRUCTURE of a message (RFC 3501 7.4.2). Pure. */
#pragma once

#include "server/mime_walk.h"

enum { IMAP_ADDRESSES_MAX = 10000 };

/* A string as nstring: NIL for NULL, quoted when it can be, else a literal. */
void imap_put_nstring(GString *out, const char *text);
void imap_put_envelope(GString *out, Bytes header);
/* `extended`: BODYSTRUCTURE, else BODY. */
void imap_put_structure(GString *out, const MimeParts *tree, bool extended);
