/* parameters.h: versions, ciphers, groups and ALPN of a plan, set on an SSL. Private to tls/. */
#pragma once

#include <openssl/ssl.h>

#include "tls/plan.h"

/* Fails with USAGE, naming what is not known. */
bool tls_apply_parameters(SSL *ssl, const TlsPlan *plan, GError **error);
/* The least and most the plan allows, ANY resolved. */
TlsVersion tls_plan_min(const TlsPlan *plan);
TlsVersion tls_plan_max(const TlsPlan *plan);

/* Sorts a list ("A:B,C D") into the TLS 1.3 suites and the rest; IANA names of older ciphers become
 * OpenSSL's. Pure. */
void tls_sort_ciphers(const char *list, GString *old, GString *tls13);
