/* identity.h: our own certificate and key: PEM with or without a passphrase, PKCS#12. Private to
 * tls/. */
#pragma once

#include <openssl/ssl.h>

#include "tls/plan.h"

typedef struct TlsIdentity TlsIdentity;

/* Are the files there, of a kind that can be read, and not pkcs11:? No passphrase is asked for.
 * USAGE, NO_INPUT, CONFIG. */
bool tls_identity_check(const TlsPlan *plan, GError **error);
/* Reads the plan's identity, asking for the passphrase where one is needed. The last one read is
 * kept, so that a passphrase is asked for once. NULL without error: the plan has none. The caller
 * drops the reference. May wait (the question). */
TlsIdentity *tls_identity_load(const TlsPlan *plan, GError **error);
void tls_identity_unref(TlsIdentity *identity);
/* Gives it to an SSL. */
bool tls_identity_apply(const TlsIdentity *identity, SSL *ssl);
/* The subject of its certificate, escaped. The caller frees it. */
char *tls_identity_subject(const TlsIdentity *identity);
