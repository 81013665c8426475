/* imapd_section.h: the octets that "BODY[1.2.TEXT]" names (RFC 3501 6.4.5). Pure. */
#pragma once

#include "server/imap_fetch_args.h"
#include "server/mime_walk.h"

/* A message that is taken apart when a part of it is first asked for. */
typedef struct {
    Bytes text;
    MimeParts *tree; /* NULL: not yet */
} ImapMessage;

const MimeParts *imap_message_tree(ImapMessage *message);
void imap_message_clear(ImapMessage *message);

/* False: there is no such part (NIL). *ret is borrowed from the text, or from *ret_own, which the
 * caller frees when it is set. The partial range is applied. */
bool imap_section(ImapMessage *message, const ImapFetchItem *item, Bytes *ret, GString **ret_own);
