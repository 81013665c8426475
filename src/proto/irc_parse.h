/* irc_parse.h: one IRC message: "[@tags ][:source ]COMMAND params... [:last]" (RFC 1459 2.3,
 * IRCv3). Pure. */
#pragma once

#include "base/bytes.h"

enum { IRC_PARAMS_MAX = 15 };

typedef struct {
    Bytes source;  /* without ":", or empty */
    Bytes command; /* "PING", "670" */
    Bytes params[IRC_PARAMS_MAX];
    size_t count;
} IrcMessage;

/* False when there is no command. */
bool irc_parse(Bytes line, IrcMessage *ret);
/* The last parameter, where people's words are. */
Bytes irc_last(const IrcMessage *message);
