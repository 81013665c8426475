/* sender.h: whom a message says it is from, for envelopes: Return-Path, else Sender, else From.
 * Pure.
 */
#pragma once

#include "base/bytes.h"

/* The bare address in the header that `text` begins with (LF or CRLF, may be cut short); "" when
 * there is none, or one that could not be an address. The caller frees it. */
char *deliver_sender(Bytes text);
