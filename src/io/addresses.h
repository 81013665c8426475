/* addresses.h: address literals, and which order addresses are tried in. No I/O. */
#pragma once

#include "io/dns.h"

/* "192.0.2.1", "2001:db8::1" (with or without brackets), "fe80::1%eth0". Every byte of *ret that
 * means nothing is zero, so that two may be compared with memcmp. */
bool address_parse(const char *text, DnsAddress *ret);
/* From the rdata of an A or AAAA record; false when it has another length. */
bool address_from_rdata(int family, Bytes rdata, DnsAddress *ret);
bool address_is_loopback(const struct sockaddr *address);

/* Takes turns between the families, IPv6 first, keeping the order within each (RFC 8305 section 4).
 */
GArray *addresses_interleave(const GArray *six, const GArray *four);
