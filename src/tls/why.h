/* why.h: why a peer could not be verified, in words a person can act on. Private to tls/. */
#pragma once

#include "tls/connection.h"
#include "tls/peer.h"

/* Several lines without a line end after the last. `peer` has the chain as sent. The caller frees
 * it. */
char *tls_why_not(const TlsConnection *c, const TlsPeer *peer);
