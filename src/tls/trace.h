/* trace.h: handshake messages as lines for --trace=tls. Private to tls/. */
#pragma once

#include <openssl/ssl.h>

/* OpenSSL's message callback; `argument` is the TlsConnection. Counts KeyUpdates, and writes lines
 * where the plan wants them. */
void tls_trace_message(int sent, int version, int type, const void *data, size_t len, SSL *ssl,
                       void *argument);
