/* ccache.h: just enough of a Kerberos credentials cache file (MIT's formats 3 and 4) to see whether
 * a ticket is in it. Pure. */
#pragma once

#include "base/bytes.h"

/* Does the file's contents hold a ticket for the realm's own service (krbtgt) or another one, not
 * yet expired at `now` (seconds since the epoch)? */
bool ccache_has_ticket(Bytes file, int64_t now);
