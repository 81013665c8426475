/* dane.h: TLSA records of a plan, given to OpenSSL. Private to tls/. */
#pragma once

#include <openssl/ssl.h>

#include "tls/plan.h"

/* Turns DANE on for an SSL; *ret_usable counts the records OpenSSL can use. Fails only for a name
 * that is none. */
bool tls_dane_apply(SSL *ssl, const TlsPlan *plan, const char *host, size_t *ret_usable,
                    GError **error);
/* "TLSA 3 1 1 0a1b..." for the record that matched, else NULL. The caller frees it. */
char *tls_dane_matched(SSL *ssl);
/* "3 1 1 0a1b...": a record in the form of a zone file, its data cut at max_hex digits (0: whole).
 * The caller frees it. */
char *tlsa_record_text(const TlsaRecord *record, size_t max_hex);
