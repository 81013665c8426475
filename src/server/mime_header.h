/* mime_header.h: fields of a message's header (RFC 5322, 2045, 2047), as they stand in the raw
 * text. Pure: the server reads mail with its own few functions, because what it tells of a message
 * are octets and offsets. */
#pragma once

#include "base/bytes.h"

enum { MIME_PARAMS_MAX = 100 };

/* Takes the next field off *rest: whole with its line ends, name, and value as it is folded.
 * Lines that are no field are skipped. False at the end. Borrowed. */
bool mime_field_next(Bytes *rest, Bytes *ret_whole, Bytes *ret_name, Bytes *ret_value);
/* The value of the first field of that name. Borrowed. */
bool mime_field(Bytes header, const char *name, Bytes *ret_value);
/* In one line, without blanks around it; octets as they are. The caller frees it. */
char *mime_unfold(Bytes value);

/* --- tokens of structured fields --- */

/* What a structured value is made of; comments are between tokens. */
typedef struct {
    Bytes rest;
    char *comment; /* the last one that was skipped; owned */
} MimeLexer;

void mime_lexer_clear(MimeLexer *lexer);
/* Skips blanks and comments. */
void mime_skip(MimeLexer *lexer);
/* The next run of characters that are neither blanks nor any of `specials`, borrowed. */
bool mime_token(MimeLexer *lexer, const char *specials, Bytes *ret);
/* A quoted string, without its quotes and backslashes. The caller frees it; NULL: none here. */
char *mime_quoted(MimeLexer *lexer);
bool mime_special(MimeLexer *lexer, char c);

typedef struct {
    char *name, *value;
} MimeParam;

/* "text/plain; charset=utf-8", "attachment; filename=x" (then subtype is NULL). */
typedef struct {
    char *type, *subtype;
    GArray *params; /* of MimeParam */
} MimeContent;

/* False when no type is there; then *ret is clear. */
bool mime_content_parse(Bytes value, bool has_subtype, MimeContent *ret);
void mime_content_clear(MimeContent *content);
/* NULL when it is not there; borrowed. */
const char *mime_content_param(const MimeContent *content, const char *name);
