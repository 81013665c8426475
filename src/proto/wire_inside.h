/* wire_inside.h: the inside of a Wire, for wire.c (its life, the trace, sending, the upgrade) and
 * wire_receive.c, nobody else. */
#pragma once

#include "proto/wire.h"

enum {
    WIRE_PIECE_MAX = 64 * 1024,
    WIRE_SHOWN_MAX = 60, /* characters of a line quoted in a message */
};

struct Wire {
    Stream *stream; /* NULL once a handshake has failed: OpenSSL's stream is gone with it */
    GArray *observers;
    GByteArray *in;
    size_t start;   /* first octet in `in` that has not been handed out */
    size_t scanned; /* octets behind start known to hold no line end */
    Bytes last_raw;
    double timeout;
    Deadline deadline;
    size_t max_line;
    char *awaiting;  /* what for; NULL: a reply to what was said, put into words when asked for */
    GString *said;   /* secrets masked */
    bool said_plain; /* without quotation marks */
    uint64_t bytes_in, bytes_out;
    bool eof, told_closed;
    GByteArray *held; /* kept back for the next wire_release(), or NULL; never a secret */
};

void wire_tell(Wire *w, WireEvent event);
/* What is awaited, in words; borrowed until the next call. */
const char *wire_awaited(Wire *w);
/* The error of a wire whose stream is gone. */
bool wire_gone(GError **error);

/* What has come and was not handed out yet. */
Bytes wire_buffer(const Wire *w);
/* Drops what was handed out: borrowed lines end here. */
void wire_compact(Wire *w);
/* Takes in what can be had without waiting; *got is 0 when there is nothing or the end. */
bool wire_fill_now(Wire *w, size_t *got, GError **error);
/* The error of a peer that closed, told once: in mid-line or not. */
bool wire_closed(Wire *w, GError **error);
