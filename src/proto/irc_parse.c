#include "proto/irc_parse.h"

bool irc_parse(Bytes line, IrcMessage *ret)
{
    *ret = (IrcMessage){0};
    Bytes rest = bytes_trim(line);
    if (bytes_starts(rest, "@")) {
        bytes_word(&rest);
    }
    if (bytes_starts(rest, ":")) {
        Bytes source = bytes_word(&rest);
        ret->source = bytes_sub(source, 1, source.len);
    }
    ret->command = bytes_word(&rest);
    while (rest.len && ret->count < IRC_PARAMS_MAX) {
        bool last = bytes_starts(rest, ":") || ret->count + 1 == IRC_PARAMS_MAX;
        if (last) {
            ret->params[ret->count++] =
                bytes_starts(rest, ":") ? bytes_sub(rest, 1, rest.len) : rest;
            break;
        }
        ret->params[ret->count++] = bytes_word(&rest);
    }
    return ret->command.len > 0;
}

Bytes irc_last(const IrcMessage *message)
{
    return message->count ? message->params[message->count - 1] : BYTES_NONE;
}
