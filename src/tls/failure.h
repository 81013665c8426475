/* failure.h: what went wrong, from OpenSSL's queue and the lower stream, in words a person can act
 * on. Private to tls/. */
#pragma once

#include "tls/connection.h"

/* Call right after an SSL_ function that gave `result`, which was not success: says what to do
 * next, drains the error queue, and remembers how the peer closed. EOF is for readers: an end
 * without close_notify counts as one (see tls_how_closed). */
StreamStatus tls_settle(TlsConnection *c, int result, GError **error);

/* OpenSSL's words for the reason of an error of its queue, static; NULL when it has none, or there
 * is no error. */
const char *tls_reason(unsigned long code);
