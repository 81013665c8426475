/* code_reply.h: whole replies of the three-digit protocols, read from a wire. SMTP, LMTP, FTP and
 * NNTP stand on it. */
#pragma once

#include "proto/wire.h"

typedef struct {
    int code;
    char enhanced[12]; /* of the first line, or "" */
    GString *text;     /* the lines' texts without codes, joined by LF */
} CodeReply;

/* Owns text; clear it also after a failure. At most 512 lines and 64 kB (LIMIT). With `ftp`, lines
 * within a multi-line reply may be anything (RFC 959 4.2); without, each must bear the same code. A
 * line that is no reply fails with PROTOCOL. Suspends. */
bool code_reply(Wire *w, bool ftp, CodeReply *reply, GError **error);
void code_reply_clear(CodeReply *reply);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(CodeReply, code_reply_clear)

/* "454 4.7.0 TLS not available": code and the text's lines, for messages. The caller frees it. */
char *code_reply_words(const CodeReply *reply);
/* 4yz: try again later. */
bool code_reply_temporary(const CodeReply *reply);
