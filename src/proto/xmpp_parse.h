/* xmpp_parse.h: as much XML as it takes to come through STARTTLS in XMPP (RFC 6120 4, 5): tags are
 * split, elements counted, names told; nothing is resolved, validated or built. Pure. */
#pragma once

#include "proto/caps.h"

typedef enum {
    XMPP_BAD,      /* no XML, or what XMPP forbids: comments, DTDs (RFC 6120 11.1) */
    XMPP_OPEN,     /* <name ...> */
    XMPP_CLOSE,    /* </name> */
    XMPP_EMPTY,    /* <name/> */
    XMPP_PROLOGUE, /* <?xml ...?> */
} XmppTagKind;

typedef struct {
    XmppTagKind kind;
    Bytes name; /* local part: "features" of "stream:features" */
    Bytes text; /* what stood before the tag */
} XmppTag;

/* Splits "text<tag>", as wire_until('>') gives it. */
void xmpp_parse_tag(Bytes piece, XmppTag *ret);
/* Does the tag end with '>' inside a quoted attribute value, so that more must be read? */
bool xmpp_tag_unfinished(Bytes piece);
