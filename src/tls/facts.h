/* facts.h: gathers what was agreed, from an SSL. Private to tls/. */
#pragma once

#include "tls/connection.h"
#include "tls/peer.h"

/* The caller owns it. After a failed handshake it holds what is known so far. Verdict and words are
 * in it for clients. */
TlsPeer *tls_facts_gather(TlsConnection *c);
