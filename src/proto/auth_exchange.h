/* auth_exchange.h: authentication on a session: what may be chosen, and the SASL exchange, once for
 * all protocols. What differs between protocols is the AuthFraming of the row. session_auth() of
 * session.h is in auth_exchange.c. */
#pragma once

#include "proto/session.h"

/* One exchange with one mechanism of the table. Suspends. */
bool auth_exchange(Session *s, const char *mechanism, GError **error);
/* The server refused: TEMPFAIL or AUTH with its words, and what may be the matter. `hint` may be
 * NULL. */
bool auth_refused(Session *s, const char *way, bool temporary, const char *hint, GError **error);
