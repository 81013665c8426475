/* rdata.h: the data of DNS records, as libunbound hands it out (wire form, names uncompressed).
 * Pure; a fuzz target. */
#pragma once

#include "base/bytes.h"

/* A domain name in wire form at the front of *rest, taken off it: "mail.example.org", without a
 * last dot; "." for the root. Octets that are no printable ASCII, dots and backslashes within a
 * label are escaped as in zone files (RFC 1035 5.1). NULL when it is none. The caller frees it. */
char *rdata_name(Bytes *rest);

typedef struct {
    uint16_t preference;
    char *host; /* "." says: this domain takes no mail (RFC 7505) */
} RdataMx;

typedef struct {
    uint16_t priority, weight, port;
    char *host; /* "." says: there is no such service here (RFC 2782) */
} RdataSrv;

/* False when the record is malformed; else the host is the caller's. */
bool rdata_mx(Bytes rdata, RdataMx *ret);
bool rdata_srv(Bytes rdata, RdataSrv *ret);

/* The strings of a TXT record, joined without anything between, as SPF and its kin want it (RFC
 * 7208 3.3). NULL when it is malformed. The caller frees it. */
GString *rdata_txt(Bytes rdata);
