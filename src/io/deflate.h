/* deflate.h: a stream that is compressed both ways (raw DEFLATE, RFC 1951), laid over another:
 * COMPRESS of IMAP (RFC 4978). */
#pragma once

#include "io/stream.h"

/* Takes the lower stream. `early` is what was read from it already and is compressed. Reading fails
 * with PROTOCOL when what comes is no DEFLATE, and with LIMIT when it is a bomb: much that was made
 * of next to nothing; all fails with CONFIG without zlib. */
Stream *deflate_stream(Stream *lower, Bytes early);
