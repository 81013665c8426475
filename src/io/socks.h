/* socks.h: the client's side of SOCKS5 (RFC 1928), without authentication or with user name and
 * password (RFC 1929). */
#pragma once

#include "base/secret.h"
#include "io/stream.h"

/* Asks the proxy at the other end of s to connect to host:port; the name is resolved there. On
 * success s is a pipe to it. user may be NULL. UNAVAILABLE with the proxy's reason, AUTH, PROTOCOL.
 * Suspends. */
bool socks5_connect(Stream *s, const char *host, uint16_t port, const char *user,
                    const Secret *password, Deadline deadline, GError **error);
