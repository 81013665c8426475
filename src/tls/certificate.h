/* certificate.h: OpenSSL's certificate as plain facts. Private to tls/. */
#pragma once

#include <openssl/x509.h>

#include "tls/peer.h"

/* The caller frees it. Never NULL. */
TlsCertificate *tls_certificate_of(X509 *certificate);
/* RFC 2253 order, UTF-8, escaped for a terminal. The caller frees it. */
char *tls_name_text(const X509_NAME *name);
/* Seconds since the epoch; 0 when it is no time. */
gint64 tls_time_seconds(const ASN1_TIME *time);
