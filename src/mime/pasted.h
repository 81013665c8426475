/* pasted.h: what people have on their clipboard, made into a message: a RETR or FETCH as it was on
 * the screen, a body whose headers were cut off, a bare block of base64. Pure. */
#pragma once

#include "base/bytes.h"

typedef enum {
    PASTED_MESSAGE,    /* a message as it is */
    PASTED_MBOX,       /* begins with a From_ line */
    PASTED_TRANSCRIPT, /* "+OK", the message dot-stuffed, "."; or "* 1 FETCH (... {N}"; arrows in
                          front or not */
    PASTED_BODY,       /* a multipart without its header */
    PASTED_BASE64,     /* nothing else */
    PASTED_TEXT,       /* no header at all */
} PastedKind;

typedef struct {
    PastedKind kind;
    char *boundary;    /* of PASTED_BODY: guessed */
    const char *type;  /* of PASTED_BASE64: guessed from its first octets */
    const char *arrow; /* of PASTED_TRANSCRIPT: what every line of the server begins with, or "" */
    bool is_imap;      /* of PASTED_TRANSCRIPT: a FETCH */
    size_t skip;       /* lines that belong to the conversation, before the message */
    size_t lead;       /* of PASTED_MESSAGE and PASTED_MBOX: blanks and empty lines before it */
} Pasted;

#define PASTED_LOOK (64 * 1024) /* octets from the beginning that are enough to judge */

/* Judges by the beginning. The caller clears *ret. */
void pasted_judge(Bytes beginning, Pasted *ret);
void pasted_clear(Pasted *pasted);
/* What has to stand before it to be a message; "" for nothing. The caller frees it. */
char *pasted_header(const Pasted *pasted);
/* How it was read, for a person: "the header is missing: ..."; NULL for a message as it is. The
 * caller frees it. */
char *pasted_words(const Pasted *pasted);

/* One line (with its end) of a transcript, the `number`th from 0: false when the message has ended.
 * *line becomes what of it belongs to the message, empty when nothing does. */
bool pasted_line(const Pasted *pasted, size_t number, Bytes *line);
/* Is it the line that stands before a message in an mbox: "From ADDRESS DATE"? */
bool pasted_is_from_line(Bytes line);
