/* probe_dane.h: what TLSA records say about a service (RFC 6698, 7671, 7672). */
#pragma once

#include "audit/prober.h"

/* The look-up alone, once. No connection to the service. Suspends. */
void dane_look_up_records(Prober *p);
/* Are there records that a sender would go by: validated, and any at all? */
bool dane_counts(const DaneFacts *dane);
/* The verdict of a handshake that was verified by DANE. */
void dane_take_verdict(Facts *facts, const TlsPeer *peer);

/* Looks the records up, tells which certificate each is about, and, when they count, asks OpenSSL
 * for its verdict over a connection of its own: at most 1. After probe_session(), whose chain it
 * looks at. Suspends. */
void probe_dane(Prober *p);

/* The certificates of a PEM file, in its order, of TlsCertificate. Fails with NO_INPUT, or DATA
 * when there is none in it. The caller frees the array. */
GPtrArray *dane_read_chain(const char *file, GError **error);
