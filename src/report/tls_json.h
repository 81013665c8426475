/* tls_json.h: what was agreed as jansson's values, for those in report/ who put it into something
 * larger. The caller owns what comes back. */
#pragma once

#include <jansson.h>

#include "tls/peer.h"

/* docs/tls-json.md */
json_t *tls_json_peer(const TlsPeer *peer);
/* One of its `chain`. */
json_t *tls_json_certificate(const TlsCertificate *certificate);
