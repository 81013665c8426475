/* session.h: sessions to resume. Private to tls/. */
#pragma once

#include "tls/connection.h"

/* OpenSSL's callback: a session (TLS 1.3: a ticket) has come. Returns 1: kept. */
int tls_session_arrived(SSL *ssl, SSL_SESSION *session);
/* Offers the plan's session, if it belongs to this host. */
void tls_session_offer(TlsConnection *c);
