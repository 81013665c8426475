/* ask.h: the single steps of asking, for closing.c. Private to audit/. */
#pragma once

#include "audit/prober.h"

/* One hello over one connection, and its answer judged; the connection stays. Suspends. */
void ask_once(Prober *p, const GByteArray *hello, Asked *asked);
/* The same over a connection whose place was reserved (prober_reserve()). Suspends. */
void ask_once_reserved(Prober *p, const GByteArray *hello, Asked *asked);
/* Ends the connection, if there is one: as TLS has it, in the clear. Suspends. */
void ask_leave(Asked *asked);
/* Does a hello that was answered before get no answer now? Then it is the connections that the
 * server has enough of. Suspends. */
bool ask_is_tired(Prober *p);
/* Is the connection open on the server's side too? Through a hop nobody can tell: no. */
bool ask_is_open(const Asked *asked);
/* Nothing came before the connection ended, or the time did. */
bool asked_nothing(const Asked *asked);
/* ... and the server had read our hello, and closed in good order. */
bool asked_closed(const Asked *asked);
