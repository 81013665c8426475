/* context.h: the SSL_CTX all clients of the process share. Private to tls/.
 *
 * Making one costs 0.2 ms and much memory; everything a plan demands is set on the single SSL
 * instead. */
#pragma once

#include <openssl/ssl.h>

/* Made on the first call; lives as long as the process. Never NULL. */
SSL_CTX *tls_client_context(void);
