#include "proto/xmpp_parse.h"

#include <string.h>

/* Where the tag begins, or -1. */
static gssize tag_start(Bytes piece)
{
    return bytes_index(piece, '<');
}

bool xmpp_tag_unfinished(Bytes piece)
{
    gssize start = tag_start(piece);
    char quote = 0;
    for (size_t i = start < 0 ? piece.len : (size_t)start; i < piece.len; i++) {
        char c = piece.data[i];
        if (quote) {
            quote = c == quote ? 0 : quote;
        } else if (c == '"' || c == '\'') {
            quote = c;
        }
    }
    return quote != 0;
}

static bool name_octet(char c)
{
    return g_ascii_isalnum(c) || strchr("-_.:", c) || (unsigned char)c >= 0x80;
}

static Bytes local_part(Bytes name)
{
    gssize colon = bytes_index(name, ':');
    return colon < 0 ? name : bytes_sub(name, (size_t)colon + 1, name.len);
}

void xmpp_parse_tag(Bytes piece, XmppTag *ret)
{
    *ret = (XmppTag){.kind = XMPP_BAD};
    gssize start = tag_start(piece);
    if (start < 0 || piece.data[piece.len - 1] != '>') {
        return;
    }
    ret->text = bytes_sub(piece, 0, (size_t)start);
    Bytes inside = bytes_sub(piece, (size_t)start + 1, piece.len - (size_t)start - 2);
    XmppTagKind kind = XMPP_OPEN;
    if (bytes_starts(inside, "?")) {
        ret->kind = XMPP_PROLOGUE;
        return;
    }
    if (bytes_starts(inside, "/")) {
        kind = XMPP_CLOSE;
        inside = bytes_sub(inside, 1, inside.len);
    } else if (inside.len && inside.data[inside.len - 1] == '/') {
        kind = XMPP_EMPTY;
        inside.len--;
    }
    size_t end = 0;
    while (end < inside.len && inside.data[end] && name_octet(inside.data[end])) {
        end++;
    }
    ret->name = local_part(bytes_sub(inside, 0, end));
    ret->kind = ret->name.len ? kind : XMPP_BAD;
}
