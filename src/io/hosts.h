/* hosts.h: what hosts(5) says about a name. */
#pragma once

#include "base/bytes.h"

/* Adds to `addresses` (of DnsAddress) those of the family that the text gives the host, in its
 * order. True when the name is there at all, in whatever family. *ret_canonical, if wanted, is the
 * first name on its first line; the caller frees it. */
bool hosts_find(Bytes text, const char *host, int family, GArray *addresses, char **ret_canonical);
