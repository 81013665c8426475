/* pins.h: SHA-256 pins of the leaf: the certificate's, or its SubjectPublicKeyInfo's. Private to
 * tls/. */
#pragma once

#include <openssl/x509.h>

#include "tls/plan.h"

void tls_pin_of_certificate(const X509 *certificate, uint8_t ret[32]);
void tls_pin_of_key(const X509 *certificate, uint8_t ret[32]);
/* "sha256:HEX", as --pin takes it. The caller frees it. */
char *tls_pin_text(const uint8_t pin[32]);
/* "public key sha256:..." or "certificate sha256:..." for the first pin that matches, else NULL.
 * The caller frees it. */
char *tls_pins_match(const char *const *pins, const X509 *certificate);
