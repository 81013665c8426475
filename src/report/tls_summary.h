/* tls_summary.h: a TlsPeer for people and for programs. The strings are the caller's, safe for a
 * terminal. Pure but for the clock: how many days a certificate has left depends on today. */
#pragma once

#include "tls/peer.h"

/* One line: "TLS 1.3, TLS_AES_256_GCM_SHA384, X25519, verified by PKIX as mail.example.org,
 * certificate until 2027-01-01". */
char *tls_summary_line(const TlsPeer *peer);
/* As much as s_client and gnutls-cli print, several lines: /tls. */
char *tls_summary_connection(const TlsPeer *peer);
/* Every certificate of the chain: /cert. With PEM when pem. */
char *tls_summary_chain(const TlsPeer *peer, bool pem);
/* Everything as one JSON object, indented: /tls --json. docs/tls-json.md says what is in it. */
char *tls_summary_json(const TlsPeer *peer);
