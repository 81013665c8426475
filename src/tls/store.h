/* store.h: whom a plan trusts: the system's store, or what --ca-file and --ca-path name. Private to
 * tls/. */
#pragma once

#include <openssl/x509.h>

#include "tls/plan.h"

/* Do the files of the plan look as if they had certificates? NO_INPUT, CONFIG. */
bool tls_store_check(const TlsPlan *plan, GError **error);
/* A reference for the caller. Stores are kept, so that a thousand sessions read a file once: when a
 * certificate is first looked for. NO_INPUT, CONFIG. */
X509_STORE *tls_store_for(const TlsPlan *plan, GError **error);
/* To be asked when a certificate was not found: was there anything wrong with the plan's file?
 * NO_INPUT, CONFIG. */
bool tls_store_was_read(const TlsPlan *plan, GError **error);
/* Where the store looks, in words: "/etc/ssl/certs", "ca.pem". The caller frees it. */
char *tls_store_words(const TlsPlan *plan);
/* Is there a system's trust store at all? */
bool tls_store_system_exists(void);
