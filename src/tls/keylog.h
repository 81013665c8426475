/* keylog.h: SSLKEYLOGFILE. Private to tls/. */
#pragma once

#include <openssl/ssl.h>

#include "tls/plan.h"

/* Can the plan's file be appended to? CANT_CREATE. */
bool tls_keylog_check(const TlsPlan *plan, GError **error);
/* OpenSSL's callback: appends one line to the plan's file, if it names one. */
void tls_keylog_write(const SSL *ssl, const char *line);
