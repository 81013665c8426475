/* bio.h: the lower stream as OpenSSL's source and sink. Private to tls/. */
#pragma once

#include <openssl/bio.h>

#include "tls/connection.h"

/* A BIO over c->stream.lower; never waits. c must outlive it. The caller owns it. */
BIO *tls_bio_new(TlsConnection *c);
