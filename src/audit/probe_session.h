/* probe_session.h: the probes that talk with a service as its users do. Each takes its connections
 * from the Prober, ends them politely, and leaves unknown, with a reason, what it could not learn.
 * Nobody's name or password is ever sent, and no mail. */
#pragma once

#include "audit/prober.h"

/* 1 or 2 connections: greeting, capabilities before and inside TLS, the peer, response injection;
 * once more down to TLS 1.0 if nothing newer is spoken. With `full` it is left in p->farewell, to
 * be hung up beside what comes next. Suspends. */
void probe_session(Prober *p);
/* 1 connection, if that gave a session to take up again: does it? By the way it is verified by
 * DANE, where that is published. Suspends. */
void probe_resumption(Prober *p);
/* 1 or 2 connections, where TLS is not there from the start: what may be done without it (login,
 * MAIL FROM), and whether a command in the clear behind STARTTLS is executed inside TLS. Suspends.
 */
void probe_cleartext(Prober *p);
/* 1 or 2 connections in TLS 1.2 or older: whether the client may ask for a new handshake, and
 * resumption by session id; that with `full` only where tickets do. Suspends. */
void probe_resumption_id(Prober *p);
/* The part of probe_cleartext() that is about the request for TLS (CVE-2011-0411), over a session
 * that has its capabilities and no TLS. What remains of it is only to be closed. Suspends. */
void probe_command_injection(Prober *p, Session *s);
