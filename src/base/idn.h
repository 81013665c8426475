/* idn.h: international domain names (IDNA 2008, RFC 5891) by libidn2. The only place that includes
 * it. */
#pragma once

#include <glib.h>

/* The A-label form of a host name ("bücher.example" -> "xn--bcher-kva.example"); an ASCII name and
 * an address literal come back unchanged (lower case). The caller frees it. Fails with USAGE; with
 * CONFIG when there is no libidn2 to map a name. */
char *idn_to_ascii(const char *host, GError **error);
