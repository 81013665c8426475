/* connection.h: what one TLS stream consists of, and the order in which the files of tls/ work on
 * it.
 *
 *     engine.c    makes a TlsConnection, runs the handshake, decides
 *     parameters.c, dane.c, identity.c   turn the plan into settings of the SSL
 *     bio.c       lets OpenSSL read and write the lower stream
 *     trust.c     records what verification finds; why.c puts it into words
 *     peer.c      gathers the facts
 *     stream.c    is the stream afterwards
 *
 * Private to tls/. */
#pragma once

#include <openssl/ssl.h>

#include "tls/engine.h"
#include "tls/identity.h"
#include "tls/trust.h"

/* How much of what the other side says first is kept for messages ("it said ..."). */
#define TLS_FIRST_BYTES 256

/* What only the handshake needs: given back when it is over, because a session lives long. */
typedef struct {
    uint8_t first[TLS_FIRST_BYTES]; /* what the other side said first, encrypted or not */
    size_t first_len;
    gint64 started_us;
} TlsHandshake;

typedef struct {
    Stream stream; /* first: a TlsConnection is a Stream */
    SSL *ssl;
    const TlsPlan *plan;     /* NULL on the server's side */
    char *host;              /* the other side's name; "the client" on the server's side */
    TlsHandshake *handshake; /* NULL once it is over */
    TlsIdentity *identity;   /* our certificate, or NULL */
    TlsTrustRecord trust;
    bool trusted; /* the verdict, kept when `trust` is given back */
    bool identity_asked;
    bool identity_sent;
    GError *lower_error; /* what the lower stream failed with, until it is told */
    bool lower_eof;
    bool lower_moved; /* the lower stream gave bytes since this was last set to false */
    GError *broken;   /* what ended this connection: told again on every later try */
    TlsClose closed;
    unsigned quick_acks;  /* how many more times an immediate ACK is asked for */
    unsigned key_updates; /* KeyUpdate messages the peer has sent */
    SSL_SESSION *session; /* the newest the server gave; owned */
} TlsConnection;

/* Makes the stream around an SSL (taken) over `lower` (taken). stream.c. */
TlsConnection *tls_connection_new(SSL *ssl, Stream *lower, const char *host);
/* The connection behind an SSL, as the callbacks find it. */
TlsConnection *tls_connection_of(const SSL *ssl);

/* The handshake is over: what a stream of TLS wants from its socket. stream.c. */
void tls_stream_opened(TlsConnection *c);

/* Runs the handshake until it is over or has failed. Suspends. engine.c. */
bool tls_handshake(TlsConnection *c, Deadline deadline, GError **error);
