/* cert_names.h: does a certificate bear a name? Pure (RFC 9525 6). */
#pragma once

#include "tls/peer.h"

/* A host name (A-labels) or an address. dNSName and iPAddress entries count; the common name only
 * where there are none of either. "*" stands for one whole leftmost label. */
bool cert_bears_name(const TlsCertificate *certificate, const char *host);
/* The names it bears, at most `max`, then "and N more". The caller frees it. */
char *cert_names_text(const TlsCertificate *certificate, guint max);
