/* engine.h: OpenSSL made into streams. What is demanded is in plan.h, what came of it in peer.h.
 *
 * A TLS stream is laid over any other and owns it. OpenSSL's error queue is cleared before and
 * drained after each call, and nothing waits in between. */
#pragma once

#include "io/stream.h"
#include "tls/peer.h"
#include "tls/plan.h"

/* The client's side. Takes `lower` (also on failure). `host` is the reference identity: a DNS name
 * (A-label) or an address. On failure after a certificate was seen *ret_peer is set all the same,
 * so that it can be shown; the caller owns it. A peer that cannot be verified fails with INSECURE
 * unless the plan is no_verify or OPPORTUNISTIC: the handshake is finished, to know the facts, but
 * nothing is sent in the session, our client certificate neither; the message holds why_not. The
 * plan must outlive the stream. May ask for a passphrase. Suspends. */
Stream *tls_client(Stream *lower, const TlsPlan *plan, const char *host, TlsPeer **ret_peer,
                   Deadline deadline, GError **error);

/* How OpenSSL begins and ends in this program. To be called before anything else of OpenSSL is, by
 * main(): no words of errors are loaded (base/openssl_words.h), and nothing is freed when the
 * process ends (sessions and keys are, and wiped, by those who own them): each would be a twentieth
 * of a short run. */
void tls_begin(void);

/* Makes what the first session of the process needs, which takes milliseconds: for io_meanwhile().
 * tls_client() does it otherwise. */
void tls_prepare(void);

/* Is this stream TLS? NULL is not. */
bool tls_is(const Stream *s);

/* RFC 9266 "tls-exporter" (1.3, and 1.2 with extended master secret), RFC 5929
 * "tls-server-end-point", "tls-unique" (below 1.3 only; not on a session that was resumed without
 * extended master secret). NULL when this connection has none of that kind. */
GByteArray *tls_channel_binding(Stream *s, const char *type);

/* TLS 1.3 KeyUpdate in both directions: ours at once, the peer's, as RFC 8446 section 4.6.3 has it,
 * at the latest before its next bytes. Fails with USAGE below 1.3. Suspends. */
bool tls_rekey(Stream *s, Deadline deadline, GError **error);

/* Asks for a new handshake inside a session below TLS 1.3, as only an audit does: true when the
 * server agreed to it. Its certificate is not verified again, so that nothing is to be sent
 * afterwards. False with the server's refusal: an alert, or closing; TIMEOUT when it said nothing;
 * USAGE in TLS 1.3. Suspends. */
bool tls_renegotiate(Stream *s, Deadline deadline, GError **error);

/* The session to resume later (TlsPlan.resume), with the same host only; NULL when the server gave
 * none yet. Tickets that have arrived are taken in; no byte of the conversation is lost. A resumed
 * session's certificate is verified anew, against the plan it is resumed under. */
TlsSession *tls_session_take(Stream *s);
void tls_session_free(TlsSession *session);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TlsSession, tls_session_free)

/* What the server said about a session. */
typedef struct {
    TlsVersion version;
    bool ticket;             /* it is in a ticket; else the server keeps it, by its id */
    int64_t lifetime;        /* of the ticket, seconds; -1: not told */
    uint32_t max_early_data; /* octets of 0-RTT data it would take (TLS 1.3); 0: none */
} TlsSessionFacts;
TlsSessionFacts tls_session_facts(const TlsSession *session);
/* The ticket as the server gave it, empty when there is none; borrowed. And IANA's number of the
 * suite. */
Bytes tls_session_ticket(const TlsSession *session);
uint16_t tls_session_suite(const TlsSession *session);

typedef enum { TLS_CLOSE_OPEN, TLS_CLOSE_NOTIFY, TLS_CLOSE_TRUNCATED, TLS_CLOSE_ALERT } TlsClose;
/* How the peer ended its side, as far as we have read. */
TlsClose tls_how_closed(const Stream *s);

/* The server's side, for `serve` and tests. */
typedef struct TlsServer TlsServer;
typedef struct {
    const char *cert_file, *key_file; /* PEM */
    const char *chain;                /* PEM text instead of cert_file */
    const Secret *key;                /* and its key */
    TlsVersion min, max;
    const char *ciphers, *groups; /* as in TlsPlan; NULL: OpenSSL's own */
    const char *client_ca_file;   /* asks for client certificates when set */
    const char *client_ca;        /* PEM text instead */
    GBytes *ocsp;                 /* DER: stapled when a client asks; kept by reference */
    const char *const *alpn;      /* what is agreed to, most wanted first; NULL: nothing is said */
    bool weak; /* lets keys, digests and suites through that OpenSSL calls too weak */
} TlsServerPlan;
TlsServer *tls_server_new(const TlsServerPlan *plan, GError **error);
void tls_server_free(TlsServer *server);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TlsServer, tls_server_free)
/* Who the client's certificate is for (its subject's common name, or its first address), when it
 * was asked for, shown and verified; else NULL. The caller frees it. */
char *tls_server_client_name(Stream *s);
/* "TLSv1.3 TLS_AES_256_GCM_SHA384", for logs. The caller frees it; NULL when it is not TLS. */
char *tls_session_words(const Stream *s);
/* Takes `lower`. Suspends. */
Stream *tls_server_accept(TlsServer *server, Stream *lower, Deadline deadline, GError **error);
