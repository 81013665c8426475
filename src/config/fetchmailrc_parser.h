/* fetchmailrc_parser.h: what the files behind fetchmailrc_parse() share. Pure. Internal to config/.
 *
 *     fetchmailrc.c           statements; defaults filled in
 *     fetchmailrc_entry.c     a server's entry: options and users
 *     fetchmailrc_parser.c    tokens taken, mistakes told, values
 *
 * All that can fail do so with CONFIG ("FILE:LINE: ..."); a password is in no message. */
#pragma once

#include "config/fetchmailrc.h"
#include "config/fetchmailrc_tokens.h"

typedef struct {
    FetchmailTokens tokens;
    FetchmailToken now;  /* to be taken next */
    FetchmailToken last; /* taken before */
    const char *file;
    FetchmailRc *rc;
    FetchmailServer *defaults; /* NULL: none */
    FetchmailServer *server;   /* the entry being read, not the parser's own */
    FetchmailUser *user;       /* likewise */
    bool implied;              /* its user is not named */
    bool after_secret;         /* a password stands just before */
    unsigned blocks;           /* servers and users so far */
} Parser;

/* --- fetchmailrc_parser.c --- */

void parser_take(Parser *p);
/* Is `now` a word of this kind? */
bool parser_at(const Parser *p, FetchmailWordKind kind);
/* Always false. */
bool parser_fail(const Parser *p, unsigned line, GError **error, const char *words);
/* "expected ... at ...", and what may be the matter. Always false. */
bool parser_fail_syntax(const Parser *p, GError **error, const char *expected);
/* Replaces *ret, which the caller owns. */
bool parser_take_string(Parser *p, char **ret, GError **error);
/* What stands behind an option's word; `slot` is the field it is for. */
bool parser_take_value(Parser *p, const FetchmailWord *w, void *slot, GError **error);

/* --- fetchmailrc_entry.c --- */

/* Takes a "no" and looks at what follows: the option's word, or NULL. */
const FetchmailWord *parser_next_option(Parser *p, bool *negated);
/* One option, whose word is `now`. `negated`: behind "no", or glued to it. */
bool parser_take_option(Parser *p, const FetchmailWord *w, bool negated, GError **error);
/* All behind a server's name, into p->server, up to the next statement. */
bool parser_take_entry(Parser *p, GError **error);
